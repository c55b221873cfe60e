"""Drops toxic documents: by swear words (`profanity`) and by a classifier trained on labelled comments.

The classifier has one output per label set: `hate` of korean-hate-speech (offensive or hate), `unsmile`
(anything but clean), and `toxic`, which pools both and is what the pipeline uses. Weights are
trained where the labelled files are; none are shipped, since UnSmile's licence allows no derivatives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.profanity.softening import profanity_share, soften
from clova_jax.corpus.clean.step import Context, Dropped, Step, with_text
from clova_jax.corpus.documents import Document
from clova_jax.labelled import TRAINING_FILES, has_training_data, read_hate_speech, read_unsmile

if TYPE_CHECKING:
    from clova_jax.corpus.settings import Job

LABELS = ("toxic", "hate", "hateful", "unsmile")
_SEGMENT = 300  # characters judged at a time: the training comments are short
_WAYS = ("drop", "soften", "keep")


@dataclass(frozen=True)
class ToxicitySettings:
    """Sets what is toxic, and what becomes of it.

    `max_toxicity` is the mean probability from which a document is toxic (with a trained model), and
    `max_profanity` the number of swear words over eojeols from which it is profane.
    """

    toxicity: Literal["drop", "soften", "keep"] = "drop"
    """toxic documents. drop: drop them; soften: write milder words first; keep: leave them as
    they are"""
    max_toxicity: float = option(0.95, least=0)
    """probability from which a document is toxic (with a model)"""
    max_profanity: float = option(0.25, least=0)
    """swear words over eojeols from which a document is dropped"""
    toxicity_model: Path | None = None
    """a trained toxicity model (clova corpus-model)"""


class Toxicity(Step):
    """Drops toxic documents, softened before where that is set; a law or a novel (tier 1) is not judged."""

    name = "toxicity"
    Settings = ToxicitySettings

    def __init__(self, settings: ToxicitySettings, context: Context) -> None:
        super().__init__(settings, context)
        if settings.toxicity not in _WAYS:
            raise ClovaError(f"toxicity is {settings.toxicity!r}; one of {', '.join(_WAYS)}")
        path = settings.toxicity_model
        self._model = NgramModel.load(path) if path and settings.toxicity != "keep" else None

    @classmethod
    def prepare(cls, settings: ToxicitySettings, job: "Job", work: Path) -> dict[str, Any]:
        """Trains the model, where documents are dropped, none is given and labelled comments are there."""
        if settings.toxicity != "drop" or settings.toxicity_model or job.safety is None:
            return {}
        if not has_training_data(job.safety):
            raise ClovaError(
                f"{job.safety}: the training files of korean-hate-speech and UnSmile are not there"
            )
        path = job.out / "models" / "toxicity.safetensors"
        if not path.is_file():
            train_toxicity(job.safety).save(path)
        return {"toxicity_model": path}

    @classmethod
    def warning(cls, settings: ToxicitySettings) -> str | None:
        """Warns where documents are dropped for their swear words alone."""
        if settings.toxicity != "drop" or settings.toxicity_model:
            return None
        return "no toxicity model: only swear words were looked for (give --safety)"

    def one(self, document: Document) -> Document | Dropped:
        """Judges one document."""
        return self.many([document])[0]

    def many(self, documents: Sequence[Document]) -> list[Document | Dropped]:
        """Judges all documents in one call of the model, which is faster."""
        results = [self._without_model(document) for document in documents]
        if self._model is None:
            return results
        texts = list(dict.fromkeys(r.text for r in results if self._is_judged(r)))
        values = dict(zip(texts, toxicity(texts, self._model).tolist(), strict=True))
        return [
            Dropped("toxicity", f"{values[result.text]:.2f}")
            if self._is_judged(result) and values[result.text] >= self.settings.max_toxicity
            else result
            for result in results
        ]

    def _is_judged(self, result: Document | Dropped) -> bool:
        return isinstance(result, Document) and self.context.source(result).tier > 1

    def _without_model(self, document: Document) -> Document | Dropped:
        """Softens the document, where that is set, and judges its swear words."""
        if self.settings.toxicity == "keep" or not self._is_judged(document):
            return document
        if self.settings.toxicity == "soften":
            text, changed = soften(document.text)
            if changed:
                self.changes["changed"] += 1
                self.changes["softened words"] += changed
                document = with_text(document, text)
        share = profanity_share(document.text)
        if share >= self.settings.max_profanity:
            return Dropped("profanity", f"{share:.2f} of the eojeols")
        return document


def train_toxicity(safety: str | Path) -> NgramModel:
    """Trains on the official training files of korean-hate-speech and UnSmile.

    Args:
        safety: the folder that holds `korean-hate-speech/` and `korean_unsmile_dataset/`.

    Raises:
        ClovaError: a file is missing or has other columns.
    """
    safety = Path(safety)
    comments = read_hate_speech(safety / TRAINING_FILES[0][0], TRAINING_FILES[0][1])
    sentences = read_unsmile(safety / TRAINING_FILES[1][0], TRAINING_FILES[1][1])
    texts = [text for text, _ in comments] + [text for text, _ in sentences]
    labels = np.full((len(texts), len(LABELS)), -1, np.int8)
    for row, (_, hate) in enumerate(comments):
        labels[row, :3] = hate != "none", hate != "none", hate == "hate"
    for row, (_, toxic) in enumerate(sentences, len(comments)):
        labels[row, 0] = labels[row, 3] = toxic
    return NgramModel.fit(texts, labels, LABELS)


def toxicity(texts: Sequence[str], model: NgramModel) -> np.ndarray:
    """Returns float[n]: the mean probability of being toxic over segments of 300 characters, 0 to 1."""
    segments, counts = [], []
    for text in texts:
        cut = [text[at : at + _SEGMENT] for at in range(0, len(text), _SEGMENT)] or [""]
        segments += cut
        counts.append(len(cut))
    if not segments:
        return np.zeros(0)
    values = model(segments)[:, 0]
    ends = np.cumsum(counts)
    return np.add.reduceat(values, ends - counts) / np.array(counts)
