"""The two decoders give the same scores, token by token, with a shared prefix and rows that end."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.inference import Model
from clova_jax.inference.decoders import LayeredDecoder, StackedDecoder, Weights
from clova_jax.inference.decoders.layered import LARGE, Blocks, _attend
from clova_jax.model import Cache, Decoder, bind, causal_mask, self_attention
from tests.worlds.models import make_lm

ROWS, STEPS = 3, 6


@pytest.fixture(scope="module")
def wide():
    """A model with kernels on either side of the limit from which on they are stored transposed."""
    return make_lm(max_length=160, noise=0.02, shape=(1, 256, 4))


def decoders(model):
    weights = Weights.of(model.params, model.config.vocab_size)
    return {
        "layered": LayeredDecoder(model.params, weights, model.config, model.dtype),
        "stacked": StackedDecoder(model.params, model.config, model.dtype),
    }


@functools.partial(jax.jit, static_argnames=("size", "apart"))
def run(decoder, prompts, lengths, prefix, tokens, active, size, apart):
    """Scores [STEPS,B,V] of given tokens, in two loops of half the steps each."""
    valid = (jnp.arange(prompts.shape[1]) < lengths[:, None]).astype(jnp.int32)
    fresh = Cache.empty(decoder.config, ROWS, 0, decoder.dtype, prefix)
    prefilled = bind(decoder.config, decoder.params)(prompts, segment_ids=valid, cache=fresh)[1]
    cache = decoder.stored.empty(decoder.config, ROWS, size, decoder.dtype)
    cache = cache.put(jnp.arange(ROWS), prefilled)
    scores = []
    for start in (0, STEPS // 2):
        carried = decoder.begin(cache, STEPS // 2)
        for step in range(start, start + STEPS // 2):
            now = (tokens[step], cache, carried, prefix, active[step])
            hidden, carried = decoder.step(*now, apart=apart)
            scores.append(decoder.scores(hidden))
        cache = decoder.finish(cache, carried)
    return jnp.stack(scores), cache.lengths


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("shared", "size", "lengths"),
    [(False, 150, (144, 3, 128)), (True, 24, (8, 3, 5))],  # of several blocks, and of less than one
)
def test_both_give_the_same_scores(model, shared, size, lengths, apart):
    check_scores(model, shared, size, lengths, apart)


def test_both_give_the_same_scores_with_large_kernels(wide):
    (kernels,) = Weights.of(wide.params, wide.config.vocab_size).layers
    sizes = [kernels[name]["kernel"].size >= LARGE for name in ("qkv", "out", "up", "down")]
    assert sizes == [False, False, True, True]
    check_scores(wide, False, 24, (8, 3, 5), False)


def check_scores(model, shared, size, lengths, apart):
    rng = np.random.default_rng(0)
    lengths = np.array(lengths, np.int32)
    prompts = rng.integers(0, 256, (ROWS, max(lengths)), dtype=np.int32)
    tokens = rng.integers(0, 256, (STEPS, ROWS), dtype=np.int32)
    active = np.arange(STEPS)[:, None] < np.array([STEPS, 2, 4])  # rows end at their own time
    prefix = None
    if shared:
        text = rng.integers(0, 256, (1, 7), dtype=np.int32)
        empty = Cache.empty(model.config, 1, 0)
        prefix = bind(model.config, model.params)(text, cache=empty)[1].as_prefix()
    found, ends = {}, {}
    for name, decoder in decoders(model).items():
        found[name], ends[name] = run(
            decoder, prompts, lengths, prefix, tokens, active, size, apart
        )
    np.testing.assert_array_equal(ends["layered"], ends["stacked"])
    np.testing.assert_array_equal(ends["layered"], lengths + active.sum(0))
    np.testing.assert_allclose(
        np.where(active[..., None], found["layered"], 0),
        np.where(active[..., None], found["stacked"], 0),
        atol=2e-4,
        rtol=2e-4,
    )


@pytest.mark.parametrize("apart", [False, True])
def test_large_scores_of_bfloat16_keep_their_differences(apart):
    rng = np.random.default_rng(0)
    heads = rng.standard_normal((3, ROWS, 12, 2, 4), dtype=np.float32)
    heads[:2] = 5 + heads[:2] / 5  # a query and a key make a score near 100
    query, key, value = jnp.asarray(heads, jnp.bfloat16)
    wanted = self_attention(query, key, value, causal_mask(12))[:, -1]
    key, value = key.swapaxes(1, 2), value.swapaxes(1, 2)
    lengths, new = jnp.full(ROWS, 7), jnp.full(ROWS, 5)
    blocks = Blocks.of(lengths, lengths > 0, 7) if apart else None
    cached = (key[:, :, :7], value[:, :, :7], lengths)
    found = _attend(query[:, -1], (key[:, :, 7:], value[:, :, 7:], new), cached, blocks, None)
    np.testing.assert_allclose(found.astype(np.float32), wanted.astype(np.float32), atol=0.02)


def test_a_cpu_gets_the_layered_one_for_the_standard_block_alone(model):
    class Mine(Decoder):
        pass

    class MyConfig(type(model.config)):
        decoder = Mine

    assert isinstance(model.cached_decoder, LayeredDecoder)
    mine = Model(MyConfig(**model.config.to_json()), model.params, model.tokenizer)
    assert isinstance(mine.cached_decoder, StackedDecoder)
