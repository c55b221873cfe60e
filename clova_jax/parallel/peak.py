"""Finds the peak rate of a device: published where the chip is known, measured on a CPU."""

import os
import time

import jax
import jax.numpy as jnp

from clova_jax.parallel.chips import chip_of

IDLE = 0.8  # share of the CPUs' time that a measurement on an idle machine gets


def peak_flops(device: jax.Device) -> float | None:
    """Returns the operations a second of a device at an MFU of 100%; None if they are not known.

    A known accelerator's published rate. On a CPU it is measured now: 2·1024³ operations over the
    least time of five float32 products of 1,024² matrices. That is the peak only while nobody else
    computes, so the processor time of the five must be nearly all that the CPUs had: on a busy
    machine the answer is None. All virtual devices of a CPU share the one rate.
    """
    chip = chip_of(device.device_kind)
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
