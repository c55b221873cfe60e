"""Lets programs for GPUs be lowered on a machine without one."""

import contextlib
import types
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def as_if_cudnn() -> Iterator[None]:
    """Answers JAX's question for the version of cuDNN, and for the GPU, as a machine with both would."""
    from jax._src.cudnn import fused_attention_stablehlo as cudnn

    before = cudnn.cuda_versions
    cudnn.cuda_versions = types.SimpleNamespace(cudnn_get_version=lambda: 91_000)
    try:
        with _gpu():
            yield
    finally:
        cudnn.cuda_versions = before


def _gpu() -> contextlib.AbstractContextManager:
    """Returns a mesh of one abstract GPU, which Pallas asks for from JAX 0.11 on."""
    device = getattr(jax.sharding, "AbstractDevice", None)
    if device is None:
        return contextlib.nullcontext()
    gpu = device(device_kind="NVIDIA H100", num_cores=132, platform="gpu")
    return jax.sharding.use_abstract_mesh(jax.sharding.AbstractMesh((), (), abstract_device=gpu))
