"""The decoder against itself by other routes, and against transformers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import (
    Cache,
    abstract_params,
    bind,
    cached_attention,
    causal_mask,
    cross_entropy,
    init_params,
    input_gradients,
    self_attention,
    weighted_loss,
)

CONFIG = ModelConfig(num_layers=2, embed_dim=16, num_heads=2, vocab_size=50, max_length=64)
made = jax.jit(init_params, static_argnums=0)
gradients = jax.jit(functools.partial(input_gradients, config=CONFIG), static_argnames="remat")


@pytest.fixture(scope="module")
def params():
    """Random everywhere, biases and LayerNorms too, so that nothing cancels; as NumPy has it, whose
    operations need no compiling."""
    tree = jax.tree.map(np.asarray, made(CONFIG, 0))
    leaves, structure = jax.tree.flatten(tree)
    rng = np.random.default_rng(0)
    return jax.tree.unflatten(
        structure, [x + 0.2 * rng.standard_normal(x.shape, np.float32) for x in leaves]
    )


def ids_of(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, CONFIG.vocab_size, shape, dtype=np.int32)


@jax.jit
def run(params, ids, **options):
    hidden, cache = bind(CONFIG, params)(ids, **options)
    return bind(CONFIG, params).logits(hidden), cache


def scores(params, ids, **options):
    logits, cache = run(params, ids, **options)
    return np.asarray(logits), cache


def plain(params, ids):
    """float[rows, time, V]: at once and without a cache; padded, for one program for all."""
    padded = np.zeros((3, 16), np.int32)
    padded[: ids.shape[0], : ids.shape[1]] = ids
    return scores(params, padded)[0][: ids.shape[0], : ids.shape[1]]


def close(a, b, tolerance=2e-5):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=tolerance, rtol=tolerance)


def test_parameter_count_is_the_formula():
    assert sum(x.size for x in jax.tree.leaves(abstract_params(CONFIG))) == CONFIG.num_params
    assert jax.tree.map(lambda x: x.shape, made(CONFIG, 3)) == jax.tree.map(
        lambda x: x.shape, abstract_params(CONFIG)
    )


def test_initial_values_follow_the_seed_and_scale():
    config = ModelConfig(num_layers=8, embed_dim=64, num_heads=4, vocab_size=500, max_length=64)
    first, again, other = (jax.tree.map(np.asarray, made(config, seed)) for seed in (1, 1, 2))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        assert (a == b).all()
    assert not (first["embedding"] == other["embedding"]).any()
    assert np.std(first["blocks"]["attn"]["qkv"]["kernel"]) == pytest.approx(0.02, rel=0.03)
    assert np.std(first["blocks"]["mlp"]["down"]["kernel"]) == pytest.approx(0.02 / 4, rel=0.03)
    assert not first["blocks"]["mlp"]["up"]["bias"].any()
    assert (first["ln_f"]["scale"] == 1).all()
    kernels = first["blocks"]["attn"]["qkv"]["kernel"]
    assert not (kernels[0] == kernels[1]).any()


def test_later_tokens_do_not_change_earlier_scores(params):
    ids = ids_of(3, 16)
    changed = ids.copy()
    changed[:, 7:] = (changed[:, 7:] + 1) % CONFIG.vocab_size
    close(scores(params, ids)[0][:, :7], scores(params, changed)[0][:, :7])
    assert not np.allclose(scores(params, ids)[0][:, 7:], scores(params, changed)[0][:, 7:])


def test_embeddings_stand_for_ids(params):
    ids = ids_of(2, 9)
    given, _ = scores(params, None, embeddings=params["embedding"][ids])
    close(given, plain(params, ids))


def test_packed_documents_equal_lone_ones(params):
    first, second = ids_of(1, 5), ids_of(1, 7, seed=2)
    packed = np.concatenate([first, second, np.zeros((1, 4), np.int32)], 1)
    together, _ = scores(
        params,
        packed,
        positions=np.array([[*range(5), *range(7), *range(4)]], np.int32),
        segment_ids=np.array([[1] * 5 + [2] * 7 + [0] * 4], np.int32),
    )
    close(together[:, :5], plain(params, first))
    close(together[:, 5:12], plain(params, second))
    assert np.isfinite(together).all()


@pytest.mark.parametrize("remat", ["full", pytest.param("dots", marks=pytest.mark.slow)])
def test_rematerialisation_changes_nothing(params, remat):
    ids, targets = ids_of(2, 8), ids_of(2, 8, seed=5)
    remade = gradients(params, ids=ids, targets=targets, remat=remat)
    close(remade[1], gradients(params, ids=ids, targets=targets, remat="none")[1])


def test_token_by_token_equals_at_once(params):
    ids = ids_of(3, 10)
    expected = plain(params, ids)
    cache = Cache.empty(CONFIG, 3, 16)
    first, cache = scores(params, ids[:, :4], cache=cache)
    close(first, expected[:, :4])
    for t in range(4, 10):
        one, cache = scores(params, ids[:, t : t + 1], cache=cache)
        close(one[:, 0], expected[:, t])
    assert cache.lengths.tolist() == [10, 10, 10]


def test_rows_of_unequal_length_after_a_shared_prefix(params):
    prefix_ids = ids_of(1, 6, seed=7)
    _, cache = scores(params, prefix_ids, cache=Cache.empty(CONFIG, 1, 8))
    prefix = cache.as_prefix()  # 6 of 8 entries are valid
    rows = [ids_of(1, n, seed=n)[0] for n in (3, 5, 2)]
    padded = np.zeros((3, 5), np.int32)
    valid = np.zeros((3, 5), np.int32)
    for i, row in enumerate(rows):
        padded[i, : len(row)], valid[i, : len(row)] = row, 1
    cache = Cache.empty(CONFIG, 3, 8, prefix=prefix)
    got, cache = scores(params, padded, cache=cache, segment_ids=valid)
    assert cache.lengths.tolist() == [3, 5, 2]
    more = ids_of(3, 2, seed=9)
    got_more, cache = scores(params, more, cache=cache)
    for i, row in enumerate(rows):
        whole = np.concatenate([prefix_ids[0], row, more[i]])[None]
        expected = plain(params, whole)[0]
        close(got[i, : len(row)], expected[6 : 6 + len(row)])
        close(got_more[i], expected[6 + len(row) :])


@pytest.mark.parametrize("size", [0, 8])
def test_a_prefill_is_a_call_without_its_hidden_states(params, size):
    _, before = scores(params, ids_of(1, 6, seed=7), cache=Cache.empty(CONFIG, 1, 8))
    valid = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], np.int32)
    cache = Cache.empty(CONFIG, 2, size, prefix=before.as_prefix())
    ids = ids_of(2, 5)
    _, called = scores(params, ids, cache=cache, segment_ids=valid)

    @jax.jit
    def prefill(params):
        return bind(CONFIG, params).prefill(ids, cache=cache, segment_ids=valid)

    jax.tree.map(close, prefill(params), called)


@pytest.mark.parametrize(
    "before",
    [
        "prefix",
        pytest.param("nothing", marks=pytest.mark.slow),
        pytest.param("prefix and cache", marks=pytest.mark.slow),
    ],
)
def test_hidden_states_at_some_places_are_those_of_a_whole_call(params, before):
    _, read = scores(params, ids_of(1, 6, seed=7), cache=Cache.empty(CONFIG, 1, 8))
    after = None if before == "nothing" else Cache.empty(CONFIG, 2, 8, prefix=read.as_prefix())
    if before == "prefix and cache":
        _, after = scores(params, ids_of(2, 3, seed=8), cache=after)
    ids, segments = ids_of(2, 6), np.array([[1, 1, 1, 1, 1, 1], [1, 1, 2, 2, 0, 0]], np.int32)
    at = np.array([[5, 0], [3, 1]], np.int32)

    @functools.partial(jax.jit, static_argnames=("at_once", "frozen", "remat"))
    def look(params, embeddings, *, at_once, frozen=True, remat="none"):
        hidden, cache = bind(CONFIG, params)(
            embeddings=embeddings,
            segment_ids=segments,
            cache=after,
            at=None if at_once else at,
            frozen=frozen,
            remat=remat,
        )
        hidden = jnp.take_along_axis(hidden, at[..., None], 1) if at_once else hidden
        return jnp.sum(jnp.sin(hidden)), (hidden, cache)

    pull = jax.value_and_grad(look, (0, 1), has_aux=True)
    embeddings = params["embedding"][ids]
    whole = pull(params, embeddings, at_once=True)
    for options in ({}, {"remat": "dots"}, {"frozen": False}):
        some = pull(params, embeddings, at_once=False, **options)
        assert some[0][1][0].shape == (2, 2, 16)
        jax.tree.map(close, some, whole)


def test_a_cache_of_size_zero_scores_after_a_prefix(params):
    prefix_ids, ids = ids_of(1, 6), ids_of(2, 5, seed=3)
    _, cache = scores(params, prefix_ids, cache=Cache.empty(CONFIG, 1, 8))
    got, _ = scores(params, ids, cache=Cache.empty(CONFIG, 2, 0, prefix=cache.as_prefix()))
    whole = np.concatenate([np.repeat(prefix_ids, 2, 0), ids], 1)
    close(got, plain(params, whole)[:, 6:])


def test_a_cache_of_size_zero_becomes_what_was_read(params):
    ids, valid = ids_of(2, 5), np.array([[1] * 5, [1] * 3 + [0] * 2])
    _, grown = scores(params, ids, cache=Cache.empty(CONFIG, 2, 0), segment_ids=valid)
    _, filled = scores(params, ids, cache=Cache.empty(CONFIG, 2, 5), segment_ids=valid)
    assert grown.lengths.tolist() == filled.lengths.tolist() == [5, 3]
    assert grown.size == 5
    more = ids_of(2, 1, seed=4)  # no room is left, but the token sees all before it
    close(scores(params, more, cache=grown)[0], scores(params, more, cache=filled)[0])


def test_choices_in_one_row_share_its_cache(params):
    """Segments among the new tokens keep answers apart; all of them see the context."""
    context, one, two = ids_of(1, 6), ids_of(1, 2, seed=3), ids_of(1, 3, seed=4)
    _, cache = scores(params, context, cache=Cache.empty(CONFIG, 1, 8))
    got, _ = scores(
        params,
        np.concatenate([one, two], 1),
        cache=cache,
        positions=np.array([[6, 7, 6, 7, 8]]),
        segment_ids=np.array([[1, 1, 2, 2, 2]]),
    )
    close(got[:, :2], plain(params, np.concatenate([context, one], 1))[:, 6:])
    close(got[:, 2:], plain(params, np.concatenate([context, two], 1))[:, 6:])


def test_branches_of_a_row_see_what_they_continue_and_themselves(params):
    context, one, two = ids_of(1, 6), ids_of(1, 2, seed=3), ids_of(1, 3, seed=4)
    other = ids_of(1, 4, seed=5)
    got, _ = scores(
        params,
        np.concatenate([context, one, two, other], 1),
        positions=np.array([[*range(6), 6, 7, 6, 7, 8, *range(4)]]),
        segment_ids=np.array([[1] * 11 + [2] * 4]),
        branch_ids=np.array([[0] * 6 + [1] * 2 + [2] * 3 + [0] * 4]),
    )
    close(got[:, :8], plain(params, np.concatenate([context, one], 1)))
    close(got[:, 8:11], plain(params, np.concatenate([context, two], 1))[:, 6:])
    close(got[:, 11:], plain(params, other))


def test_entries_beyond_the_cache_are_dropped_not_written_over(params):
    _, cache = scores(params, ids_of(1, 6), cache=Cache.empty(CONFIG, 1, 8))
    before = np.asarray(cache.keys)[:, :, :6]
    _, cache = scores(params, ids_of(1, 6, seed=2), cache=cache)
    assert (np.asarray(cache.keys)[:, :, :6] == before).all()


def test_bfloat16_compute_stays_near(params):
    ids = ids_of(2, 12)

    @jax.jit
    def in_bfloat16(params, ids):
        hidden, _ = bind(CONFIG, params)(ids, dtype=jnp.bfloat16)
        return hidden, bind(CONFIG, params).logits(hidden)

    hidden, rough = in_bfloat16(params, ids)
    assert hidden.dtype == jnp.bfloat16
    assert rough.dtype == jnp.float32
    close(rough, plain(params, ids), 0.15)


def reference_nll(params, hidden, targets):
    table = bind(CONFIG, params).logits(hidden)
    return -jnp.take_along_axis(jax.nn.log_softmax(table), targets[..., None], -1)[..., 0]


@pytest.mark.parametrize("entries", [1 << 24, 50, pytest.param(300, marks=pytest.mark.slow)])
def test_chunked_loss_equals_the_whole(params, monkeypatch, entries):
    monkeypatch.setattr("clova_jax.model.loss.CHUNK_ENTRIES", entries)
    rng = np.random.default_rng(0)
    hidden = jnp.asarray(rng.standard_normal((2, 11, 16), np.float32))
    targets = ids_of(2, 11)
    weights = jnp.asarray(rng.random((2, 11), np.float32))

    def by(nll_of, total=lambda nll, p, h: 3 * jnp.sum(weights * nll)):
        """What it is, with the tokens' losses, and its gradients."""

        def value(params, hidden):
            nll = nll_of(params, hidden)
            return total(nll, params, hidden), nll

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1), has_aux=True))(params, hidden)

    def chunked(p, h):
        return cross_entropy(p, CONFIG, h, targets)

    wanted = by(lambda p, h: reference_nll(p, h, targets))
    jax.tree.map(close, by(chunked), wanted)
    at_once = by(chunked, lambda nll, p, h: 3 * weighted_loss(p, CONFIG, h, targets, weights))
    jax.tree.map(close, at_once, wanted)


