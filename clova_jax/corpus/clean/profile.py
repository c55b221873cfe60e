"""Counts the character classes of a text in one vectorised pass."""

import functools
import unicodedata
from typing import NamedTuple

import numpy as np

SPACE, HANGUL, JAMO, LATIN, HAN, KANA, DIGIT, LETTER, SYMBOL = range(9)


def _class_of(code: int) -> int:
    if 0xAC00 <= code <= 0xD7A3:
        return HANGUL
    if 0x3131 <= code <= 0x318E:  # compatibility jamo, the ㅋㅋ and ㅠㅠ of the web
        return JAMO
    if 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F or 0xD7B0 <= code <= 0xD7FF:
        return HANGUL  # conjoining jamo spell old syllables
    if 0xE000 <= code <= 0xF8FF:
        return HANGUL  # old syllables in Hanyang's private use; other uses are rare in Korean text
    if 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF:
        return HAN
    if 0x3040 <= code <= 0x30FF:
        return KANA
    char = chr(code)
    if char.isspace():
        return SPACE
    if char.isdigit():
        return DIGIT
    if char.isalpha():
        return (
            LATIN if unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN")) else LETTER
        )
    return SYMBOL


@functools.cache
def class_table() -> np.ndarray:
    """Builds the class of each code point, uint8[0x110000]."""
    table = np.full(0x110000, SYMBOL, np.uint8)
    for code in range(0x10000):
        if not 0xD800 <= code <= 0xDFFF:
            table[code] = _class_of(code)
    table[0x20000:0x40000] = HAN
    return table


class Profile(NamedTuple):  # one is made of every text: a frozen dataclass takes five times longer
    """Counts of characters; `letters` are Hangul, Latin, Han, Kana and all other letters."""

    length: int
    visible: int
    hangul: int
    jamo: int
    latin: int
    han: int
    kana: int
    digits: int
    letters: int
    symbols: int
    repeated: int  # visible characters equal to the three before them


def codes_of(text: str) -> np.ndarray:
    """Returns the code points, uint32[len(text)]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@functools.lru_cache(maxsize=4)  # several steps ask for the same text in turn
def profile(text: str) -> Profile:
    """Counts the character classes of a text."""
    codes = codes_of(text)
    classes = class_table()[codes]
    count = np.bincount(classes, minlength=9).tolist()
    repeated = 0
    if len(codes) > 3:
        same = codes[1:] == codes[:-1]
        if np.count_nonzero(same) > 2:
            run = same[2:] & same[1:-1] & same[:-2]
            repeated = int((run & (classes[3:] != SPACE)).sum())
    return Profile(
        length=len(codes),
        visible=len(codes) - count[SPACE],
        hangul=count[HANGUL],
        jamo=count[JAMO],
        latin=count[LATIN],
        han=count[HAN],
        kana=count[KANA],
        digits=count[DIGIT],
        letters=count[HANGUL] + count[LATIN] + count[HAN] + count[KANA] + count[LETTER],
        symbols=count[SYMBOL],
        repeated=repeated,
    )
