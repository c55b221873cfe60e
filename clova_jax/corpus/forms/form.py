"""Defines a form: how the pages of one kind of site show what they know beside the text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clova_jax.corpus.documents import Document


@dataclass(frozen=True)
class Form:
    """Describes how documents become the text of a page.

    Args:
        name: what `--forms` calls it.
        kinds: kinds of sources (`corpus.sources.KINDS`) whose documents it may take.
        needs: a check for each field of `meta` that it shows.
        render: (documents of one page) -> the page's text.
        together: the field of `meta` that documents of one page share; None: any neighbours of one source.
        most: documents a page at most; a page holds 1 to `most` of them.
    """

    name: str
    kinds: tuple[str, ...]
    needs: dict[str, Callable[[Any], bool]]
    render: Callable[[Sequence[Document]], str]
    together: str | None = None
    most: int = 1

    def lacking(self, document: Document) -> list[str]:
        """Returns the fields that the form shows and the document's `meta` lacks, or has something else in."""
        return [field for field, check in self.needs.items() if not check(document.meta.get(field))]

    def fits(self, document: Document, kind: str) -> bool:
        """Checks whether a document of a source of that kind has all that the form shows."""
        return kind in self.kinds and not self.lacking(document)


def draw(*words: str) -> float:
    """Returns a number from 0 to below 1 that hangs on the words alone."""
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def is_text(value: Any) -> bool:
    """Checks whether a field of `meta` is a text that can be shown."""
    return isinstance(value, str) and bool(value.strip())
