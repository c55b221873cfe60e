"""Changes how the process manages its memory where the defaults cost time."""

import ctypes
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock, _pauses, _was_enabled = threading.Lock(), 0, True
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # of glibc's <malloc.h>


def keep_freed_memory() -> None:
    """Lets glibc reuse large blocks; call it before JAX makes its threads.

    XLA:CPU asks for its temporaries anew at every step. glibc maps and unmaps blocks of that size, and the
    kernel clears every page again: a quarter of the processor time of a small model's step. Not done on machines of
    many cores, where threads would queue for the one arena. No effect without glibc.
    """
    if (os.cpu_count() or 1) > 16:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses Python's cycle collector, which would walk through millions of new tuples that stay."""
    global _pauses, _was_enabled
    with _lock:  # of threads that overlap, the first switches it off and the last on again
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                gc.enable()
