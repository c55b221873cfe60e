"""Splits text into words, which are encoded one by one, whatever stands beside them.

A word is a run of characters with at most one space before it, or a run of whitespace. Words join to
the text again, and whitespace after a text never changes the words before it: the ids of a text are those
of its words, and a continuation that starts with whitespace does not change the ids of its context.

Words are looked up as units, since `str.split` is three times as fast as a regular expression:
"영화를" stands for the word " 영화를", and "영화를 ", with a space behind, for the word "영화를". Most
are one word; some are several, with line ends between them.
"""

import re
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError

LONGEST = 100  # characters; longer runs are cut here, so that no input is quadratic
DENSE = 40  # characters for each run of whitespace, below which a text is split word by word

_WORD = " ?{solid}{most}|{white}{most}(?= {solid})|{white}{most}"
_MOST = f"{{1,{LONGEST}}}"
# What `str.isspace` says, written out for the engine inside `tokenizers`, whose \s is narrower.
_WHITE = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
RUST_WORD = _WORD.format(solid=f"[^{_WHITE}]", white=f"[{_WHITE}]", most=_MOST)

# Of Python's own, \S is faster than [^\s].
split_words = re.compile(_WORD.format(solid=r"\S", white=r"\s", most=_MOST)).findall

has_whitespace = re.compile(r"\s").search
# A space before more whitespace or the end, and all of that: where a split at spaces is wrong.
_ODD = re.compile(r" (?:\s+|\Z)")


def split_units(text: str) -> list[str]:
    """Splits a text into units."""
    odd = [match.span() for match in _ODD.finditer(text)]
    if not odd:
        return _units_of_solid(text, False)
    if DENSE * len(odd) > len(text):  # code, tables: word by word is faster there
        return list(map(unit_of, split_words(text)))
    units, at, space = [], 0, False  # after `at`; whether a space stands before it
    for start, end in odd:
        solid = text[at:start].rstrip()
        if solid:
            units += _units_of_solid(solid, space)
        run = text[at + len(solid) : end]
        space = run[-1] == " " and end < len(text)
        units += map(unit_of, split_words(run[: len(run) - space]))
        at = end
    return units + _units_of_solid(text[at:], space) if at < len(text) else units


def _units_of_solid(text: str, space: bool) -> list[str]:
    units = text.split(" ")
    if not space:
        units[0] += " "
    return units


def shorten(units: list[str]) -> list[str]:
    """Returns units of the same text, none of more than `LONGEST` characters (and the space behind)."""
    if max(map(len, units), default=0) <= LONGEST:
        return units
    short = []
    for unit in units:
        if len(unit.rstrip(" ")) > LONGEST:
            short += map(unit_of, split_words(text_of(unit)))
        else:
            short.append(unit)
    return short


def unit_of(word: str) -> str:
    """Returns the unit that stands for a word, or a part of one."""
    return word[1:] if word[0] == " " and not word.isspace() else word + " "


def text_of(unit: str) -> str:
    """Returns the characters that a unit stands for."""
    return unit[:-1] if unit[-1] == " " else " " + unit


def reject_surrogates(texts: Sequence[str]) -> None:
    """Refuses halves of UTF-16 pairs, which no UTF-8 file can hold.

    Raises:
        ClovaError: one is there; the message quotes its text.
    """
    try:
        "".join(texts).encode()  # all at once: nearly always right
        return
    except UnicodeEncodeError:
        pass
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ClovaError(
                f"text holds a lone surrogate U+{ord(text[error.start]):04X} in {text[:60]!r}, which "
                "is not a character; decode the source again, or drop it with "
                "text.encode('utf-8', 'ignore').decode()"
            ) from None
