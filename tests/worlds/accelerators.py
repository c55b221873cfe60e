"""Lets programs for GPUs be lowered on a machine without one."""

import contextlib
import types
from collections.abc import Iterator
from unittest import mock

from jax._src.cudnn import fused_attention_stablehlo as cudnn

try:
    from jax._src.pallas.triton import gpu_info  # from JAX 0.11 on
except ImportError:
    gpu_info = None


@contextlib.contextmanager
def as_if_cudnn() -> Iterator[None]:
    """Answers JAX's questions for the version of cuDNN and the kind of the GPU as a machine with an H100 would."""
    versions = types.SimpleNamespace(cudnn_get_version=lambda: 91_000)
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(cudnn, "cuda_versions", versions))
        if gpu_info is not None:
            kind = gpu_info.get_gpu_info_from_version(gpu_info.GpuVersion.H100)
            stack.enter_context(mock.patch.object(gpu_info, "get_gpu_info", return_value=kind))
        yield
