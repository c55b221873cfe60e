"""Measures how well scores detect something: the area under the ROC curve, with intervals over groups of items."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.intervals import REPLICATES, Interval


@dataclass(frozen=True)
class Detection:
    """Holds what is to be detected among items, and compares scores by AUROC in per cent (50: by chance).

    The bootstrap draws groups, since items of one group (the sentences under one premise) hang together.

    Args:
        gold: bool[n], which items are to have high scores.
        groups: of the items.
        seed: of the bootstrap.

    Raises:
        ClovaError: all items are to be detected, or none.
    """

    gold: Bool[np.ndarray, "n"]
    groups: Sequence[str]
    seed: int = 0

    def __post_init__(self) -> None:
        if len(set(self.gold.tolist())) < 2:
            raise ClovaError(
                f"{len(self.gold)} items are all {'positive' if self.gold.any() else 'negative'}; a detector needs "
                "both"
            )

    def score(self, scores: Float64[np.ndarray, "n"]) -> Interval:
        """Returns the AUROC of scores (scikit-learn's) with a 95% interval."""
        from sklearn.metrics import roc_auc_score

        value = 100 * float(roc_auc_score(self.gold, scores))
        return _interval(value, self._drawn(scores))

    def difference(
        self, first: Float64[np.ndarray, "n"], second: Float64[np.ndarray, "n"]
    ) -> Interval:
        """Returns the first's AUROC less the second's, over the same draws."""
        value = self.score(first).value - self.score(second).value
        return _interval(value, self._drawn(first) - self._drawn(second))

    @cached_property
    def _weights(self) -> Float64[np.ndarray, "r n"]:
        """Returns how often each replicate drew each item."""
        names = list(dict.fromkeys(self.groups))
        numbers = np.array([names.index(group) for group in self.groups])
        random = np.random.default_rng(self.seed)
        drawn = random.integers(0, len(names), (REPLICATES, len(names)))
        counts = np.stack([np.bincount(row, minlength=len(names)) for row in drawn])
        return counts[:, numbers].astype(np.float64)

    def _drawn(self, scores: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "r"]:
        """Returns the AUROC of each replicate: the weighted share of pairs in the right order, ties by half."""
        above, below = scores[self.gold][:, None], scores[~self.gold][None]
        right = (above > below) + 0.5 * (above == below)
        positive, negative = self._weights[:, self.gold], self._weights[:, ~self.gold]
        pairs = positive.sum(1) * negative.sum(1)
        kept = pairs > 0  # a draw may leave one side empty
        found = ((positive @ right) * negative).sum(1)
        return 100 * found[kept] / pairs[kept]


def _interval(value: float, drawn: Float64[np.ndarray, "r"]) -> Interval:
    low, high = (float(np.quantile(drawn, share)) for share in (0.025, 0.975))
    return Interval(value, min(value, low), max(value, high))
