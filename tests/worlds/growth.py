"""Growth of processor time: how an operator's cost on twice the input compares with once."""

import gc
import time
from collections.abc import Callable
from typing import Any

# Twice the input may take this many times the time, and a little that the clock cannot tell.
RATIO, CLOCK = 2.6, 0.02


def too_slow(
    operator: Callable[[Any], Any], made: str | Callable[[int], Any], size: int
) -> tuple[float, float] | None:
    """Measures an operator on an input of a size and of twice that size.

    Args:
        operator: what is measured.
        made: a text that is repeated up to the size, or a function from a size to an input.
        size: of the smaller input.

    Returns:
        Processor seconds of both where the larger takes more than `RATIO` times as long, otherwise None. The
        best of up to nine rounds counts: on a busy machine single times are too long, never too short.
    """
    inputs = [made(n) if callable(made) else made * (n // len(made)) for n in (size, 2 * size)]
    best = [float("inf"), float("inf")]
    gc.disable()  # it walks over all that other tests have left
    try:
        for _ in range(9):
            for place, given in enumerate(inputs):
                start = time.process_time()
                operator(given)
                best[place] = min(best[place], time.process_time() - start)
            if best[1] < RATIO * best[0] + CLOCK:
                return None
    finally:
        gc.enable()
    return best[0], best[1]
