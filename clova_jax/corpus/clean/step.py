"""Defines a step of cleaning: what it gets, what it returns, and what it may say about its settings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clova_jax.corpus.clean import privacy
from clova_jax.corpus.documents import Document
from clova_jax.corpus.sources import Registry, Source, source_of

if TYPE_CHECKING:
    from clova_jax.corpus.settings import Job


@dataclass(frozen=True, slots=True)
class Dropped:
    """Says why a document was dropped.

    Args:
        reason: a name to count by.
        detail: the figure or the words that decided.
    """

    reason: str
    detail: str = ""


class Context:
    """Holds what all steps of one cleaner share.

    Args:
        registry: the user's sources (`read_sources`).
        masked: whether texts for the reports are masked, as the documents are.
    """

    def __init__(self, registry: Registry, masked: bool) -> None:
        self._registry, self._masked = registry, masked
        self._known: dict[str, Source] = {}

    def source(self, document: Document) -> Source:
        """Returns kind and tier of a document's source."""
        name = document.source
        if name not in self._known:
            self._known[name] = source_of(name, self._registry)
        return self._known[name]

    def excerpt(self, text: str, length: int) -> str:
        """Returns the first `length` characters of a text for the reports, masked where documents are."""
        return privacy.excerpt(text, length) if self._masked else text[:length]


@dataclass(frozen=True)
class NoSettings:
    """Marks a step that has no settings."""


class Step:
    """Cleans documents: returns each one, changed or not, or `Dropped`.

    A subclass lies in a file of its own in `clova_jax/corpus/clean/`, sets `name`, defines `one`, and has a line in
    `clova_jax/corpus/clean/steps.py`. Its `Settings`, a frozen dataclass whose fields are made by `option`, become
    flags of `clova corpus`; a setting of type `Path` names a file that the step reads.

    Attributes:
        name: for `--steps`, counts and reports.
        by_default: whether the step runs where `--steps` does not say.
        Settings: the step's own settings.
        settings: those of all steps (`Cleaning`), the step's own among them.
        context: what all steps share.
        changes: counts of what the step changed in the documents at hand, by a name for the report.
    """

    name: ClassVar[str]
    by_default: ClassVar[bool] = True
    Settings: ClassVar[type] = NoSettings
    settings: Any

    def __init__(self, settings: Any, context: Context) -> None:
        self.settings, self.context = settings, context
        self.changes: Counter[str] = Counter()

    def one(self, document: Document) -> Document | Dropped:
        """Cleans one document."""
        raise NotImplementedError

    def many(self, documents: Sequence[Document]) -> list[Document | Dropped]:
        """Cleans some documents; a step overrides this where it is faster on many at once."""
        return [self.one(document) for document in documents]

    @classmethod
    def prepare(cls, settings: Any, job: "Job", work: Path) -> dict[str, Any]:
        """Makes, once a run, the files that the step needs; returns the settings that name them.

        Args:
            settings: of all steps.
            job: the run.
            work: a folder that is removed when the run has finished.
        """
        return {}

    @classmethod
    def warning(cls, settings: Any) -> str | None:
        """Returns a line for the report where the step can do only part of its work, else None."""
        return None


def with_text(document: Document, text: str) -> Document:
    """Returns the document with another text."""
    return Document(text, document.id, document.source, document.meta)
