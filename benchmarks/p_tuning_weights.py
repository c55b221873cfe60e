"""What both sides of `benchmarks.p_tuning` start from: the same numbers under the same names, the same gauge."""

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
    """MiB of memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def forget_peak() -> None:
    """Memory freed so far goes back to the system, and the peak is counted from here."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """MiB at most since `forget_peak`."""
    kibibytes = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
    return int(kibibytes) / 1024


def weights(seed: int) -> Callable[[str, tuple[int, ...]], np.ndarray]:
    """The same number for the same tensor in both worlds, without either's library."""

    def tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
        random = np.random.default_rng([seed, *name.encode()])
        return 0.02 * random.standard_normal(shape, np.float32)

    return tensor
