"""Learns from labelled pairs whether a sentence follows from another: a language model tuned for it, and counts of shared words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.reviews.rouge import scorer
from clova_jax.evaluate import Item, Task, TaskData, accuracy
from clova_jax.inference import Model
from clova_jax.labelled import RELATIONS, Pair
from clova_jax.tuning import TuneOptions, find_method, tune

TASK = Task(
    name="entailment",
    files=(),
    load=lambda folder: TaskData((), ()),
    shots=0,
    trials=1,
    metrics=(accuracy,),
    source="our wording",
    labels=RELATIONS,
)


class Entailment:
    """Scores sentences by how likely they follow from their premises; all parameters of a copy of the model are tuned.

    Args:
        model: to begin with; not changed.
        pairs: to learn from.
        dev: those by which the best step and the threshold are chosen, of other premises.
        steps: updates, at most.
        learning_rate: the peak.
        seed: of the order of the pairs.
        out: a folder that the run is kept in, and resumed from.
        **options: more of `tune`.
    """

    def __init__(
        self,
        model: Model,
        pairs: Sequence[Pair],
        dev: Sequence[Pair],
        *,
        steps: int = 600,
        learning_rate: float = 1e-3,
        seed: int = 0,
        out: Path | None = None,
        **options: Any,
    ) -> None:
        method = find_method("fine_tuning")
        self.tuned = tune(
            model,
            TASK,
            _items(pairs),
            method.usual(TASK, ""),
            TuneOptions(steps=steps, learning_rate=learning_rate, seed=seed),
            dev=_items(dev),
            out=out,
            **options,
        )
        given = self.scores([pair.premise for pair in dev], [pair.hypothesis for pair in dev])
        self.threshold = balanced_threshold(given, [pair.follows for pair in dev])

    def scores(self, premises: Sequence[str], sentences: Sequence[str]) -> Float64[np.ndarray, "n"]:
        """Returns the probability that each sentence follows from its premise, among the three relations."""
        pairs = zip(premises, sentences, strict=True)
        asked = [Pair(str(n), "a pair", *pair, "entailment") for n, pair in enumerate(pairs)]
        if not asked:
            return np.zeros(0)
        rows, _ = self.tuned.answer(TASK, _items(asked), label="entailment")
        logprobs = np.array([row["logprobs"] for row in rows])
        shares = np.exp(logprobs - logprobs.max(axis=1, keepdims=True))
        return shares[:, 0] / shares.sum(axis=1)


class WordOverlap:
    """Scores sentences by logistic regression (scikit-learn) over counts of the words that they share with their premises.

    Args:
        pairs: to learn from, some that follow and some that do not.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rows = _overlaps([p.premise for p in pairs], [p.hypothesis for p in pairs])
        self.model = make_pipeline(StandardScaler(), LogisticRegression())
        self.model.fit(rows, [pair.follows for pair in pairs])

    def scores(self, premises: Sequence[str], sentences: Sequence[str]) -> Float64[np.ndarray, "n"]:
        """Returns the probability that each sentence follows from its premise."""
        if not sentences:
            return np.zeros(0)
        return self.model.predict_proba(_overlaps(premises, sentences))[:, 1]


def balanced_threshold(scores: Float64[np.ndarray, "n"], follows: Sequence[bool]) -> float:
    """Returns the score from which on a sentence counts as following, where balanced accuracy is highest (Youden's J)."""
    from sklearn.metrics import roc_curve

    false, true, thresholds = roc_curve(follows, scores)
    best = int(np.argmax(true[1:] - false[1:])) + 1  # the first threshold is infinite
    return float(thresholds[best])


def _items(pairs: Sequence[Pair]) -> list[Item]:
    return [
        Item(
            str(number),
            pair.place,
            f"전제: {pair.premise}\n가설: {pair.hypothesis}\n관계:",
            (pair.relation,),
        )
        for number, pair in enumerate(pairs)
    ]


def _overlaps(premises: Sequence[str], sentences: Sequence[str]) -> np.ndarray:
    """Returns float64[n, 8]: precision and recall of ROUGE-1, 2 and L, and the lengths of both texts in characters."""
    rows = []
    for premise, sentence in zip(premises, sentences, strict=True):
        found = scorer().score(premise, sentence).values()
        shares = [share for score in found for share in (score.precision, score.recall)]
        rows.append([*shares, len(premise), len(sentence)])
    return np.array(rows, np.float64)
