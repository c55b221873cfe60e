"""Says how sure a model is of an answer, and from when on it should be silent."""

from collections.abc import Sequence

import numpy as np

COST = 0.5  # what an answer must score, at least, to be worth more than silence


def sureness(logprob: float, text: str) -> float:
    """Returns the log-probability of an answer per character, its end counted as one; long answers compare with short ones."""
    return logprob / (len(text) + 1)


def threshold(sure: Sequence[float], scores: Sequence[float], cost: float = COST) -> float:
    """Returns the sureness below which silence is worth more, on answers whose scores are known.

    An answer is worth its score less `cost`, silence nothing; the threshold with the greatest sum is chosen, the lowest of
    equal ones.

    Args:
        sure: of each answer.
        scores: of each answer, 0 to 1.
        cost: what a wrong answer costs.

    Returns:
        One of `sure`; infinite where no answer is worth giving.
    """
    order = np.argsort(-np.asarray(sure, np.float64), kind="stable")
    sorted_sure = np.asarray(sure, np.float64)[order]
    worth = np.cumsum(np.asarray(scores, np.float64)[order] - cost)
    # Equally sure answers are given together.
    ends = np.append(sorted_sure[1:] < sorted_sure[:-1], True)[: len(order)]
    ends = np.flatnonzero(ends)
    if not len(ends) or worth[ends].max() <= 0:
        return float("inf")
    best = ends[len(ends) - 1 - int(np.argmax(worth[ends][::-1]))]
    return float(sorted_sure[best])
