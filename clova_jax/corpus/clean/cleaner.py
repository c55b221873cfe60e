"""The map steps of the pipeline: each a plain function from a document to a document or a reason.

A step takes a document and a counter (for what it changed) and returns the document, changed or not,
or `Dropped` with its reason. `Cleaner` runs them in order.
"""

import contextlib
import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean import privacy, rules
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.clean.language import language
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.normalize import normalize
from clova_jax.corpus.clean.profanity.softening import profanity_share, soften
from clova_jax.corpus.clean.quality import quality, quality_model
from clova_jax.corpus.clean.spam import spam
from clova_jax.corpus.clean.toxicity import toxicity
from clova_jax.corpus.documents import Document
from clova_jax.corpus.read.core_region import core_model, core_text
from clova_jax.corpus.read.dialogue import dialogue_text, form_of, number_speakers
from clova_jax.corpus.read.html import html_text, html_title, html_tree
from clova_jax.corpus.read.kin import kin_text
from clova_jax.corpus.sources import Source, prefix, read_sources, source_of


@dataclass(frozen=True, slots=True)
class Dropped:
    """A document that goes, and why.

    Args:
        reason: a name to count by.
        detail: the figure or the words that decided.
    """

    reason: str
    detail: str = ""


FAILED = "failed"  # the reason of a document that a step could not deal with

Step = Callable[[Document, Counter], "Document | Dropped"]

STEPS = (
    "extract",
    "normalize",
    "title",
    "length",
    "repetition",
    "language",
    "spam",
    "quality",
    "evaluation",  # before any step that changes words
    "toxicity",
    "privacy",
    "prefix",
)
_SHORTEST = 6  # characters of an identifier: a@b.kr
_SHORT_KINDS = ("comments", "news", "kin", "modu")  # kinds whose documents may be one sentence


@dataclass(frozen=True)
class Cleaning:
    """What the steps do; the defaults were tuned by reading drops of 305 MB of Korean text.

    Args:
        steps: which run, always in the order of `STEPS`.
        languages: kept; `und` are texts with too few letters to tell.
        lowest_tier: sources of a higher number go.
        min_letters: of a document.
        min_letters_short: of a comment, a headline, an answer or a spoken exchange.
        max_characters: a longer document is a dump.
        min_quality: of documents below tier 1 that are not comments, 0 to 1; 0 drops none, for the model in the
            package, trained on passages and reviews, took good technical blogs for poor ones.
        toxicity: `drop` a toxic document; `soften` its swear words first and judge what is then there; or
            `keep` it as it is.
        max_toxicity: mean probability from which a document is toxic (with a trained model).
        max_profanity: swear words over eojeols from which it is profane.
        keep_parts: privacy keeps what identifies nobody beside its tag.
        prefix: whether documents begin with their source and category.
        core: whether HTML is cut to its core region.
        quality_model: file, or None for the one in the package.
        core_model: file, or None for the one in the package.
        toxicity_model: file, or None to judge by swear words alone.
        evaluation_index: file written by `EvaluationIndex.save`, or None.
        sources: file of a registry, or None.
    """

    steps: tuple[str, ...] = tuple(name for name in STEPS if name != "prefix")
    languages: tuple[str, ...] = ("ko",)
    lowest_tier: int = 3
    min_letters: int = 20
    min_letters_short: int = 6
    max_characters: int = 3_000_000
    min_quality: float = 0.0
    toxicity: str = "drop"
    max_toxicity: float = 0.95
    max_profanity: float = 0.25
    keep_parts: bool = False
    core: bool = True
    quality_model: str | None = None
    core_model: str | None = None
    toxicity_model: str | None = None
    evaluation_index: str | None = None
    sources: str | None = None

    def __post_init__(self) -> None:
        for name in self.steps:
            if name not in STEPS:
                raise ClovaError(f"no step {name!r}; there are: {', '.join(STEPS)}")
        if self.toxicity not in ("drop", "soften", "keep"):
            raise ClovaError(f"toxicity is {self.toxicity!r}; one of drop, soften, keep")


