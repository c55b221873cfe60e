"""Computes 95% intervals: of a mean over trials by bootstrap over items and spread over trials, and of a proportion."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64
from scipy.special import (
    betaincinv,
    stdtrit,
)  # scipy.stats would take most of a second more to import

REPLICATES = 1_000


@dataclass(frozen=True)
class Interval:
    """Holds a mean over trials with its 95% interval."""

    value: float
    low: float
    high: float


def interval(
    trials: Sequence[Float64[np.ndarray, "n s"]],
    finish: Callable[[Float64[np.ndarray, "s"]], float],
    *,
    bounds: tuple[float, float] = (0.0, 100.0),
    seed: int = 0,
) -> Interval:
    """Returns the mean of `finish` over trials, with its 95% interval.

    Two things are random: which items were drawn, measured by the 2.5% and 97.5% quantiles of a
    bootstrap that draws the same items in every trial; and which examples were shown, measured by
    Student's t on the trials' standard deviation (nothing with one trial). Their half-widths add
    in squares.

    Args:
        trials: the metric's statistics of each trial, the same items in the same order.
        finish: from summed statistics to the score.
        bounds: where the score lives; the interval stays inside.
        seed: of the bootstrap.
    """
    scores = np.array([finish(rows.sum(axis=0)) for rows in trials])
    value = float(scores.mean())
    sums = _resampled_sums(trials, np.random.default_rng(seed))
    drawn = np.array([[finish(total) for total in replicate] for replicate in sums]).mean(axis=1)
    below, above = value - np.quantile(drawn, 0.025), np.quantile(drawn, 0.975) - value
    between = reach(scores)
    return Interval(
        value,
        float(max(bounds[0], value - np.hypot(max(below, 0.0), between))),
        float(min(bounds[1], value + np.hypot(max(above, 0.0), between))),
    )


def reach(scores: Sequence[float]) -> float:
    """Returns the half-width of the 95% interval of a mean over trials (Student's t); one trial shows none: 0."""
    if len(scores) < 2:
        return 0.0
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    return float(stdtrit(len(scores) - 1, 0.975) * error)


def sum_units(
    statistics: Float64[np.ndarray, "n s"], units: Sequence[Hashable]
) -> Float64[np.ndarray, "u s"]:
    """Returns the statistics summed over the rows of each unit, for an interval whose rows depend on each other within units.

    Args:
        statistics: of a metric.
        units: what each row belongs to (texts to their group, say); sums stand in the order in which the units come.
    """
    numbers: dict[Hashable, int] = {}
    places = [numbers.setdefault(unit, len(numbers)) for unit in units]
    sums = np.zeros((len(numbers), *statistics.shape[1:]))
    np.add.at(sums, places, statistics)
    return sums


def proportion_of_units(units: Sequence[Sequence[bool]]) -> Interval:
    """Returns the share of True, in per cent, with the exact 95% interval of as many draws as there are units.

    What one unit gives may be all alike (answers to one question), so that it counts no more than one draw; units of
    different sizes count as (sum of sizes)² / sum of squared sizes (Kish 1965).

    Args:
        units: what each of them gave.
    """
    sizes = np.array([len(some) for some in units], np.float64)
    if not sizes.sum():
        return proportion(0, 0)
    count, share = float(sizes.sum() ** 2 / (sizes**2).sum()), sum(map(sum, units)) / sizes.sum()
    return replace(proportion(count * share, count), value=100 * float(share))


def proportion(hits: float, count: float) -> Interval:
    """Returns a share in per cent with its exact 95% interval (Clopper and Pearson 1934).

    Args:
        hits: how many of them.
        count: of how many; of none nothing is known: 0 to 100.
    """
    low = float(betaincinv(hits, count - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 0.975)) if hits < count else 1.0
    return Interval(100 * hits / count if count else 0.0, 100 * low, 100 * high)


def _resampled_sums(trials: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """Returns float64[replicates, trials, s]: sums over items drawn with replacement."""
    rows = np.concatenate(trials, axis=1)  # [n, trials x s]
    count = len(rows)
    sums = np.empty((REPLICATES, rows.shape[1]))
    for i in range(REPLICATES):
        weights = np.bincount(random.integers(0, count, count), minlength=count)
        sums[i] = weights @ rows
    return sums.reshape(REPLICATES, len(trials), -1)
