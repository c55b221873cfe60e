"""Writes the corpora of a study of corpus sources: pages of rated reviews, the same without stars, other text, all."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json, write_jsonl
from clova_jax.corpus import (
    FORMS,
    Document,
    describe_inputs,
    document_files,
    draw,
    in_forms,
    read_documents,
)

CORPORA = {
    "rated": "pages of one to four reviews of a film, each with its stars",
    "bare": "the same pages without the stars",
    "other": "all other text",
    "all": "half of the rated pages and half of the other text",
}
REVIEWS, STARRED = "film reviews", "film reviews with stars"
MOST_HELD_OUT = 0.05  # share of a source's documents (of films) that no model reads, at most
RATED = FORMS["rated_reviews"]
_STARS = re.compile(r" \(별점 \d+점\)$", re.MULTILINE)
_LABEL = re.compile(r" \((?:긍정|부정)\)$")  # the sample world writes it after a review
_DONE = "corpora.json"


@dataclass(frozen=True)
class Drawing:
    """Says which documents are read and which are held out; it hangs on ids and films alone.

    Args:
        sizes: bytes of text by source.
        megabytes: of a corpus, about; all of it where there is less.
        kilobytes: held out of each source, about, at most.
        seed: of the choice.
    """

    sizes: Counter
    megabytes: float
    kilobytes: float
    seed: int

    def is_held_out(self, document: Document) -> bool:
        """Returns True for a document that no model reads: whole films among the reviews."""
        share = 1e3 * self.kilobytes / self.sizes[source_of_text(document)]
        return self._draw("held out", document) < min(share, MOST_HELD_OUT)

    def is_taken(self, document: Document, part: float = 1.0) -> bool:
        """Returns True for a document that a corpus of this size takes, or one of a part of it."""
        reviews = source_of_text(document) == REVIEWS
        size = sum(n for name, n in self.sizes.items() if (name == REVIEWS) == reviews)
        share = min(1.0, self.megabytes * 1e6 / size)
        return self._draw("corpus", document) < part * share

    def _draw(self, purpose: str, document: Document) -> float:
        return draw(purpose, str(self.seed), film_of(document) or document.id)


def film_of(document: Document) -> str:
    """Returns the film of a review that has stars, "" of any other text."""
    return "" if RATED.lacking(document) else str(document.meta["movie"])


def source_of_text(document: Document) -> str:
    """Returns the source that a document counts under."""
    return REVIEWS if film_of(document) else document.source


def write_corpora(
    data: Path, out: Path, *, megabytes: float, kilobytes: float, seed: int
) -> dict[str, Path]:
    """Writes a folder of documents for each of the `CORPORA`, and `held_out` beside them; once.

    Args:
        data: a folder with documents.
        out: where the folders go.
        megabytes, kilobytes, seed: as of `Drawing`.

    Raises:
        ClovaError: the folder was made from other text or settings; the data have no rated review, or nothing else.
    """
    asked = {"megabytes": megabytes, "kilobytes": kilobytes, "seed": seed}
    asked["inputs"] = describe_inputs(document_files(data))
    folders = {name: out / name for name in CORPORA}
    if (out / _DONE).is_file():
        if read_json(out / _DONE) != asked:
            raise ClovaError(f"{out}: holds corpora of other text or settings; give another --out")
        return folders
    sizes: Counter = Counter()
    for document in read_documents(data):
        sizes[source_of_text(document)] += len(document.text.encode())
    if REVIEWS not in sizes or len(sizes) < 2:
        fields = " and ".join(f"meta.{field}" for field in RATED.needs)
        raise ClovaError(f"{data}: wants reviews that have {fields}, and other text beside them")
    drawing = Drawing(sizes, megabytes, kilobytes, seed)
    read, held_out = _choose(read_documents(data), drawing)
    if not any(map(film_of, held_out)):
        raise ClovaError(f"--kilobytes: {kilobytes:g} hold out no film of {data}; give more")
    _write(out / "held_out", _limited(held_out, kilobytes))
    for name, documents in _corpora(read, drawing).items():
        _write(folders[name], documents)
    write_json(out / _DONE, asked)
    return folders


def read_held_out(out: Path) -> dict[str, list[str]]:
    """Returns the held-out texts by source; a film's reviews stand there with their stars and without."""
    texts: dict[str, list[str]] = defaultdict(list)
    for document in read_documents(out / "held_out"):
        texts[document.source].append(document.text)
    return dict(sorted(texts.items()))


def _choose(
    documents: Iterable[Document], drawing: Drawing
) -> tuple[list[Document], list[Document]]:
    """Returns what is read and what is held out; a film's reviews stand together, without a label in their text."""
    read, held_out = [], []
    for document in documents:
        if not document.text.strip():
            continue
        bare = document
        if film_of(document):
            bare = replace(document, text=_LABEL.sub("", document.text), source=REVIEWS)
        if drawing.is_held_out(document):
            held_out.append(bare)
        elif drawing.is_taken(document):
            read.append(bare)
    return sorted(read, key=film_of), sorted(held_out, key=film_of)


def _corpora(read: list[Document], drawing: Drawing) -> dict[str, list[Document]]:
    other, reviews = _apart(read)
    half = _apart(document for document in read if drawing.is_taken(document, 0.5))
    rated = list(_pages(reviews))
    return {
        "rated": rated,
        "bare": [_without_stars(page) for page in rated],
        "other": other,
        "all": [*_pages(half[1]), *half[0]],
    }


def _apart(documents: Iterable[Document]) -> tuple[list[Document], list[Document]]:
    """Returns the other text and the reviews."""
    sides: tuple[list[Document], list[Document]] = ([], [])
    for document in documents:
        sides[bool(film_of(document))].append(document)
    return sides


def _pages(reviews: Iterable[Document]) -> Iterator[Document]:
    return in_forms(reviews, {RATED.name: 1.0})


def _without_stars(page: Document) -> Document:
    return replace(page, text=_STARS.sub("", page.text))


def _limited(documents: list[Document], kilobytes: float) -> Iterator[Document]:
    """Yields held-out documents up to the limit of each source; pages of reviews without stars, and with."""
    other, reviews = _apart(documents)
    pages = list(_pages(reviews))
    shown = [replace(page, source=STARRED) for page in pages]
    size: Counter = Counter()
    for document in (*map(_without_stars, pages), *shown, *other):
        if size[document.source] < 1e3 * kilobytes:
            size[document.source] += len(document.text.encode())
            yield document


def _write(folder: Path, documents: Iterable[Document]) -> None:
    names = ("id", "text", "source")
    rows = ({name: getattr(document, name) for name in names} for document in documents)
    write_jsonl(folder / "documents.jsonl.zst", rows)
