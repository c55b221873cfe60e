"""Drops documents of low quality, by a classifier of encyclopedia text against crawled text.

The paper filters with logistic regression on BERT features, high-quality encyclopedia documents against crawled
ones. Here the features are 14 counts that a laptop computes at megabytes a second; they say how a text is written, not
what it is about, and nothing of its register: polite endings are no fault. Train your own with
`clova corpus-model --kind quality --data LABELLED.jsonl`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from clova_jax.common.options import option
from clova_jax.corpus.clean.length import SHORT_KINDS
from clova_jax.corpus.clean.linear_model import DenseModel
from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.step import Context, Dropped, Step
from clova_jax.corpus.documents import Document

FEATURES = (
    "hangul", "latin", "digits", "symbols", "jamo", "repeated", "eojeol_length",
    "sentence_length", "spoken_endings", "exclamations", "ellipses",
    "links", "brackets", "line_length",
)  # fmt: skip
SHORTEST = 100  # letters; a shorter text has no style to judge
_SENTENCE = re.compile(r"(?<![.!?…])[.!?…]+(?:\s|$)|\n")
_SPOKEN = re.compile(r"(?:[요죠네냐음임함듯]|는데|거든|잖아|ㅋ|ㅎ)[.!?~^\s]")
_LINK = re.compile(r"https?://|www\.")
_WEIGHTS = Path(__file__).with_name("quality.json")
_SAMPLE = 20_000  # characters that are looked at


@dataclass(frozen=True)
class QualitySettings:
    """Sets the least quality.

    The default drops none: the model in the package, trained on passages and reviews, took good technical blogs for poor ones.
    """

    min_quality: float = option(0.0, least=0, most=1)
    """least quality of documents below tier 1, 0 to 1 (train a model on your own crawl)"""
    quality_model: Path | None = None
    """a trained quality model (clova corpus-model)"""


class Quality(Step):
    """Drops documents below the least quality, but for sources of tier 1 and kinds of one sentence."""

    name = "quality"
    Settings = QualitySettings

    def __init__(self, settings: QualitySettings, context: Context) -> None:
        super().__init__(settings, context)
        self._model = quality_model(settings.quality_model)

    def one(self, document: Document) -> Document | Dropped:
        """Computes the quality."""
        source, least = self.context.source(document), self.settings.min_quality
        if not least or source.tier == 1 or source.kind in SHORT_KINDS:
            return document
        value = quality(document.text, self._model)
        return Dropped("quality", f"{value:.4f}") if value < least else document


def quality_features(text: str) -> list[float]:
    """Computes the features of a text, in the order of `FEATURES`."""
    text = text[:_SAMPLE]
    counts = profile(text)
    visible = max(counts.visible, 1)
    words = max(len(text.split()), 1)
    sentences = max(len(_SENTENCE.findall(text)), 1)
    lines = text.count("\n") + 1
    return [
        counts.hangul / visible,
        counts.latin / visible,
        counts.digits / visible,
        counts.symbols / visible,
        100 * counts.jamo / visible,
        100 * counts.repeated / visible,
        visible / words,
        np.log1p(words / sentences),
        len(_SPOKEN.findall(text)) / sentences,
        text.count("!") / sentences,
        (text.count("..") + text.count("…")) / sentences,
        100 * len(_LINK.findall(text)) / words,
        (text.count("(") + text.count("[")) / sentences,
        np.log1p(len(text) / lines),
    ]


@cache
def quality_model(path: str | Path | None = None) -> DenseModel:
    """Loads the model at `path`, or the one in the package."""
    return DenseModel.load(path or _WEIGHTS, FEATURES)


def quality(text: str, model: DenseModel | None = None) -> float:
    """Computes how like an encyclopedia a text is written, 0 to 1; 1 for a text too short to judge."""
    if not is_long_enough(text):
        return 1.0
    return float((model or quality_model())(quality_features(text)))


def is_long_enough(text: str) -> bool:
    """Checks whether a text has enough letters for its style to be judged."""
    return profile(text[:_SAMPLE]).letters >= SHORTEST


def train_quality(labelled: Iterable[tuple[str, bool]], note: str = "") -> DenseModel:
    """Trains on (text, whether it is of high quality); texts too short to judge are skipped.

    The note of the model holds the cross-validated area under the ROC curve.
    """
    rows, labels = [], []
    for text, good in labelled:
        if is_long_enough(text):
            rows.append(quality_features(text))
            labels.append(good)
    values, truth = np.array(rows, float).reshape(len(rows), len(FEATURES)), np.array(labels, bool)
    trained = {"data": note, "high": int(truth.sum()), "low": int((~truth).sum())}
    model = DenseModel.fit(values, truth, FEATURES, trained)
    trained["roc_auc"] = round(_cross_validated(values, truth), 4)
    return model


def _cross_validated(rows: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if min(labels.sum(), (~labels).sum()) < 5:
        return float("nan")
    machine = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
    )
    return float(cross_val_score(machine, rows, labels, cv=5, scoring="roc_auc").mean())
