"""Defines queries: healthy ones, broken ones, and what a rewriter is asked."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clova_jax.common.errors import ClovaError

LONGEST = 100  # characters of a query


@dataclass(frozen=True)
class Query:
    """Holds a healthy query, one that finds the page it was made for.

    Args:
        text: two or three words.
        page: the number of that page.
        previous: another healthy query for the same page, asked before; empty where there is none.
        value: the fact that the query states, a part of its text; empty where it states none.
        others: facts of the same kind from other pages, which may stand in its place.
    """

    text: str
    page: int
    previous: str = ""
    value: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """Holds what a rewriter is asked.

    Args:
        text: the query as it was typed.
        previous: the query before it; empty where there was none.
    """

    text: str
    previous: str = ""


@dataclass(frozen=True)
class Broken:
    """Holds a healthy query and what became of it.

    Args:
        kind: of the damage, as in `BREAKERS`; `healthy` where there is none.
        query: the healthy one.
        text: as it was typed.
    """

    kind: str
    query: Query
    text: str

    @property
    def asked(self) -> Asked:
        """Returns what a rewriter sees of it."""
        return Asked(self.text, self.query.previous)


class Rewriter(Protocol):
    """Rewrites queries."""

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns each query as it should have been typed; unchanged where nothing better is known."""


def is_query(text: str) -> bool:
    """Returns True if a text may be a query: some letter or digit, not too long."""
    return len(text) <= LONGEST and any(map(str.isalnum, text))


def clean(text: str) -> str:
    """Returns a query in NFC, its words with a space between them.

    Raises:
        ClovaError: it has no letter or digit, or is too long for a query.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if len(text) > LONGEST:
        raise ClovaError(f"query of {len(text):,} characters; give {LONGEST} at most")
    if not any(map(str.isalnum, text)):
        raise ClovaError(f"query {text!r}: no letter or digit; give a word to look for")
    return text


def or_typed(answer: str, asked: Asked) -> str:
    """Returns an answer as a query; what was typed where the answer is none."""
    return clean(answer) if is_query(answer) else asked.text
