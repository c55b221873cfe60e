"""Defines metrics as sums over items, so that a bootstrap is a matrix product.

A metric gives every item a row of statistics; the score is a function of their sum. Scores are on
the 0-100 scale (a correlation: -100 to 100).
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from clova_jax.evaluate import korquad_metric

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU


@dataclass(frozen=True)
class Prediction:
    """Holds an answer to one item, all texts in NFC: an answer in decomposed letters is the same answer.

    Args:
        prediction: the label, or the text.
        answers: the gold label, or the accepted texts.
        value: for graded tasks, what is correlated with `target`.
        target: the graded gold value.
    """

    prediction: str
    answers: tuple[str, ...]
    value: float = 0.0
    target: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "prediction", unicodedata.normalize("NFC", self.prediction))
        answers = tuple(unicodedata.normalize("NFC", answer) for answer in self.answers)
        object.__setattr__(self, "answers", answers)


Statistics = Callable[[Sequence[Prediction]], Float64[np.ndarray, "n s"]]
Finish = Callable[[Float64[np.ndarray, "s"]], float]


@dataclass(frozen=True)
class Metric:
    """Scores a list of predictions.

    Args:
        name: as in result rows.
        statistics: float64[n, s], one row an item.
        finish: their sum, float64[s], to the score.
        about: how it is computed, for the notes (BLEU's signature).
    """

    name: str
    statistics: Statistics
    finish: Finish
    about: Callable[[], str] = lambda: ""

    def __call__(self, predictions: Sequence[Prediction]) -> float:
        """Returns the score of all predictions."""
        return self.finish(self.statistics(predictions).sum(axis=0))


def _mean(score: Callable[[Prediction], float]) -> tuple[Statistics, Finish]:
    def statistics(predictions: Sequence[Prediction]) -> np.ndarray:
        return np.array([[score(p), 1.0] for p in predictions], np.float64).reshape(-1, 2)

    def finish(total: np.ndarray) -> float:
        return 100 * float(total[0] / total[1]) if total[1] else 0.0

    return statistics, finish


accuracy = Metric("accuracy", *_mean(lambda p: float(p.prediction == p.answers[0])))
exact_match = Metric(
    "exact_match",
    *_mean(lambda p: korquad_metric.best(korquad_metric.exact_match, p.prediction, p.answers)),
    about=lambda: "KorQuAD 1.0 official normalisation",
)
character_f1 = Metric(
    "f1",
    *_mean(lambda p: korquad_metric.best(korquad_metric.f1, p.prediction, p.answers)),
    about=lambda: "KorQuAD 1.0 official F1, over characters",
)


def _confusion(labels: Sequence[str]) -> Statistics:
    """Returns (gold, predicted) as one-hot, flattened."""
    index = {unicodedata.normalize("NFC", label): i for i, label in enumerate(labels)}
    count = len(labels)

    def statistics(predictions: Sequence[Prediction]) -> np.ndarray:
        cells = [index[p.answers[0]] * count + index[p.prediction] for p in predictions]
        return np.eye(count * count)[cells]

    return statistics


def _f1(matrix: np.ndarray, i: int) -> float:
    both = matrix[i].sum() + matrix[:, i].sum()
    return float(2 * matrix[i, i] / both) if both else 0.0


def macro_f1(labels: Sequence[str]) -> Metric:
    """Returns the mean of F1 over the labels; a label that neither occurs nor is predicted counts as 0."""
    count = len(labels)

    def finish(total: np.ndarray) -> float:
        matrix = total.reshape(count, count)
        return 100 * float(np.mean([_f1(matrix, i) for i in range(count)]))

    return Metric("macro_f1", _confusion(labels), finish)


def binary_f1(labels: Sequence[str], positive: str) -> Metric:
    """Returns F1 of the positive label."""
    count, index = len(labels), list(labels).index(positive)

    def finish(total: np.ndarray) -> float:
        return 100 * _f1(total.reshape(count, count), index)

    return Metric("f1", _confusion(labels), finish)


def balanced_accuracy(labels: Sequence[str]) -> Metric:
    """Returns the mean recall over the labels that occur: 50 for any constant answer to two of them."""
    count = len(labels)

    def finish(total: np.ndarray) -> float:
        matrix = total.reshape(count, count)
        gold = matrix.sum(axis=1)
        recall = np.diag(matrix)[gold > 0] / gold[gold > 0]
        return 100 * float(recall.mean()) if len(recall) else 0.0

    return Metric("balanced_accuracy", _confusion(labels), finish)


def _moments(predictions: Sequence[Prediction]) -> np.ndarray:
    x = np.array([p.value for p in predictions], np.float64)
    y = np.array([p.target for p in predictions], np.float64)
    # Shifting changes no correlation and saves digits; a constant becomes exactly zero.
    x, y = ((values - values.mean()) * (np.ptp(values) > 0) for values in (x, y))
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def _pearson(total: np.ndarray) -> float:
    n, x, y, xx, yy, xy = total
    spread = (n * xx - x * x) * (n * yy - y * y)
    return 100 * float((n * xy - x * y) / np.sqrt(spread)) if spread > 0 else 0.0


pearson = Metric("pearson", _moments, _pearson)  # of a constant: 0


@lru_cache
def _bleu(tokenize: str) -> "BLEU":
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenize, effective_order=True)  # the order matters to no count below


def bleu(tokenize: str) -> Metric:
    """Computes corpus BLEU by sacrebleu.

    Args:
        tokenize: "13a" for English, "ko-mecab" for Korean (the paper: Moses and MeCab-ko).
    """

    def statistics(predictions: Sequence[Prediction]) -> np.ndarray:
        rows = []
        for p in predictions:
            score = _bleu(tokenize).sentence_score(p.prediction, list(p.answers))
            rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
        return np.array(rows, np.float64).reshape(-1, 10)

    def finish(total: np.ndarray) -> float:
        from sacrebleu.metrics import BLEU

        system, reference, *counts = (round(value) for value in total)
        score = BLEU.compute_bleu(counts[:4], counts[4:], system, reference, smooth_method="exp")
        return float(score.score)

    def about() -> str:
        from sacrebleu.metrics import BLEU

        metric = BLEU(tokenize=tokenize)
        metric.corpus_score(["."], [["."]])
        return str(metric.get_signature())

    return Metric("bleu", statistics, finish, about)
