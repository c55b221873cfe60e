"""Writes the sample's sentences: seeded choices, templates with particles, registers, noise."""

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from clova_jax.common.hangul import compose, is_syllable, split
from clova_jax.sample.hangul import conjugate, josa
from clova_jax.sample.lexicon import Lexicon

T = TypeVar("T")

REGISTERS = ("plain", "polite", "formal", "casual", "clipped")
"""해라체, 해요체, 합쇼체, 해체, 음슴체."""

_PAST = {
    "plain": ("었다",),
    "polite": ("었어요", "었네요", "었어요", "었답니다"),
    "formal": ("었습니다",),
    "casual": ("었어", "었지", "었네"),
    "clipped": ("었음",),
    "easy": ("었어요",),
}
_PRESENT = {
    "polite": ("어요", "네요", "더라고요", "어요"),
    "formal": ("ㅂ니다",),
    "casual": ("어", "네", "더라"),
    "clipped": ("ㅁ",),
    "easy": ("어요",),
}
_SLOT = re.compile(r"\{(\w+?)(?::([가-힣]+))?\}")


_BREAK = re.compile(r"(?<=[.!?~ㅋㅎㅠㅜ^])\s+|\n+")


def sentences(text: str) -> list[str]:
    """Splits a text into sentences at line ends and at spaces after a mark that ends a sentence."""
    return [piece for piece in _BREAK.split(text) if piece]


@cache
def _parts(template: str) -> tuple[tuple[str, str, str], ...]:
    """`(text before, name, particle)` of every slot, and the tail with an empty name."""
    parts, start = [], 0
    for match in _SLOT.finditer(template):
        parts.append((template[start : match.start()], match[1], match[2] or ""))
        start = match.end()
    return (*parts, (template[start:], "", ""))


def fill(template: str, **values: str) -> str:
    """Fills `{name}` and `{name:은}`; the latter takes the particle's form that fits the value."""
    out = []
    for text, name, particle in _parts(template):
        out.append(text)
        if name:
            value = values[name]
            out.append(josa(value, particle) if particle else value)
    return "".join(out)


def is_stative(stem: str, part: str) -> bool:
    """Checks whether the plain present is 다 (adjectives, nouns, 있다, 없다), not ㄴ다."""
    return part in "an" or stem[-1] in "있없겠"


def circumstance(stem: str, part: str) -> str:
    """Returns the ending ㄴ데 or 는데, whichever fits the stem."""
    return "ㄴ데" if part in "an" and stem[-1] not in "있없겠" else "는데"


def adnominal(stem: str, part: str, irregular: str) -> str:
    """Returns the present form before a noun: 좋은, 재미있는, 빛나는."""
    plain = part in "an" and stem[-1] not in "있없"
    return conjugate(stem, "ㄴ" if plain else "는", irregular)


class Pen:
    """Makes seeded choices over one lexicon, and remembers what was written.

    Two pens with the same seed write the same. `written` may be shared: `fresh` avoids what it
    holds, so sentences rarely repeat and held-out texts never turn up elsewhere.
    """

    def __init__(self, seed: str, lexicon: Lexicon, written: set[str], held_out: set[str]) -> None:
        self.random = random.Random(seed)
        self.lexicon = lexicon
        self.written = written
        self.held_out = held_out

    def chance(self, share: float) -> bool:
        """Returns True with probability `share`."""
        return self.random.random() < share

    def one(self, items: Sequence[T]) -> T:
        """Draws one item, all equally likely."""
        return items[int(self.random.random() * len(items))]

    def common(self, items: Sequence[T], power: float = 1.5) -> T:
        """Draws one item; early ones more often."""
        return items[int(self.random.random() ** power * len(items))]

    def word(self, group: str) -> str:
        """Draws a word of a noun class."""
        return self.one(self.lexicon.nouns[group])

    def count(self, low: int, high: int) -> int:
        """Draws an integer from `low` to `high`, both included."""
        return low + int(self.random.random() * (high - low + 1))

    def fresh(self, make: Callable[[], str], tries: int = 8) -> str:
        """Returns what `make` writes, redone while it repeats something (at most `tries` times).

        A text that holds a held-out sentence is never returned.
        """
        for attempt in range(1000):
            text = make()
            if (text not in self.written or attempt >= tries) and not self.is_held_out(text):
                self.written.add(text)
                return text
        raise RuntimeError(f"nothing but held-out text: {text!r}")

    def is_held_out(self, text: str) -> bool:
        """Checks whether the text or one of its sentences is a held-out text."""
        held_out = self.held_out
        return text in held_out or any(piece in held_out for piece in sentences(text))

    def compose(self, template: str, **values: str) -> str:
        """Fills a template; a slot without a value is the name of a noun class to draw from."""
        names = {name for _, name, _ in _parts(template) if name}
        drawn = {name: self.word(name) for name in sorted(names - values.keys())}
        return fill(template, **values, **drawn)

    def past(self, stem: str, register: str, irregular: str = "-") -> str:
        """Puts the stem in the past tense of a register."""
        return conjugate(stem, self.one(_PAST[register]), irregular)

    def present(self, stem: str, part: str, register: str, irregular: str = "-") -> str:
        """Puts the stem in the present tense of a register."""
        if register == "plain":
            return conjugate(stem, "다" if is_stative(stem, part) else "ㄴ다", irregular)
        return conjugate(stem, self.one(_PRESENT[register]), irregular)

    def misspell(self, text: str) -> str:
        """Makes one slip: ㅐ for ㅔ or the reverse, or a dropped space."""
        spots = [i for i, char in enumerate(text) if is_syllable(char) and split(char)[1] in "ㅐㅔ"]
        if spots and self.chance(0.5):
            i = self.one(spots)
            onset, vowel, final = split(text[i])
            swapped = compose(onset, "ㅔ" if vowel == "ㅐ" else "ㅐ", final)
            return text[:i] + swapped + text[i + 1 :]
        blanks = [i for i, char in enumerate(text) if char == " "]
        if blanks:
            i = self.one(blanks)
            return text[:i] + text[i + 1 :]
        return text
