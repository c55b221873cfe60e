"""Prompts that begin like recent ones: the same bytes, cold or warm; the cache keeps to its bound."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.inference import Engine, Model
from clova_jax.inference.prefix_cache import BLOCK, BlockPrefill, PrefixCache
from clova_jax.inference.slots import Slots
from clova_jax.model import init_params

OPTIONS = {"temperature": 1.0, "max_new_tokens": 12, "seed": 5, "logprobs": 3}


@pytest.fixture(scope="module")
def long_model(model):
    config = ModelConfig(num_layers=2, embed_dim=32, num_heads=2, vocab_size=257, max_length=640)
    params = init_params(config, 0)
    params = params | {"embedding": model.params["embedding"], "blocks": model.params["blocks"]}
    return Model(config, params, model.tokenizer, dtype=jnp.float32)


def ids_of(length, seed=0):
    return np.random.default_rng(seed).integers(0, 256, length).tolist()


def test_cold_and_warm_answers_are_the_same_bytes(long_model):
    shared = ids_of(4 * BLOCK)
    prompts = [shared + ids_of(n, n) for n in (1, 2, 50, 127)] + [
        shared[:BLOCK],
        shared[: BLOCK + 1],
    ]
    cold = []
    for prompt in prompts:
        with Engine(long_model, slots=2, cache_bytes=0) as engine:
            cold.append(engine.submit(prompt, **OPTIONS).result())
            assert len(engine.cache) == 0
    with Engine(long_model, slots=2) as engine:
        for _ in range(2):
            warm = [engine.submit(prompt, **OPTIONS) for prompt in prompts]
            assert [request.result() for request in warm] == cold
        assert len(engine.cache) == 4  # of the shared text; what follows fills no block


def test_blocks_are_computed_once_and_equal_one_pass(long_model):
    cache = PrefixCache(1 << 24)
    prefill = BlockPrefill(long_model, 640, cache)
    prompt = ids_of(2 * BLOCK + 10)
    prefill.begin(prompt)
    steps = 1
    while not prefill.step():
        steps += 1
    assert steps == 3
    row = prefill.prefilled()
    prefill.begin(prompt)
    assert prefill.step()  # both blocks are copied, the rest is computed
    again = prefill.prefilled()
    count = len(prompt) - 1
    assert int(row.lengths[0]) == count
    assert jnp.array_equal(row.keys[:, :, :count], again.keys[:, :, :count])
    slots = Slots(long_model, 1, 640)
    slots.admit([_text(long_model, prompt)])
    one = slots.state.cache.keys[1][0, :, :count]
    assert np.allclose(one.swapaxes(0, 1), row.keys[1, 0, :count], atol=1e-4)


def _text(model, prompt):
    from clova_jax.inference.completion import make_sampling, start
    from clova_jax.inference.sampling import seed_key

    return start(model, prompt, make_sampling({"max_new_tokens": 5}), seed_key(0), 640, "prompt")


def test_the_cache_keeps_to_its_bytes_and_drops_the_least_recently_used():
    block = (np.zeros(100, np.float32), np.zeros(100, np.float32))
    cache = PrefixCache(2_000)
    for name in (b"a", b"b"):
        cache.put(name, block)
    assert cache.get(b"a") is not None
    cache.put(b"c", block)
    assert (cache.get(b"b"), len(cache), cache.used) == (None, 2, 1_600)
    cache.put(b"d", (np.zeros(1_000, np.float32),))  # larger than all of it
    assert (len(cache), cache.used) == (2, 1_600)
    cache.clear()
    assert (len(cache), cache.used) == (0, 0)


def test_a_bias_decides_and_the_end_is_among_the_logprobs(long_model):
    with Engine(long_model, slots=2, size=128) as engine:
        always = engine.submit("a", logit_bias={65: 1e6}, max_new_tokens=5, temperature=1.0)
        assert always.result().text == "AAAAA"
        end = long_model.tokenizer.end_of_text
        done = engine.submit("a", logit_bias={end: 1e6}, max_new_tokens=5, logprobs=2).result()
        assert (done.text, done.ids, done.finish) == ("", [], "end")
        assert len(done.logprobs) == len(done.top) == 1
        plain = engine.submit("a", max_new_tokens=5, temperature=0, logprobs=0).result()
        assert len(plain.logprobs) == 5
        with pytest.raises(Exception, match=r"logit_bias: id 257 is outside 0\.\.256"):
            engine.submit("a", logit_bias={257: 1})


def test_other_virtual_tokens_come_into_use_between_requests(long_model):
    first = long_model.first_virtual
    vectors = np.random.default_rng(0).standard_normal((8, 32)).astype(np.float32)
    prompt = [first, first + 1, 65, 66]
    with Engine(
        long_model.with_virtual(np.zeros((8, 32), np.float32)), slots=2, size=128
    ) as engine:
        before = engine.submit(prompt, **OPTIONS).result()
        engine.use(long_model.with_virtual(vectors)).result()
        after = engine.submit(prompt, **OPTIONS).result()
    assert dataclasses.astuple(before) != dataclasses.astuple(after)
    with Engine(long_model.with_virtual(vectors), slots=2, size=128) as engine:
        assert engine.submit(prompt, **OPTIONS).result() == after


def test_a_second_prompt_of_a_shape_compiles_nothing(long_model, caplog):
    with Engine(long_model, slots=2, size=200, cache_bytes=0) as engine:  # shapes of its own
        engine.submit(ids_of(20), **OPTIONS).result()
        jax.config.update("jax_log_compiles", True)  # of all threads, the engine's too
        try:
            engine.submit(ids_of(21, 1), **OPTIONS).result()
            assert not [line for line in caplog.messages if "compil" in line.lower()]
            engine.submit(ids_of(60), **OPTIONS).result()  # another shape: it would be seen
            assert any("compil" in line.lower() for line in caplog.messages)
        finally:
            jax.config.update("jax_log_compiles", False)