def test_padding_of_the_vocabulary_never_counts(params):
    padded = dict(params)
    padded["embedding"] = np.concatenate([params["embedding"], np.full((14, 16), 5, np.float32)])
    targets = ids_of(2, 8, seed=5)
    hidden = np.random.default_rng(0).standard_normal((2, 8, 16), np.float32)

    @jax.jit
    def both(params):
        logits = bind(CONFIG, params).logits(hidden)
        return logits, cross_entropy(params, CONFIG, hidden, targets)

    jax.tree.map(close, both(padded), both(params))
    weights = jnp.ones((2, 8))
    gradient_of = jax.jit(jax.grad(lambda p: weighted_loss(p, CONFIG, hidden, targets, weights)))
    gradient = gradient_of(padded)
    assert not np.asarray(gradient["embedding"])[50:].any()


def test_input_gradients_are_finite_differences(params):
    ids, targets = ids_of(2, 8), ids_of(2, 8, seed=5)
    loss, gradient = gradients(params, ids=ids, targets=targets, remat="none")
    gradient = np.asarray(gradient)
    embeddings = params["embedding"][ids]

    @jax.jit
    def value(embeddings):
        hidden, _ = bind(CONFIG, params)(embeddings=embeddings)
        return jnp.mean(reference_nll(params, hidden, targets))

    assert loss == pytest.approx(float(value(embeddings)), abs=1e-5)
    assert gradient.shape == (2, 8, 16)
    rng = np.random.default_rng(3)
    for _ in range(3):
        way = rng.standard_normal(gradient.shape, np.float32)
        slope = (value(embeddings + 1e-2 * way) - value(embeddings - 1e-2 * way)) / 2e-2
        assert float(slope) == pytest.approx(float(np.sum(gradient * way)), rel=0.02)


