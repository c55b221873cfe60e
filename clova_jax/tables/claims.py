"""Judges what a paper claims: differences of scores over the same draws, with 95% intervals."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from clova_jax.evaluate import Interval, interval

Draws = Sequence[
    Float64[np.ndarray, "n s"]
]  # statistics of a score, an array a draw, a row an item
Finish = Callable[[Float64[np.ndarray, "s"]], float]
Gain = tuple[Draws, Draws]  # with, and without


def difference(
    plus: Sequence[Draws], minus: Sequence[Draws], finish: Finish, seed: int
) -> Interval:
    """Returns the mean of some scores less that of others, over the same draws.

    Args:
        plus, minus: the scores.
        finish: from summed statistics to a score.
        seed: of the bootstrap.
    """
    trials = [np.hstack(found) for found in zip(*plus, *minus, strict=True)]

    def subtract(total: np.ndarray) -> float:
        scores = [finish(part) for part in np.split(total, len(plus) + len(minus))]
        return float(np.mean(scores[: len(plus)]) - np.mean(scores[len(plus) :]))

    return interval(trials, subtract, bounds=(-np.inf, np.inf), seed=seed)


def difference_of_gains(first: Gain, others: Sequence[Gain], finish: Finish, seed: int) -> Interval:
    """Returns a gain less the mean of others."""
    # Each of the others is weighted once; the first as often as there are others, so that both sides are means.
    plus = [first[0]] * len(others) + [without for _, without in others]
    minus = [first[1]] * len(others) + [with_ for with_, _ in others]
    found = difference(plus, minus, finish, seed)
    return Interval(2 * found.value, 2 * found.low, 2 * found.high)


def judged(claim: str, found: Interval) -> str:
    """Returns the claim with its verdict: it holds or fails where the interval leaves 0 out."""
    verdict = "holds" if found.low > 0 else "fails" if found.high < 0 else "cannot tell"
    numbers = f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"
    return f"{claim}: {verdict}, by {numbers} points"