class Cleaner:
    """The steps in order, with their models loaded.

    Args:
        cleaning: what they do.
    """

    def __init__(self, cleaning: Cleaning) -> None:
        self.cleaning = cleaning
        self.sources = read_sources(cleaning.sources)
        self._known: dict[str, Source] = {}
        self._scores: dict[str, float] = {}
        self.steps: list[tuple[str, Step]] = [
            (name, getattr(self, "_" + name)) for name in STEPS if name in cleaning.steps
        ]
        if "quality" in cleaning.steps:
            self._quality_model = quality_model(cleaning.quality_model)
        self._toxicity_model = (
            NgramModel.load(cleaning.toxicity_model)
            if cleaning.toxicity_model
            and "toxicity" in cleaning.steps
            and cleaning.toxicity != "keep"
            else None
        )
        self._index = (
            EvaluationIndex.load(Path(cleaning.evaluation_index))
            if cleaning.evaluation_index and "evaluation" in cleaning.steps
            else None
        )

    def excerpt(self, text: str, length: int) -> str:
        """Returns the beginning of a text for the reports, masked where the documents are."""
        masked = "privacy" in self.cleaning.steps
        return privacy.excerpt(text, length) if masked else text[:length]

    def source(self, document: Document) -> Source:
        """What the registry knows of a document's source."""
        name = document.source
        if name not in self._known:
            self._known[name] = source_of(name, self.sources)
        return self._known[name]

    def __call__(
        self, document: Document, counts: dict[str, Counter]
    ) -> tuple[str, Document | Dropped]:
        """Runs the steps.

        Args:
            document: as it was read.
            counts: by step, what it changed; added to.

        Returns:
            The name of the last step that ran, and what it returned.
        """
        return self._run(document, counts, self.steps)

    def _run(
        self, document: Document, counts: dict[str, Counter], steps: list[tuple[str, Step]]
    ) -> tuple[str, Document | Dropped]:
        name = "read"
        if len(document.text) > self.cleaning.max_characters:
            return name, Dropped("too_long", f"{len(document.text):,} characters")
        if self.source(document).tier > self.cleaning.lowest_tier:
            return name, Dropped("tier", str(self.source(document).tier))
        for name, step in steps:
            try:
                result = step(document, counts[name])
            except ClovaError:  # of the settings: a model that cannot be loaded
                raise
            except Exception as error:  # whatever a record holds, the others go on
                return name, Dropped(FAILED, f"{type(error).__name__}: {error}"[:200])
            if isinstance(result, Dropped):
                return name, result
            document = result
        return name, document

    def many(
        self, documents: list[Document], counts: dict[str, Counter]
    ) -> list[tuple[str, Document | Dropped]]:
        """The same for many documents: toxicity is then judged for all at once, which is faster."""
        if self._toxicity_model is None:
            return [self(document, counts) for document in documents]
        at = [name for name, _ in self.steps].index("toxicity")
        first, second = self.steps[:at], self.steps[at:]
        results = [self._run(document, counts, first) for document in documents]
        self._scores = {}
        texts = list(
            dict.fromkeys(
                self._judged(result)
                for _, result in results
                if isinstance(result, Document) and self.source(result).tier > 1
            )
        )
        with contextlib.suppress(Exception):  # one odd text: each is then judged by itself
            self._scores = dict(zip(texts, toxicity(texts, self._toxicity_model), strict=True))
        return [
            (name, result) if isinstance(result, Dropped) else self._run(result, counts, second)
            for name, result in results
        ]

    def _extract(self, document: Document, counts: Counter) -> Document | Dropped:
        """HTML, question threads and dialogues become text."""
        meta = document.meta
        if meta.get("format") == "html":
            tree = html_tree(document.text, counts)
            title = html_title(tree)
            if self.cleaning.core and not meta.get("whole"):
                text = core_text(tree, core_model(self.cleaning.core_model))
            else:
                text = html_text(tree)
            counts["html"] += 1
            meta = meta | {"format": "text"}
            if title:
                meta.setdefault("title", title)
            if not text:
                return Dropped("no_core_region", title)
            return Document(text, document.id, document.source, meta)
        if isinstance(meta.get("answers"), list):
            thread = kin_text(document.text, meta["answers"], meta.get("details"))
            if thread is None:
                return Dropped("no_trusted_answer", f"{len(meta['answers'])} answers")
            counts["question"] += 1
            rest = {key: value for key, value in meta.items() if key not in ("answers", "details")}
            return Document(thread, document.id, document.source, rest)
        if isinstance(meta.get("utterances"), list):
            counts["dialogue"] += 1
            unusable = sum(not form_of(utterance) for utterance in meta["utterances"])
            if unusable:
                counts["utterances without text"] += unusable
            rest = {key: value for key, value in meta.items() if key != "utterances"}
            return Document(dialogue_text(meta["utterances"]), document.id, document.source, rest)
        if meta.get("dialogue") is True:
            return _with_text(document, number_speakers(document.text))
        return document

    def _normalize(self, document: Document, counts: Counter) -> Document | Dropped:
        # The parser of HTML has resolved what was an entity there.
        text = normalize(document.text, counts, entities=document.meta.get("format") != "text")
        if text == document.text:
            return document
        if not text:
            return Dropped("empty")
        counts["changed"] += 1
        return _with_text(document, text)

    def _title(self, document: Document, counts: Counter) -> Document | Dropped:
        title = document.meta.get("title")
        title = title if isinstance(title, str) else None
        text, removed = rules.drop_repeated_title(document.text, title)
        if not removed:
            return document
        counts["changed"] += 1
        return _with_text(document, text)

    def _length(self, document: Document, counts: Counter) -> Document | Dropped:
        short = self.source(document).kind in _SHORT_KINDS or document.text.startswith("질문: ")
        least = self.cleaning.min_letters_short if short else self.cleaning.min_letters
        reason = rules.too_short(document.text, least)
        return Dropped("short", reason) if reason else document

    def _repetition(self, document: Document, counts: Counter) -> Document | Dropped:
        reason = rules.repetition(document.text)
        if reason:
            name, _, detail = reason.partition(": ")
            return Dropped(f"repeated_{name}", detail)
        listed = rules.word_list(document.text)
        return Dropped("word_list", listed) if listed else document

    def _language(self, document: Document, counts: Counter) -> Document | Dropped:
        name = language(document.text)
        return document if name in self.cleaning.languages else Dropped("language", name)

    def _spam(self, document: Document, counts: Counter) -> Document | Dropped:
        if self.source(document).tier == 1:
            return document
        reason = spam(document.text, document.meta)
        return Dropped("spam", reason) if reason else document

    def _quality(self, document: Document, counts: Counter) -> Document | Dropped:
        source = self.source(document)
        if not self.cleaning.min_quality or source.tier == 1 or source.kind in _SHORT_KINDS:
            return document
        value = quality(document.text, self._quality_model)
        return Dropped("quality", f"{value:.4f}") if value < self.cleaning.min_quality else document

    def _judged(self, document: Document) -> str:
        """The text that the toxicity step judges, and leaves: softened where that is asked for."""
        return soften(document.text)[0] if self.cleaning.toxicity == "soften" else document.text

    def _toxicity(self, document: Document, counts: Counter) -> Document | Dropped:
        if self.cleaning.toxicity == "keep" or self.source(document).tier == 1:
            return document  # a law or a novel may name what a comment may not
        if self.cleaning.toxicity == "soften":
            text, changed = soften(document.text)
            if changed:
                counts["changed"] += 1
                counts["softened words"] += changed
                document = _with_text(document, text)
        share = profanity_share(document.text)
        if share >= self.cleaning.max_profanity:
            return Dropped("profanity", f"{share:.2f} of the eojeols")
        if self._toxicity_model is not None:
            value = self._scores.get(document.text)
            if value is None:
                value = float(toxicity([document.text], self._toxicity_model)[0])
            if value >= self.cleaning.max_toxicity:
                return Dropped("toxicity", f"{value:.2f}")
        return document

    def _evaluation(self, document: Document, counts: Counter) -> Document | Dropped:
        if self._index is None:
            return document
        text, matched = self._index.remove(document.text)
        if not matched:
            return document
        counts["passages"] += len(matched)
        if text is None or rules.too_short(text, self.cleaning.min_letters_short):
            return Dropped("evaluation_set", self.excerpt(matched[0], 80))
        counts["changed"] += 1
        return _with_text(document, text)

    def _privacy(self, document: Document, counts: Counter) -> Document | Dropped:
        text, found = privacy.mask(document.text, self.cleaning.keep_parts)
        # The title and the category go into the prefix; all of the rest is written beside the text.
        meta = {key: self._masked(value, found) for key, value in document.meta.items()}
        if not found:
            return document
        counts["changed"] += 1
        for finding in found:
            counts[finding.type] += 1
        return Document(text, document.id, document.source, meta)

    def _masked(self, value: Any, found: list[privacy.Finding]) -> Any:
        """A value of a document's `meta`, masked; adds what was found."""
        if isinstance(value, str) and len(value) >= _SHORTEST:
            value, here = privacy.mask(value, self.cleaning.keep_parts)
            found += here
        elif isinstance(value, dict):
            return {key: self._masked(part, found) for key, part in value.items()}
        elif isinstance(value, list):
            return [self._masked(part, found) for part in value]
        return value

    def _prefix(self, document: Document, counts: Counter) -> Document | Dropped:
        counts["changed"] += 1
        line = prefix(self.source(document).kind, document.meta)
        return _with_text(document, f"{line}\n{document.text}")


def _with_text(document: Document, text: str) -> Document:
    return Document(text, document.id, document.source, document.meta)


@functools.lru_cache(maxsize=1)
def cleaner(cleaning: Cleaning) -> Cleaner:
    """The cleaner of some settings, its models loaded once a process."""
    return Cleaner(cleaning)
