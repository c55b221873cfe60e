"""Removes lines that repeat a document's title."""

import re

from clova_jax.corpus.clean.step import Dropped, Step, with_text
from clova_jax.corpus.documents import Document


class Title(Step):
    """Removes lines that repeat the title of the metadata, or else the first line."""

    name = "title"

    def one(self, document: Document) -> Document | Dropped:
        """Compares each line with the title."""
        title = document.meta.get("title")
        title = title if isinstance(title, str) else None
        text, removed = drop_repeated_title(document.text, title)
        if not removed:
            return document
        self.changes["changed"] += 1
        return with_text(document, text)


def drop_repeated_title(text: str, title: str | None = None) -> tuple[str, int]:
    """Removes lines that repeat the title (of the metadata, or else the first line).

    Returns:
        The text, and how many lines were removed.
    """
    first, newline, body = text.partition("\n")
    title = _plain(title or first)
    if not newline or len(title) < 8:
        return text, 0
    kept, removed = [], 0
    for line in body.split("\n"):
        if len(line) < 2 * len(title) + 8 and _plain(line) == title:
            removed += 1
        else:
            kept.append(line)
    return (first + "\n" + "\n".join(kept).strip("\n"), removed) if removed else (text, 0)


_NOT_WORDS = re.compile(r"[\W_]+")


def _plain(line: str) -> str:
    return _NOT_WORDS.sub("", line)
