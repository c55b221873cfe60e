"""Holds what both sides of `benchmarks.p_tuning` share: initial weights by name, and measures of memory."""

import ctypes
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

HIDDEN = (
    128  # units of the LSTM per direction; at the model's width its moments outweigh activations
)
VIRTUAL, TARGET = 20, 3  # virtual tokens before a text, and tokens at its end that are learned


def resident() -> float:
    """Returns the resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def forget_peak() -> None:
    """Returns freed memory to the system, and counts the peak from here."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Returns the peak in MiB since `forget_peak`."""
    kibibytes = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
    return int(kibibytes) / 1024


def weights(seed: int) -> Callable[[str, tuple[int, ...]], np.ndarray]:
    """Returns a function from a tensor's name and shape to its values, the same for both sides."""

    def tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
        random = np.random.default_rng([seed, *name.encode()])
        return 0.02 * random.standard_normal(shape, np.float32)

    return tensor
