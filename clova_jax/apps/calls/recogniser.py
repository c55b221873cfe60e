"""Simulates a speech recogniser on texts: sounds that are alike take each other's place, and each hypothesis has a score.

A hypothesis is a draw of its own from the channel, so that one may have right what another has wrong, as in an N-best list.
The score is the log-probability of its errors under the channel, which the recogniser knows up to some noise of its own.
"""

import math

import numpy as np

from clova_jax.apps.calls.texts import Heard
from clova_jax.common.hangul import compose, is_syllable, split

ONSETS = ("ㄱㅋㄲ", "ㄷㅌㄸ", "ㅂㅍㅃ", "ㅈㅊㅉ", "ㅅㅆ", "ㄴㅁㄹ", "ㅇㅎ")
VOWELS = (
    "ㅐㅔㅒㅖ",
    "ㅓㅗ",
    "ㅡㅜ",
    "ㅏㅑ",
    "ㅓㅕ",
    "ㅗㅛ",
    "ㅜㅠ",
    "ㅣㅟㅢ",
    "ㅙㅚㅞ",
    "ㅘㅏ",
    "ㅝㅓ",
)
CODAS = ("ㄱㅋㄲ ", "ㄴㅁㅇ ", "ㄷㅅㅆㅈㅊㅌㅎ ", "ㅂㅍ ", "ㄹㄴ ")


def _alike(groups: tuple[str, ...]) -> dict[str, str]:
    letters = dict.fromkeys("".join(groups))
    return {
        one: "".join(
            dict.fromkeys(o for group in groups if one in group for o in group if o != one)
        )
        for one in letters
    }


_ALIKE = tuple(map(_alike, (ONSETS, VOWELS, CODAS)))


class Recogniser:
    """Hears texts with errors.

    Args:
        rate: probability that a letter of a syllable is taken for one that sounds alike.
        count: hypotheses drawn; equal ones become one, with the best score.
        spread: standard deviation of the noise of the scores, in nats.
    """

    def __init__(self, rate: float = 0.08, count: int = 5, spread: float = 1.0) -> None:
        self.rate, self.count, self.spread = rate, count, spread

    def hear(self, text: str, random: np.random.Generator) -> list[Heard]:
        """Returns hypotheses of a text, best score first."""
        found: dict[str, float] = {}
        for _ in range(self.count):
            heard, score = self._draw(text, random)
            score += self.spread * random.standard_normal()
            found[heard] = max(score, found.get(heard, -math.inf))
        order = sorted(found, key=found.__getitem__, reverse=True)
        return [Heard(one, found[one]) for one in order]

    def _draw(self, text: str, random: np.random.Generator) -> tuple[str, float]:
        score = 0.0
        out = []
        for char in text:
            if not is_syllable(char):
                out.append(char)
                continue
            letters = []
            for letter, alike in zip(split(char), _ALIKE, strict=True):
                others = alike.get(letter, "")
                wrong = bool(others) and random.random() < self.rate
                letters.append(others[random.integers(len(others))] if wrong else letter)
                if others:
                    score += math.log(self.rate / len(others) if wrong else 1 - self.rate)
            out.append(compose(*letters))
        return "".join(out), score
