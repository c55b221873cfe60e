"""Compares contenders by one score of the same items, each measured with several seeds."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float64
from scipy.special import stdtrit  # scipy.stats would take most of a second more to import

from clova_jax.evaluate.intervals import Interval, interval

Finish = Callable[[Float64[np.ndarray, "s"]], float]
MOST_SEEDS = 1_000


class Comparison:
    """Collects what contenders score on the same items, seed by seed, and says what separates them.

    Args:
        finish: from summed statistics of items to the score.
        bounds: where the score lies.
        seed: of the bootstrap.
    """

    def __init__(
        self, finish: Finish, bounds: tuple[float, float] = (0.0, 100.0), seed: int = 0
    ) -> None:
        self.finish, self.bounds, self.seed = finish, bounds, seed
        self._found: dict[str, list[dict[str, np.ndarray]]] = {}

    def add(self, name: str, ids: Sequence[str], statistics: Float64[np.ndarray, "n s"]) -> None:
        """Takes the statistics of a contender's next seed, a row an item."""
        rows = dict(zip(ids, np.asarray(statistics, np.float64), strict=True))
        self._found.setdefault(name, []).append(rows)

    @property
    def names(self) -> list[str]:
        """Returns the contenders, in the order in which they came."""
        return list(self._found)

    @property
    def items(self) -> list[str]:
        """Returns the ids of the items that every contender answered with every seed; only these count."""
        first, *others = (rows for trials in self._found.values() for rows in trials)
        return [key for key in first if all(key in rows for rows in others)]

    def seeds(self, name: str) -> int:
        """Returns how many seeds a contender was measured with."""
        return len(self._found[name])

    def interval(self, name: str) -> Interval:
        """Returns a contender's mean over seeds, with a 95% interval over items and seeds."""
        return interval(self._trials(name), self.finish, bounds=self.bounds, seed=self.seed)

    def difference(self, first: str, second: str) -> Interval:
        """Returns the first's score less the second's with its 95% interval: the same items, seed beside seed."""
        pairs = zip(self._trials(first), self._trials(second), strict=False)
        both = [np.hstack(pair) for pair in pairs]
        width = self._trials(first)[0].shape[1]
        return interval(
            both,
            lambda total: self.finish(total[:width]) - self.finish(total[width:]),
            bounds=(-np.inf, np.inf),
            seed=self.seed,
        )

    def seeds_needed(self, first: str, second: str, found: Interval) -> int | None:
        """Returns from how many seeds on a difference would exceed its interval, if it and its spread stayed.

        Args:
            first, second: the contenders.
            found: their difference.

        Returns:
            None where the items alone leave it open, or where there is one seed, which shows no spread.
        """
        trials = [np.stack(self._trials(name)).sum(axis=1) for name in (first, second)]
        pairs = list(zip(*trials, strict=False))
        if len(pairs) < 2:
            return None
        spread = float(np.std([self.finish(a) - self.finish(b) for a, b in pairs], ddof=1))
        of_items = ((found.high - found.low) / 2) ** 2 - _reach(spread, len(pairs)) ** 2
        counts = (
            count
            for count in range(2, MOST_SEEDS)
            if max(of_items, 0.0) + _reach(spread, count) ** 2 < found.value**2
        )
        return next(counts, None)

    def verdicts(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Says of each pair of contenders whether their intervals, or that of their difference, separate them.

        Args:
            names: of the contenders.

        Returns:
            `(verdict, sentence)` for each pair; verdicts are `apart` (the intervals do not meet), `paired` (they
            meet, but that of the difference lies beside 0) and `open`.
        """
        scores = {name: self.interval(name) for name in names}
        return [
            self._verdict(first, second, scores)
            for first, second in itertools.combinations(names, 2)
        ]

    def _verdict(self, first: str, second: str, scores: Mapping[str, Interval]) -> tuple[str, str]:
        one, other, found = scores[first], scores[second], self.difference(first, second)
        shown = f"{first} − {second} = {found.value:+.3g} ({found.low:+.3g} to {found.high:+.3g})"
        if one.high < other.low or other.high < one.low:
            return "apart", f"{shown}: separated beyond both intervals"
        if found.low > 0 or found.high < 0:
            return "paired", f"{shown}: separated item by item, though the intervals meet"
        needed = self.seeds_needed(first, second, found)
        more = f"; about {needed} seeds would, if difference and spread stayed" if needed else ""
        return "open", f"{shown}: not separated{more}"

    def _trials(self, name: str) -> list[Float64[np.ndarray, "n s"]]:
        items = self.items
        return [np.stack([rows[key] for key in items]) for rows in self._found[name]]


def mean_over(finish: Finish, count: int) -> Finish:
    """Returns a finish for statistics of `count` trials side by side: the mean of the trials' scores."""
    return lambda total: float(np.mean([finish(part) for part in np.split(total, count)]))


def _reach(spread: float, seeds: int) -> float:
    """Returns the half-width of a 95% interval of a mean over seeds (Student's t)."""
    return float(stdtrit(seeds - 1, 0.975) * spread / np.sqrt(seeds))
