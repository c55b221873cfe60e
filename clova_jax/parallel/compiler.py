"""Lists compiler options by which communication runs beside computation, for each platform.

They are given to one program, not to the process, and a flag of XLA_FLAGS or LIBTPU_INIT_ARGS wins over the same name here.
Collectives are asynchronous by default on GPUs and TPUs; what is missing is an order of the program that makes use of it.
"""

import os

FLAGS = ("XLA_FLAGS", "LIBTPU_INIT_ARGS")

# Names that jaxlib 0.10 and 0.11 (and libtpu 0.0.42) both know; what others recommend besides is their default, or gone.
GPU = {
    # Starts a collective as early, and waits for it as late, as the data allows.
    "xla_gpu_enable_latency_hiding_scheduler": True,
}
GPU_FSDP = {
    # Two layers a turn of the loop: the next layer's parameters are gathered while this one computes.
    "xla_gpu_enable_while_loop_double_buffering": True,
}
TPU = {
    # Gradients cross between slices (over the data centre's network) beside the backward pass.
    "xla_tpu_enable_data_parallel_all_reduce_opt": True,
    "xla_tpu_data_parallel_opt_different_sized_ops": True,
}
TPU_FSDP = {
    # Gathers are fused with products, in several steps.
    "xla_tpu_enable_async_collective_fusion": True,
    "xla_tpu_enable_async_collective_fusion_fuse_all_gather": True,
    "xla_tpu_enable_async_collective_fusion_multiple_steps": True,
    "xla_tpu_overlap_compute_collective_tc": True,
}


def overlap_options(platform: str, devices: int, fsdp: bool) -> dict[str, bool]:
    """Returns the compiler options of a train step; none on a CPU, nor on a single device.

    Args:
        platform: "cpu", "gpu" or "tpu".
        devices: of the mesh.
        fsdp: parameters are gathered layer by layer.
    """
    if devices == 1:
        return {}
    always, gathering = {"gpu": (GPU, GPU_FSDP), "tpu": (TPU, TPU_FSDP)}.get(platform, ({}, {}))
    given = " ".join(os.environ.get(name, "") for name in FLAGS).split()
    named = {flag.lstrip("-").partition("=")[0] for flag in given}
    chosen = always | (gathering if fsdp else {})
    return {name: value for name, value in chosen.items() if name not in named}
