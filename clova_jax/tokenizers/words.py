"""Words: the units that are encoded one by one, whatever stands beside them.

A word is a run of non-blanks with at most one space before it, or a run of blanks. Words join to
the text again, and a blank after a text never changes the words before it: ids of a text are the
ids of its words, and a continuation that starts with a blank leaves the ids of its context alone.

Units are how words are looked up, since `str.split` is three times as fast as a regular expression:
"영화를" stands for the word " 영화를", and "영화를 ", with a space behind, for the word "영화를". Most
are one word; some are several, with line ends between them.
"""

import re
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError

LONGEST = 100  # characters; longer runs are cut here, so that no input is quadratic

_WORD = " ?{solid}{most}|{blank}{most}(?= {solid})|{blank}{most}"
_MOST = f"{{1,{LONGEST}}}"
# What `str.isspace` says, written out for the engine inside `tokenizers`, whose \s is narrower.
_BLANK = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
RUST_WORD = _WORD.format(solid=f"[^{_BLANK}]", blank=f"[{_BLANK}]", most=_MOST)

# Of Python's own, \S is faster than [^\s].
split_words = re.compile(_WORD.format(solid=r"\S", blank=r"\s", most=_MOST)).findall

has_blank = re.compile(r"\s").search
# A space that str.split takes for the start of a word, but which belongs to a run of blanks.
_inexact = re.compile(r" (?:\s|\Z)").search


def split_units(text: str) -> list[str]:
    """The units of nearly every text; `exact_units` knows which."""
    units = text.split(" ")
    units[0] += " "
    return units


def exact_units(text: str, units: list[str]) -> list[str]:
    """`units` that `split_units` gave, or one for each word where those are wrong or too long to keep."""
    if _inexact(text) or max(map(len, units)) > LONGEST:
        return list(map(unit_of, split_words(text)))
    return units


def unit_of(word: str) -> str:
    """The unit that stands for a word, or a part of one."""
    return word[1:] if word[0] == " " and not has_blank(word, 1) and len(word) > 1 else word + " "


def text_of(unit: str) -> str:
    """The characters that a unit stands for."""
    return unit[:-1] if unit[-1] == " " else " " + unit


def reject_surrogates(texts: Sequence[str]) -> None:
    """Refuses halves of UTF-16 pairs, which no UTF-8 file can hold.

    Raises:
        ClovaError: one is there; its place is told.
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
