"""Computes attention of a sequence over itself by fused kernels, which never hold its [T,T] scores or a mask of that shape.

    cudnn     NVIDIA GPUs: cuDNN's flash attention, by `jax.nn.dot_product_attention`; causal or not, no segments
    triton    NVIDIA GPUs: JAX's Pallas kernel for Triton, with segment ids
    splash    TPUs: JAX's splash attention, with segment ids; it leaves out the blocks that the causal mask hides

cuDNN too can be given packed rows (`q_offsets`), but only through a private module of JAX, on Hopper GPUs and with a bound on
the segments of a row. `interpret=True` runs the Pallas kernels on any device, slowly, for tests.
"""

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Float, Int

from clova_jax.parallel import untyped, varying_like

LANES = 128  # the width of a TPU's vector registers

Heads = Float[Array, "B T N H"]
Segments = Int[Array, "B T"] | None


def cudnn_attention(query: Heads, key: Heads, value: Heads, *, causal: bool = True) -> Heads:
    """Computes attention by cuDNN, in bfloat16 or float16.

    Raises:
        RuntimeError: cuDNN is not installed.
        NotImplementedError: a head that cuDNN does not take.
    """
    return jax.nn.dot_product_attention(query, key, value, is_causal=causal, implementation="cudnn")


def triton_attention(
    query: Heads,
    key: Heads,
    value: Heads,
    segment_ids: Segments = None,
    *,
    causal: bool = True,
    interpret: bool = False,
) -> Heads:
    """Computes attention by the Pallas kernel for GPUs.

    Args:
        query, key, value: T is a multiple of `triton_block`, and so is the number of its rows.
        segment_ids: a token sees tokens of its own id.
        causal: a token sees none after it.
        interpret: run without a GPU.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # its place from JAX 0.11 on is `tokamax`
        from jax.experimental.pallas.ops.gpu import attention as gpu

    width = query.shape[-1]
    block = triton_block(query.shape[1])
    # Two stages of keys and values fit the shared memory of every GPU since Ampere.
    blocks = gpu.BlockSizes(
        block_q=block, block_k=block, **dict.fromkeys(_BACKWARD, min(block, 32))
    )

    def kernel(query: Array, key: Array, value: Array, segment_ids: Segments) -> Array:
        return gpu.mha(
            query,
            key,
            value,
            segment_ids,
            sm_scale=1 / math.sqrt(width),
            causal=causal,
            block_sizes=blocks,
            interpret=interpret,
        )

    return _run(kernel, query, key, value, segment_ids)


_BACKWARD = ("block_q_dkv", "block_kv_dkv", "block_q_dq", "block_kv_dq")


def triton_block(time: int) -> int:
    """Returns how many tokens a block of the Triton kernel has; 0 where the length does not divide into blocks."""
    return next((block for block in (64, 32, 16) if time % block == 0), 0)


def splash_attention(
    query: Heads,
    key: Heads,
    value: Heads,
    segment_ids: Segments = None,
    *,
    causal: bool = True,
    interpret: bool = False,
) -> Heads:
    """Computes attention by the splash kernel for TPUs.

    Args:
        query, key, value: T is a multiple of 128.
        segment_ids: a token sees tokens of its own id.
        causal: a token sees none after it.
        interpret: run without a TPU.
    """
    from jax.experimental.pallas.ops.tpu import splash_attention as tpu

    time, heads, width = query.shape[1:]
    with (
        jax.ensure_compile_time_eval()
    ):  # what the mask hides is worked out once, outside of the program
        shape = (time, time)
        mask = tpu.CausalMask(shape) if causal else tpu.FullMask(shape)
        size = next(block for block in (512, 256, LANES) if time % block == 0)
        attend = tpu.make_splash_mha_single_device(
            tpu.MultiHeadMask([mask] * heads),
            block_sizes=tpu.BlockSizes(**dict.fromkeys(("block_q", "block_kv", *_BACKWARD), size)),
            interpret=interpret,
        )

    def kernel(query: Array, key: Array, value: Array, segment_ids: Segments) -> Array:
        query, key, value = (x.swapaxes(1, 2) for x in (query, key, value))
        ids = None if segment_ids is None else tpu.SegmentIds(segment_ids, segment_ids)
        return jax.vmap(attend)(query, key, value, ids).swapaxes(1, 2)

    # Scaled out here: inside, only kernels may combine arrays (`untyped`).
    return _run(kernel, query / math.sqrt(width), key, value, segment_ids)


Kernel = Callable[[Array, Array, Array, Segments], Array]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(kernel: Kernel, query: Array, key: Array, value: Array, segment_ids: Segments) -> Array:
    """Runs a Pallas kernel, whose own gradients it has, also inside the train step's `shard_map`.

    There JAX follows which arrays differ between devices, and these kernels do not say so of their results.
    """
    return _forward(kernel, query, key, value, segment_ids)[0]


def _forward(
    kernel: Kernel, query: Array, key: Array, value: Array, segment_ids: Segments
) -> tuple[Array, Any]:
    def run(*inputs: Array) -> tuple[Array, Any]:
        return jax.vjp(lambda *heads: kernel(*heads, *inputs[3:]), *inputs[:3])

    out, backward = untyped(run)(query, key, value, segment_ids)
    return varying_like(out, query), backward


def _backward(kernel: Kernel, backward: Any, grad: Array) -> tuple[Array, Array, Array, None]:
    return (*varying_like(untyped(backward)(grad), grad), None)


_run.defvjp(_forward, _backward)
