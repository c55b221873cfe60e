"""Defines what of a text BM25 counts: pairs of characters, morphemes, or words; letters of any case are one."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clova_jax.tokenizers import Morphemes

Features = Callable[[Iterable[str]], Iterator[list[str]]]

_words = re.compile(r"\w+").findall


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def bigrams(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yields the pairs of neighbouring letters and digits of each text, across spaces: Korean is spaced in many ways."""
    for text in texts:
        letters = "".join(_words(_plain(text)))
        yield [letters[at : at + 2] for at in range(max(len(letters) - 1, min(len(letters), 1)))]


def morphemes(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yields the morphemes of each text that have a letter or digit, as Kiwi cuts them."""
    for parts in _analyser().cut_texts(map(_plain, texts)):
        yield [word for part in parts for word in _words(part)]


def words(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yields what stands between spaces and punctuation."""
    for text in texts:
        yield _words(_plain(text))


@functools.cache
def _analyser() -> "Morphemes":
    from clova_jax.tokenizers import Morphemes  # here: the analyser takes seconds to load

    return Morphemes()


FEATURES: dict[str, Features] = {"bigrams": bigrams, "morphemes": morphemes, "words": words}
