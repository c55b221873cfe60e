"""Maps characters to ids: the alphabet of a character model.

A text is its characters after `END`, which also ends it.
"""

import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt16

END, UNKNOWN = 0, 1  # ids that stand for no character of the alphabet
SHOWN_UNKNOWN = "\ufffd"


@dataclass(frozen=True)
class Alphabet:
    """Maps characters to ids from 2; 0 ends a text, 1 stands for any other character.

    Args:
        characters: the most frequent ones, in the order of their ids.
    """

    characters: str

    @classmethod
    def of(cls, texts: Iterable[str], most: int) -> "Alphabet":
        """Takes the `most` most frequent characters of texts; equals are ordered by their code points."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        return cls("".join(sorted(counts, key=lambda c: (-counts[c], c))[:most]))

    @property
    def size(self) -> int:
        """Returns the number of ids."""
        return 2 + len(self.characters)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters, 2)}

    def encode(self, text: str) -> UInt16[np.ndarray, "n"]:
        """Returns the ids of a text, without an end."""
        ids = self._ids
        return np.fromiter((ids.get(c, UNKNOWN) for c in text), np.uint16, len(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of ids; an unknown character is shown as U+FFFD, an end as nothing."""
        return "".join(("", SHOWN_UNKNOWN, *self.characters)[i] for i in ids)
