"""Searches states of a model for what is labelled: one unit alone, and L1 regression on all (Radford et al. 2017).

Unit, sign, threshold and penalty are chosen on a development split; nothing is chosen on what is tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32
from sklearn.linear_model import LogisticRegression

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)  # inverse penalties, the strongest first

States = Float32[np.ndarray, "n H"]
Labels = Bool[np.ndarray, "n"]


@dataclass(frozen=True)
class Unit:
    """Decides by one unit.

    Args:
        number: of the unit.
        sign: 1 where a greater state is positive, else -1.
        threshold: states beyond it are positive.
        accuracy: on the development split that it was chosen on, 0 to 1.
    """

    number: int
    sign: int
    threshold: float
    accuracy: float

    def __call__(self, states: States) -> Labels:
        """Returns which texts are positive."""
        return (states[:, self.number] > self.threshold) == (self.sign > 0)


@dataclass(frozen=True)
class Regression:
    """Decides by a logistic regression with an L1 penalty on standardised states.

    Args:
        weights: of the units as they are.
        bias: beside them.
        strength: the inverse penalty that was chosen.
    """

    weights: Float[np.ndarray, "H"]
    bias: float
    strength: float

    @property
    def used(self) -> int:
        """Returns how many units have a weight."""
        return int((self.weights != 0).sum())

    def __call__(self, states: States) -> Labels:
        """Returns which texts are positive."""
        return states @ self.weights + self.bias > 0


def find_units(states: States, positive: Labels) -> list[Unit]:
    """Returns each unit with the sign and the threshold that decide a development split best, the best unit first.

    Args:
        states: of the split's texts.
        positive: their labels.
    """
    count = len(states)
    order = np.argsort(states, axis=0, kind="stable")
    sorted_states = np.take_along_axis(states, order, axis=0)
    # right[k]: how many are right if the k least are called negative and the others positive.
    steps = np.where(positive[order], -1, 1).cumsum(axis=0)
    right = positive.sum() + np.concatenate([np.zeros((1, states.shape[1]), int), steps])
    # A threshold lies between two states that differ, or outside of all.
    ends = np.full((1, states.shape[1]), np.inf, states.dtype)
    borders = np.concatenate([-ends, sorted_states, ends])
    allowed = borders[:-1] < borders[1:]
    best = {}
    for sign, hits in ((1, right), (-1, count - right)):
        place = np.where(allowed, hits, -1).argmax(axis=0)
        best[sign] = place, np.take_along_axis(hits, place[None], axis=0)[0]
    units = []
    for number in range(states.shape[1]):
        sign = 1 if best[1][1][number] >= best[-1][1][number] else -1
        place, hits = (part[number] for part in best[sign])
        low, high = borders[place, number], borders[place + 1, number]
        middle = low if np.isinf(high) else high if np.isinf(low) else (low + high) / 2
        if np.isinf(low):  # all are beyond it
            middle = np.nextafter(high, -np.inf)
        units.append(Unit(number, sign, float(middle), float(hits / count)))
    return sorted(units, key=lambda unit: (-unit.accuracy, unit.number))


def fit_regression(
    learn: States,
    positive: Labels,
    dev: States,
    dev_positive: Labels,
    strengths: Sequence[float] = STRENGTHS,
) -> Regression:
    """Fits one regression for each strength, and returns the one that is right most often on the development split.

    Args:
        learn, positive: states and labels to learn from.
        dev, dev_positive: those of the development split.
        strengths: inverse penalties; of equals the first is taken.
    """
    mean, spread = learn.mean(axis=0), learn.std(axis=0)
    scale = np.where(spread > 1e-6, spread, np.inf)  # a unit that never moves has no weight
    found: list[tuple[float, Regression]] = []
    for strength in strengths:
        model = LogisticRegression(C=strength, l1_ratio=1, solver="liblinear", random_state=0)
        model.fit((learn - mean) / scale, positive)
        weights = model.coef_[0] / scale
        regression = Regression(weights, float(model.intercept_[0] - mean @ weights), strength)
        found.append((float((regression(dev) == dev_positive).mean()), regression))
    return max(found, key=lambda one: one[0])[1]
