"""The programs for GPUs and TPUs, lowered on a CPU: fused attention without masks in memory, and collectives in bfloat16."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, abstract_params, bind, param_shardings
from clova_jax.parallel import default_reduce_dtype, make_mesh, overlap_options
from clova_jax.train import LearningRate, TrainStep, adamw
from tests.worlds.accelerators import as_if_cudnn

CONFIG = ModelConfig(2, 32, 4, vocab_size=96, max_length=256)
TIME = 256
SQUARE = re.compile(rf"tensor<(?:\d+x)*{TIME}x{TIME}x(?:i1|bf16|f32)>")
CALLS = {
    "cudnn": "__cudnn$fmhaSoftmax",
    "triton": "__gpu$xla.gpu.triton",
    "splash": "tpu_custom_call",
}
# All axes at once; the others are among the slow ones.
MESHES = [
    pytest.param((1, 1, 1), {}, marks=pytest.mark.slow, id="one device"),
    pytest.param((8, 1, 1), {"fsdp": True}, marks=pytest.mark.slow, id="fsdp"),
    pytest.param((2, 2, 2), {"microbatches": 2, "remat": "full"}, id="all axes"),
]


def make_step(shape, config=CONFIG, **options):
    options = {"dtype": jnp.bfloat16} | options
    return TrainStep(config, adamw(LearningRate(1e-2, 1, 20)), make_mesh(shape), **options)


def lowered(shape, platform, path, segments=True, **options):
    with as_if_cudnn():
        step = make_step(shape, attention=path, **options)
        return step.lower(8, TIME, platform, segments=segments).as_text()


@pytest.mark.parametrize(("shape", "options"), MESHES)
@pytest.mark.parametrize(
    ("platform", "path", "segments"),
    [("cuda", "cudnn", False), ("cuda", "triton", True), ("tpu", "splash", True)],
)
def test_a_training_step_for_an_accelerator_has_no_mask_in_memory(
    shape, options, platform, path, segments
):
    text = lowered(shape, platform, path, segments, **options)
    # Forward and backward; what is recomputed makes it more.
    assert text.count(f"@{CALLS[path]}") >= (2 if path == "cudnn" else 3)
    assert not SQUARE.search(text)


def test_a_plain_step_has_one():
    assert SQUARE.search(lowered((1, 1, 1), "cuda", "plain"))


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((1, 1, 1), marks=pytest.mark.slow),
        (2, 1, 4),
        pytest.param((1, 2, 2), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_prefill_and_decoding_are_lowered_for_accelerators(monkeypatch, shape, platform):
    monkeypatch.setenv("CLOVA_ATTENTION", "cudnn" if platform == "cuda" else "splash")
    mesh = make_mesh(shape)
    params = jax.tree.map(
        lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
        abstract_params(CONFIG),
        param_shardings(CONFIG, mesh),
    )

    @functools.partial(jax.jit, static_argnums=(2, 3))
    def forward(params, ids, size, segments):
        cache = Cache.empty(CONFIG, len(ids), size, jnp.bfloat16)
        marks = jnp.ones_like(ids) if segments else None
        hidden, cache = bind(CONFIG, params)(
            ids, cache=cache, segment_ids=marks, dtype=jnp.bfloat16
        )
        return bind(CONFIG, params).logits(hidden[:, -1]), cache

    def text(time, size, segments):
        ids = jax.ShapeDtypeStruct((4, time), jnp.int32)
        with as_if_cudnn():
            traced = forward.trace(params, ids, size, segments)
            return traced.lower(lowering_platforms=(platform,)).as_text()

    prefill = text(TIME, 0, segments=False)
    if platform == "cuda":
        assert "__cudnn$fmhaSoftmax" in prefill or "CustomSPMDPartitioning" in prefill
        assert not SQUARE.search(prefill)
    # A padded prompt, and a token after a cache.
    assert "dot_general" in text(TIME, 0, segments=True)
    assert "dot_general" in text(1, TIME, segments=True)


def sent(text, kind):
    """Types of the arrays that collectives of a kind send, scalars left out."""
    found = re.findall(
        rf'"stablehlo\.{kind}"\(.*?(?:}}>|}}\)) : \((tensor<[^)]*)\) ->', text, re.DOTALL
    )
    types = re.findall(r"tensor<\d[\dx]*x(\w+)>", " ".join(found))
    return set(types)


@pytest.mark.parametrize("reduce_dtype", [None, "float32"])
def test_parameters_and_gradients_cross_the_mesh_in_bfloat16(reduce_dtype):
    text = make_step((4, 1, 2), fsdp=True, reduce_dtype=reduce_dtype).lower(8, 16).as_text()
    summed = {"bf16"} if reduce_dtype is None else {"f32"}
    assert sent(text, "all_gather") == {"bf16", "f32"}  # matrices; vectors of norms and biases
    matrices = re.findall(r'"stablehlo.all_gather"\(.*?\) .*?: \(tensor<(\S+?)>\)', text)
    assert all("bf16" in shape for shape in matrices if shape.count("x") > 1)
    assert sent(text, "reduce_scatter") == summed
    whole = make_step((4, 2, 1), reduce_dtype=reduce_dtype).lower(8, 16).as_text()
    assert sent(whole, "all_reduce") == summed


def test_a_float32_step_sends_float32():
    text = make_step((8, 1, 1), fsdp=True, dtype=jnp.float32).lower(8, 16).as_text()
    assert "bf16" not in text


def test_many_terms_are_added_in_float32():
    assert default_reduce_dtype(jnp.bfloat16, 64) == jnp.bfloat16
    assert default_reduce_dtype(jnp.bfloat16, 65) == jnp.float32


def losses(shape, **options):
    step = make_step(shape, **options)
    state, found = step.init(0), []
    for seed in range(4):
        ids = np.random.default_rng(seed).integers(0, 96, (8, 17), np.int32)
        state, metrics = step(state, {"ids": ids[:, :-1], "targets": ids[:, 1:]})
        found.append(float(metrics["loss"]))
    return np.array(found)


def test_losses_in_bfloat16_are_those_of_float32_within_its_precision():
    exact = losses((1, 1, 1), dtype=jnp.float32)
    narrow = losses((4, 1, 1), fsdp=True)
    wide = losses((4, 1, 1), fsdp=True, reduce_dtype="float32")
    np.testing.assert_allclose(narrow, exact, rtol=2e-3)
    np.testing.assert_allclose(narrow, wide, rtol=1e-3)


def test_options_that_overlap_are_for_accelerators_of_several_devices(monkeypatch):
    scheduler = "xla_gpu_enable_latency_hiding_scheduler"
    assert overlap_options("cpu", 8, True) == overlap_options("gpu", 1, True) == {}
    assert overlap_options("gpu", 8, False) == {scheduler: True}
    assert len(overlap_options("gpu", 8, True)) == 2
    assert len(overlap_options("tpu", 8, True)) == 6
    monkeypatch.setenv("XLA_FLAGS", f"--{scheduler}=false")
    assert scheduler not in overlap_options("gpu", 8, True)


def test_this_jaxlib_knows_the_options_for_gpus():
    options = overlap_options("gpu", 8, True)
    jax.jit(lambda x: x + 1, compiler_options=options)(1.0)
