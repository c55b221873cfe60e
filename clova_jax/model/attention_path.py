"""Chooses how a decoder's attention of a sequence over itself is computed: with the mask in memory, or by a fused kernel.

| path | where | wants |
|---|---|---|
| `plain` | everywhere | nothing; its backward pass keeps the weights, [B,N,T,T] |
| `cudnn` | NVIDIA GPUs | bfloat16 or float16, a width of heads that 8 divides, no segments, cuDNN |
| `triton` | NVIDIA GPUs since Ampere | bfloat16 or float16, a length that 16 divides |
| `splash` | TPUs | a length that 128 divides |

`auto` takes the first that fits: on a GPU cuDNN without segments and Triton with them, on a TPU splash, else plain. A path that
an argument names is taken, or refused. The environment variable CLOVA_ATTENTION names one for every command: it is taken where
it fits, else plain is.
"""

import functools
import os
import re
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Int

from clova_jax.common.errors import ClovaError
from clova_jax.model.attention import causal_mask, self_attention
from clova_jax.model.attention_kernels import (
    LANES,
    cudnn_attention,
    splash_attention,
    triton_attention,
    triton_block,
)
from clova_jax.model.modules import Attend

AttentionPath = Literal["auto", "plain", "cudnn", "triton", "splash"]
VARIABLE = "CLOVA_ATTENTION"
_AUTOMATIC = {"gpu": ("cudnn", "triton"), "tpu": ("splash",)}  # by JAX's name of the platform
_AMPERE = 8.0  # compute capability


def causal_attention(
    time: int,
    segment_ids: Int[Array, "B T"] | None,
    head_dim: int,
    dtype: DTypeLike,
    path: AttentionPath | None = None,
    *,
    one_device: bool = True,
) -> Attend:
    """Returns causal attention of sequences over themselves.

    Args:
        time: tokens of a sequence.
        segment_ids: a token sees tokens of its own id; None: of all before it.
        head_dim: width of a head.
        dtype: of queries, keys and values.
        path, one_device: as `choose_path` takes them.

    Raises:
        ClovaError: a path that is named cannot be taken.
    """
    chosen = choose_path(
        path, time, segment_ids is not None, head_dim, dtype, one_device=one_device
    )
    if chosen == "plain":
        return functools.partial(self_attention, mask=causal_mask(time, segment_ids))
    if chosen == "cudnn":
        return cudnn_attention
    fused = triton_attention if chosen == "triton" else splash_attention
    return functools.partial(fused, segment_ids=segment_ids)


def choose_path(
    path: AttentionPath | None,
    time: int,
    segments: bool,
    head_dim: int,
    dtype: DTypeLike,
    *,
    one_device: bool = True,
) -> AttentionPath:
    """Returns the path of attention for sequences of a shape.

    Args:
        path: None or "auto": what CLOVA_ATTENTION says, or else the first that fits.
        time, segments, head_dim, dtype: of the sequences.
        one_device: the arrays are those of one device, as inside `shard_map`; where XLA splits them, Pallas kernels do not fit.

    Raises:
        ClovaError: an unknown name; the `path` that is given does not fit these sequences.
    """
    named = _known(os.environ.get(VARIABLE) or "auto", VARIABLE)
    given = _known(path or "auto", "attention")

    def missing(path: AttentionPath) -> str | None:
        if path in ("triton", "splash") and not one_device:
            return "a program that XLA does not split over devices"
        return _missing(path, time, segments, head_dim, dtype)

    if given != "auto":
        if wanted := missing(given):
            raise ClovaError(f"attention {given!r} wants {wanted}; try auto")
        return given
    if named != "auto":
        return "plain" if missing(named) else named
    for fused in _AUTOMATIC.get(jax.default_backend(), ()):
        if _is_there(fused) and not missing(fused):
            return fused
    return "plain"


def _known(path: str, place: str) -> AttentionPath:
    if path not in get_args(AttentionPath):
        known = ", ".join(get_args(AttentionPath))
        raise ClovaError(f"{place}: attention {path!r}: there are {known}")
    return path


def _missing(
    path: AttentionPath, time: int, segments: bool, head_dim: int, dtype: DTypeLike
) -> str | None:
    """Returns what a path wants that these sequences do not have."""
    short = jnp.dtype(dtype) in (jnp.bfloat16, jnp.float16)
    if path in ("cudnn", "triton") and not short:
        return f"bfloat16 or float16, not {jnp.dtype(dtype).name}"
    if path == "cudnn" and segments:
        return "sequences without segment ids or padding (triton takes them)"
    if path == "cudnn" and (head_dim % 8 or head_dim > 128):
        return f"heads of a multiple of 8, at most 128, not {head_dim}"
    if path == "triton" and not triton_block(time):
        return f"a length that 16 divides, not {time}"
    if path == "splash" and time % LANES:
        return f"a length that {LANES} divides, not {time}"
    return None


@functools.cache
def _is_there(path: AttentionPath) -> bool:
    """Returns whether the devices and libraries of this process have a path."""
    if path == "splash":
        return True
    capability = str(getattr(jax.local_devices()[0], "compute_capability", ""))
    if not re.fullmatch(r"[\d.]+", capability) or float(capability) < _AMPERE:
        return False  # AMD's say "gfx90a"
    return path == "triton" or _has_cudnn()


def _has_cudnn() -> bool:
    try:
        from jax._src.lib import cuda_versions

        return cuda_versions is not None and cuda_versions.cudnn_get_version() > 0
    except (ImportError, AttributeError, RuntimeError):
        return False