def test_mistakes_are_named(params):
    with pytest.raises(ClovaError, match="one of the two"):
        bind(CONFIG, params)()
    with pytest.raises(ClovaError, match="65 tokens.*max_length is 64"):
        bind(CONFIG, params)(ids_of(1, 65))
    with pytest.raises(ClovaError, match="one row"):
        Cache.empty(CONFIG, 2, 4).as_prefix()


def test_attention_in_blocks_equals_the_whole_square_and_its_gradients():
    rng = np.random.default_rng(0)
    query, key, value, out = (
        rng.standard_normal((2, 128, 2, 8), dtype=np.float32) for _ in range(4)
    )
    segments = np.sort(rng.integers(0, 4, (2, 128)), axis=1)
    mask = causal_mask(128, jnp.asarray(segments))

    def whole(query, key, value, mask):
        scores = jnp.einsum("btnh,bsnh->bnts", query, key) / np.sqrt(8)
        weights = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf))
        return jnp.einsum("bnts,bsnh->btnh", weights, value)

    @functools.partial(jax.jit, static_argnums=0)
    def both(attend, *inputs):
        result, back = jax.vjp(lambda *inputs: attend(*inputs, mask), *inputs)
        return result, back(out)

    for a, b in zip(
        jax.tree.leaves(both(self_attention, query, key, value)),
        jax.tree.leaves(both(whole, query, key, value)),
        strict=True,
    ):
        close(a, b)


