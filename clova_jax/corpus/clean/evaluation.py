"""Takes passages of evaluation sets out of the training text."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clova_jax.common.progress import progress
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.clean.length import LengthSettings, too_short
from clova_jax.corpus.clean.step import Context, Dropped, Step, with_text
from clova_jax.corpus.documents import Document

if TYPE_CHECKING:
    from clova_jax.corpus.settings import Job


@dataclass(frozen=True)
class EvaluationSettings(LengthSettings):
    """Names the index of the evaluation sets (made by `prepare`), and says when too little of a text is left."""

    evaluation_index: Path | None = None
    """an index of evaluation sets (default: made of --evaluation)"""


class Evaluation(Step):
    """Takes out what stands in an evaluation set; drops a document that loses more than half."""

    name = "evaluation"
    Settings = EvaluationSettings

    def __init__(self, settings: EvaluationSettings, context: Context) -> None:
        super().__init__(settings, context)
        path = settings.evaluation_index
        self._index = EvaluationIndex.load(path) if path else None

    @classmethod
    def prepare(cls, settings: EvaluationSettings, job: "Job", work: Path) -> dict[str, Any]:
        """Indexes the evaluation files of the run."""
        if settings.evaluation_index or not job.evaluation:
            return {}
        path = work / "evaluation.npz"
        if not path.is_file():
            files = progress(job.evaluation, desc="index evaluation sets", unit=" files")
            EvaluationIndex.of_files(files).save(path)
        return {"evaluation_index": path}

    @classmethod
    def warning(cls, settings: EvaluationSettings) -> str | None:
        """Warns where no evaluation set was given."""
        if settings.evaluation_index:
            return None
        return "no evaluation sets were given: none was taken out (give --evaluation)"

    def one(self, document: Document) -> Document | Dropped:
        """Looks the document's words up in the index."""
        if self._index is None:
            return document
        text, matched = self._index.remove(document.text)
        if not matched:
            return document
        self.changes["passages"] += len(matched)
        if text is None or too_short(text, self.settings.min_letters_short):
            return Dropped("evaluation_set", self.context.excerpt(matched[0], 80))
        self.changes["changed"] += 1
        return with_text(document, text)
