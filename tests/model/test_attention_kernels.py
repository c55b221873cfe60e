"""The fused kernels, in Pallas' interpreter, give the numbers and gradients of attention with a mask; paths are chosen as said."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.model import (
    causal_attention,
    causal_mask,
    choose_path,
    self_attention,
    splash_attention,
    triton_attention,
)
from clova_jax.model.attention_kernels import triton_block
from clova_jax.parallel import make_mesh

KERNELS = {"triton": (triton_attention, 192), "splash": (splash_attention, 384)}  # three blocks


def inputs(time, segments=True, seed=0):
    rng = np.random.default_rng(seed)
    heads = [rng.standard_normal((2, time, 2, 24), np.float32) for _ in range(4)]
    ids = np.sort(rng.integers(0, 5, (2, time)), axis=1).astype(np.int32)
    ids[1, -time // 3 :] = 0  # padding
    return (*heads, ids if segments else None)


def result_and_gradients(attend, query, key, value, out, *rest):
    result, back = jax.vjp(lambda *heads: attend(*heads, *rest), query, key, value)
    return result, back(out)


def masked(query, key, value, segment_ids, causal):
    time = query.shape[1]
    mask = causal_mask(time, segment_ids)
    if not causal:
        mask = segment_ids[:, None, :, None] == segment_ids[:, None, None, :]
    return self_attention(query, key, value, mask, causal)


def assert_same(found, wanted, tolerance=2e-5):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both ways"])
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_with_segments_equal_attention_with_a_mask(name, causal):
    kernel, time = KERNELS[name]
    given = inputs(time)
    found = jax.jit(
        functools.partial(
            result_and_gradients, functools.partial(kernel, causal=causal, interpret=True)
        )
    )(*given)
    wanted = jax.jit(
        functools.partial(result_and_gradients, functools.partial(masked, causal=causal))
    )(*given)
    assert_same(found, wanted)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_inside_shard_map_equal_those_outside(name):
    kernel, time = KERNELS[name]
    *heads, ids = inputs(time)
    mesh = make_mesh((2, 1, 2))
    kernel = functools.partial(kernel, interpret=True)
    of_heads, of_rows = jax.P("data", None, "model"), jax.P("data")
    split = jax.shard_map(
        functools.partial(result_and_gradients, kernel),
        mesh=mesh,
        in_specs=(*[of_heads] * 4, of_rows),
        out_specs=of_heads,
    )
    placed = [jax.device_put(x, jax.NamedSharding(mesh, of_heads)) for x in heads]
    found = jax.jit(split)(*placed, jax.device_put(ids, jax.NamedSharding(mesh, of_rows)))
    whole = functools.partial(masked, causal=True)
    wanted = jax.jit(functools.partial(result_and_gradients, whole))(*heads, ids)
    assert_same(found, wanted)


PATHS = [
    # backend, path, time, segments, head, dtype, one device -> chosen
    ("cpu", None, 256, True, 64, jnp.bfloat16, True, "plain"),
    ("gpu", None, 256, False, 48, jnp.bfloat16, True, "cudnn"),
    ("gpu", None, 256, False, 48, jnp.bfloat16, False, "cudnn"),
    ("gpu", None, 256, True, 48, jnp.bfloat16, True, "triton"),
    ("gpu", "auto", 256, True, 48, jnp.bfloat16, False, "plain"),
    ("gpu", None, 250, True, 48, jnp.bfloat16, True, "plain"),
    ("gpu", None, 256, False, 48, jnp.float32, True, "plain"),
    ("gpu", None, 256, False, 36, jnp.bfloat16, True, "triton"),
    ("gpu", "plain", 256, False, 48, jnp.bfloat16, True, "plain"),
    ("tpu", None, 256, True, 48, jnp.bfloat16, True, "splash"),
    ("tpu", None, 192, True, 48, jnp.bfloat16, True, "plain"),
    ("cpu", "cudnn", 256, False, 48, jnp.bfloat16, True, "cudnn"),
]


@pytest.fixture
def machine(monkeypatch):
    """Answers as a machine with these devices, and with cuDNN, would."""

    def make(backend):
        monkeypatch.setattr(jax, "default_backend", lambda: backend)
        monkeypatch.setattr("clova_jax.model.attention_path._is_there", lambda path: True)

    monkeypatch.delenv("CLOVA_ATTENTION", raising=False)
    return make


@pytest.mark.parametrize("case", PATHS, ids=str)
def test_the_path_follows_from_devices_and_sequences(machine, case):
    backend, path, *shape, one_device, chosen = case
    machine(backend)
    assert choose_path(path, *shape, one_device=one_device) == chosen


@pytest.mark.parametrize(
    ("path", "time", "segments", "dtype", "message"),
    [
        ("cudnn", 256, True, jnp.bfloat16, "'cudnn' wants sequences without segment ids"),
        ("cudnn", 256, False, jnp.float32, "'cudnn' wants bfloat16 or float16, not float32"),
        ("triton", 250, True, jnp.bfloat16, "'triton' wants a length that 16 divides, not 250"),
        ("splash", 192, True, jnp.bfloat16, "'splash' wants a length that 128 divides, not 192"),
        ("flash", 256, True, jnp.bfloat16, "'flash': there are auto, plain, cudnn, triton, splash"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(machine, path, time, segments, dtype, message):
    with pytest.raises(ClovaError, match=message):
        choose_path(path, time, segments, 64, dtype)


def test_the_environment_names_a_path_that_is_taken_where_it_fits(machine, monkeypatch):
    machine("gpu")
    monkeypatch.setenv("CLOVA_ATTENTION", "cudnn")
    assert choose_path(None, 256, False, 64, jnp.bfloat16) == "cudnn"
    assert choose_path(None, 256, True, 64, jnp.bfloat16) == "plain"
    monkeypatch.setenv("CLOVA_ATTENTION", "fast")
    with pytest.raises(ClovaError, match="CLOVA_ATTENTION: attention 'fast'"):
        choose_path(None, 256, False, 64, jnp.bfloat16)


def test_plain_attention_is_that_of_the_mask():
    *heads, _, ids = inputs(64)
    attend = causal_attention(64, ids, 24, jnp.float32)
    np.testing.assert_array_equal(attend(*heads), masked(*heads, ids, causal=True))


def test_blocks_divide_the_length():
    assert [triton_block(time) for time in (2_048, 96, 48, 1_000, 250)] == [64, 32, 16, 0, 0]