@pytest.mark.parametrize("shared", [False, True])
def test_large_scores_of_bfloat16_keep_their_differences_behind_a_cache(shared):
    rng = np.random.default_rng(0)
    heads = rng.standard_normal((3, 2, 12, 2, 4), dtype=np.float32)
    heads[:2] = 5 + heads[:2] / 5  # a query and a key make a score near 100
    if shared:
        heads[:, :, :7] = heads[:, :1, :7]
    query, key, value = jnp.asarray(heads, jnp.bfloat16)
    wanted = self_attention(query, key, value, causal_mask(12))[:, 7:]
    empty, lengths = key[:, :0], jnp.full(2, 0 if shared else 7)
    rows = (empty, empty, lengths) if shared else (key[:, :7], value[:, :7], lengths)
    prefix = (key[0, :7], value[0, :7], jnp.int32(7)) if shared else None
    new = (query[:, 7:], key[:, 7:], value[:, 7:])
    close(cached_attention(*new, causal_mask(5), rows, prefix), wanted, 0.02)


def test_a_seed_starts_the_same_whatever_the_default_generator():
    config = ModelConfig(1, 8, 1, vocab_size=16, max_length=8)
    before, found = jax.config.jax_default_prng_impl, []
    try:
        for generator in (before, "rbg"):
            jax.config.update("jax_default_prng_impl", generator)
            start = jax.jit(lambda: init_params(config, 7))  # traced anew for each
            found.append(np.asarray(start()["embedding"]))
    finally:
        jax.config.update("jax_default_prng_impl", before)
    np.testing.assert_array_equal(*found)
