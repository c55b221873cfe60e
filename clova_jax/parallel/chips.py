"""Lists peak rates of accelerators, for model FLOPs utilisation (MFU) and for planning.

Dense bf16 matrix rate, memory, memory bandwidth and links are the vendors' published figures.
"""

import os
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp

GIB = 1 << 30
IDLE = 0.8  # share of the CPUs' time that a measurement on an idle machine gets


@dataclass(frozen=True)
class Chip:
    """Describes one accelerator.

    Args:
        flops: dense bf16 matrix operations a second, sparsity not counted.
        memory: bytes.
        memory_bandwidth: bytes a second.
        local_bandwidth: bytes a second each way to the other devices of its node (or its torus).
        remote_bandwidth: bytes a second each way to devices of other nodes.
        node: devices that share the local links.
    """

    flops: float
    memory: float
    memory_bandwidth: float
    local_bandwidth: float
    remote_bandwidth: float
    node: int


CHIPS: dict[str, Chip] = {
    # NVLink 300 / 450 GB/s a direction; one 200 or 400 Gb/s InfiniBand port a GPU.
    "a100-40gb": Chip(312e12, 40 * GIB, 1.555e12, 300e9, 25e9, 8),
    "a100-80gb": Chip(312e12, 80 * GIB, 2.039e12, 300e9, 25e9, 8),
    "h100": Chip(989e12, 80 * GIB, 3.35e12, 450e9, 50e9, 8),
    "h200": Chip(989e12, 141e9, 4.8e12, 450e9, 50e9, 8),
    # TPU: the links of the torus, per direction and summed over its axes; a slice is one node.
    "tpu-v4": Chip(275e12, 32 * GIB, 1.2e12, 150e9, 6.25e9, 4096),
    "tpu-v5e": Chip(197e12, 16 * GIB, 0.82e12, 100e9, 6.25e9, 256),
    "tpu-v5p": Chip(459e12, 95e9, 2.765e12, 300e9, 6.25e9, 8960),
    "tpu-v6e": Chip(918e12, 32 * GIB, 1.64e12, 224e9, 12.5e9, 256),
}

_KINDS = (  # what JAX calls them, the more particular first
    ("A100-SXM4-40", "a100-40gb"),
    ("A100-PCIE-40", "a100-40gb"),
    ("A100", "a100-80gb"),
    ("H200", "h200"),
    ("H100", "h100"),
    ("TPU v4", "tpu-v4"),
    ("TPU v5 lite", "tpu-v5e"),
    ("TPU v5e", "tpu-v5e"),
    ("TPU v5p", "tpu-v5p"),
    ("TPU v5", "tpu-v5p"),
    ("TPU v6", "tpu-v6e"),
)


def chip_of(device: jax.Device) -> Chip | None:
    """Returns the known chip that a device is; None for CPUs and unknown devices."""
    for part, name in _KINDS:
        if part in device.device_kind:
            return CHIPS[name]
    return None


def peak_flops(device: jax.Device) -> float | None:
    """Returns the operations a second of a device at an MFU of 100%; None if they are not known.

    A known accelerator's published rate. On a CPU it is measured now: 2·1024³ operations over the
    least time of five float32 products of 1,024² matrices. That is the peak only while nobody else
    computes, so the processor time of the five must be nearly all that the CPUs had: on a busy
    machine the answer is None. All virtual devices of a CPU share the one rate.
    """
    chip = chip_of(device)
    if chip is not None:
        return chip.flops
    size = 1024
    with jax.default_device(device):
        matrix = jnp.ones((size, size), jnp.float32)
        product = jax.jit(lambda a: a @ a)
        product(matrix).block_until_ready()
        best, begin, used = float("inf"), time.perf_counter(), time.process_time()
        for _ in range(5):
            start = time.perf_counter()
            product(matrix).block_until_ready()
            best = min(best, time.perf_counter() - start)
        wall, used = time.perf_counter() - begin, time.process_time() - used
    rate = 2 * size**3 / best
    if device.platform != "cpu":
        return rate
    return None if used < IDLE * wall * _cpus() else rate / jax.local_device_count()


def _cpus() -> int:
    """Counts the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
