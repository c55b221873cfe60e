"""Measures how a tokenizer cuts Korean: compression, unknown characters, and boundaries of morphemes.

Boundaries are those between two Hangul syllables of one eojeol. The reference is Kiwi's analysis of whole lines, so
kind morpheme_byte, which uses Kiwi too, is judged by how far eojeols and merges take it from that.
"""

import functools
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from clova_jax.tokenizers import Morphemes, Tokenizer, split_words

_analyser = Morphemes()


@functools.cache  # every tokenizer is measured on the same texts
def reference(text: str) -> tuple[set[int], set[int]]:
    """Returns the byte offsets between two Hangul syllables, and those of them where morphemes meet."""
    lengths = [len(unit.encode()) for unit in next(_analyser.cut_texts([text]))]
    inner = inside_eojeols(text.encode())
    return inner, set(np.cumsum(lengths[:-1]).tolist()) & inner


class Tally:
    """Sums what a tokenizer makes of texts: tokens, unknown characters, morpheme boundaries."""

    def __init__(self) -> None:
        self.bytes = self.tokens = self.eojeols = self.characters = self.lost = 0
        self.boundaries = self.morphemes = self.agreed = 0

    def add(self, text: str, ids: list[int], tokenizer: Tokenizer) -> None:
        """Counts one text."""
        data = text.encode()
        starts, lost = token_starts(data, ids, tokenizer)
        self.bytes += len(data)
        self.tokens += len(ids)
        self.eojeols += len(text.split())
        self.characters += len(text)
        self.lost += lost
        inner, expected = reference(text)
        found = set(starts) & inner
        self.boundaries += len(found)
        self.morphemes += len(expected)
        self.agreed += len(found & expected)

    def merge(self, other: "Tally") -> None:
        """Adds another tally's sums."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def row(self) -> dict[str, Any]:
        """Returns the figures of all texts so far, in the columns of the tokenizer report."""
        found = 100 * self.agreed / self.morphemes if self.morphemes else None
        right = 100 * self.agreed / self.boundaries if self.boundaries else None
        both = self.morphemes + self.boundaries
        return {
            "bytes/token": self.bytes / self.tokens,
            "tokens/eojeol": self.tokens / max(self.eojeols, 1),
            "unknown %": 100 * self.lost / self.characters,
            "boundaries found %": found,
            "boundaries right %": right,
            "boundary F1": 200 * self.agreed / both if both and self.morphemes else None,
        }


def token_starts(data: bytes, ids: list[int], tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Returns where in the text each token begins (bytes), and how many characters are unknown."""
    tokens = list(map(tokenizer.token_bytes().__getitem__, ids))
    if tokenizer.unknown is None or tokenizer.unknown not in ids:
        return np.cumsum([0, *map(len, tokens[:-1])]).tolist(), 0
    starts, at, known, gap = [], 0, 0, 0
    for number, token in zip(ids, tokens, strict=True):
        if number == tokenizer.unknown:
            gap += 1  # at least a byte of the text; the next known token ends it
            starts.append(at)
        else:
            at = data.find(token, at + gap) if gap else at
            starts.append(at)
            at, gap = at + len(token), 0
            known += len(token.decode())
    return starts, len(data.decode()) - known


def inside_eojeols(data: bytes) -> set[int]:
    """Returns the byte offsets between two Hangul syllables."""
    text = data.decode()
    hangul = np.array(["가" <= character <= "힣" for character in text])
    offsets = np.cumsum([0] + [len(character.encode()) for character in text])[:-1]
    return set(offsets[1:][hangul[1:] & hangul[:-1]].tolist()) if len(text) else set()


def disagreement(tokenizer: Tokenizer, plain: Path, texts: Iterable[str]) -> float | None:
    """Computes the percentage of words that the library alone gives other ids.

    Args:
        tokenizer: ours.
        plain: the file that the library reads; None is returned where it is missing.
        texts: to take the words from.
    """
    if not plain.exists():
        return None
    library = tokenizers.Tokenizer.from_file(str(plain))
    library.encode_special_tokens = True
    words = Counter(chain.from_iterable(map(split_words, texts)))
    different = list(words)
    ours, theirs = tokenizer.encode_batch(different), library.encode_batch(different)
    other = sum(
        words[word]
        for word, ids, encoding in zip(different, ours, theirs, strict=True)
        if ids != encoding.ids
    )
    return 100 * other / words.total()
