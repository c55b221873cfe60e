"""Finds pages as a strict search engine does: a page must hold every content morpheme of a query."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from clova_jax.apps.queries.query import clean
from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers import kiwi

# Kiwi's tags of what says nothing alone: particles, endings, affixes, copulas, auxiliaries, bound nouns, pronouns.
_EMPTY = ("J", "E", "X", "VC", "VX", "NNB", "NP")
_SYMBOLS = ("S", "W")  # letters among them count: Latin, Hanja, digits, stray Hangul
_NOUNS = ("NNG", "NNP", "NR", "SL", "SH", "SN", "XPN")
_PARTS_OF_NOUNS = (*_NOUNS, "NNB", "XSN", "XR")


def _is_content(token: Any) -> bool:
    if token.tag.startswith(_SYMBOLS):
        return any(map(str.isalnum, token.form))
    return not token.tag.startswith(_EMPTY) or token.tag == "XR"


def content(texts: Sequence[str]) -> Iterator[set[str]]:
    """Yields the content morphemes of each text, as Kiwi finds them."""
    for tokens in kiwi().tokenize(texts):
        yield {token.form.lower() for token in tokens if _is_content(token)}


def content_words(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yields the words of each text that name something, each without its particles."""
    for text, tokens in zip(texts, kiwi().tokenize(texts), strict=True):
        words: list[str] = []
        end, is_open, starts = 0, False, True  # of the last token; in a word; a word may begin here
        for token in tokens:
            surface = text[token.start : token.start + token.len]
            follows = is_open and token.start == end
            if follows and token.tag.startswith(_PARTS_OF_NOUNS):
                words[-1] += surface
            elif token.tag.startswith(_NOUNS) and (token.start > end or starts):
                words.append(surface)
                is_open = True
            else:
                is_open = False
            starts = token.tag.startswith(_SYMBOLS) and not is_open  # a bracket opens a word too
            end = token.start + token.len
        yield words


class Engine:
    """Finds the pages that hold all content morphemes of a query.

    Args:
        pages: their texts.

    Raises:
        ClovaError: there are no pages.
    """

    def __init__(self, pages: Sequence[str]) -> None:
        if not any(map(str.strip, pages)):
            raise ClovaError("search engine: no page has a text; give one or more")
        self._pages: dict[str, set[int]] = {}  # by morpheme
        for number, found in enumerate(content(pages)):
            for morpheme in found:
                self._pages.setdefault(morpheme, set()).add(number)

    def find(self, query: str) -> set[int]:
        """Returns the numbers of the pages.

        Raises:
            ClovaError: as `clean`.
        """
        return self.find_all([query])[0]

    def find_all(self, queries: Sequence[str]) -> list[set[int]]:
        """Returns the numbers of the pages of each query."""
        found = content([clean(query) for query in queries])
        return [
            reduce(set.intersection, (self._pages.get(one, set()) for one in some))
            if some
            else set()
            for some in found
        ]
