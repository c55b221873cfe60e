"""Watches a run for steps that were not finite and for losses that jump."""

import math
from collections import deque
from statistics import median

from clova_jax.common.errors import ClovaError


class NonFiniteGuard:
    """Stops a run whose steps keep being skipped because loss or gradient is not finite.

    Args:
        limit: how many in a row are too many.
    """

    def __init__(self, limit: int = 20) -> None:
        self.limit = limit
        self.total = 0
        self._in_a_row = 0

    def watch(self, step: int, skipped: bool, last_good: int | None) -> None:
        """Counts a step; `last_good` is the one that the last state kept is of.

        Raises:
            ClovaError: `limit` steps in a row were skipped.
        """
        self.total += skipped
        self._in_a_row = self._in_a_row + 1 if skipped else 0
        if self._in_a_row >= self.limit:
            where = f"step {last_good}" if last_good is not None else "the beginning"
            raise ClovaError(
                f"step {step}: {self.limit} steps in a row had a loss or gradient that is not finite; the "
                f"last state kept is that of {where}: lower the learning rate, or inspect the data there"
            )


class SpikeReport:
    """Records losses far above those just before.

    A spike is a loss more than `width` robust standard deviations (1.4826 x median absolute
    deviation, at least 0.05 nats) above the median of the last `window` losses.
    """

    def __init__(self, window: int = 64, width: float = 8.0) -> None:
        self.window, self.width = window, width
        self.spikes: list[tuple[int, float, float]] = []
        self._losses: deque[float] = deque(maxlen=window)

    def watch(self, step: int, loss: float) -> float | None:
        """Takes a loss; returns the usual loss if this one is a spike, else None."""
        usual = None
        if len(self._losses) == self._losses.maxlen:
            middle = median(self._losses)
            spread = max(1.4826 * median(abs(value - middle) for value in self._losses), 0.05)
            if not math.isfinite(loss) or loss > middle + self.width * spread:
                self.spikes.append((step, loss, middle))
                usual = middle
        if math.isfinite(loss):
            self._losses.append(loss)
        return usual
