"""Rewrites a window of text as the rules read it, with the way back to the text.

Full-width and circled digits, keycaps, spelled-out digits (공일공, 零一零), letters that stand for digits
(O1O, ㅇ1ㅇ) become ASCII digits; dashes, middle dots and stars become hyphens; blanks of any kind one
kind; characters that nobody sees are left out.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Soft hyphen, joiners, marks of direction, fillers, variation selectors, marks put upon a digit.
INVISIBLE = (
    "\u00ad\u0300-\u036f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u20d0-\u20f0\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
_invisible = re.compile(f"[{INVISIBLE}]+").match
is_invisible = re.compile(f"[{INVISIBLE}]").match

_HYPHENS = "‐‑‒–—―⁃−ㅡ─━﹘﹣－ー·ㆍ・･•∙⋅‧᛫●○◦*＊∗_＿…⋯=＝|｜│¦^\"'`“”‘’→>"
_BLANKS = "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_LINE_ENDS = "\r\x0b\x0c\x85\u2028\u2029"

_WIDE = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
_WIDE |= {"﹫": "@", "﹒": ".", "。": ".", "｡": ".", "､": ",", "、": ","}
_WIDE |= dict.fromkeys(_BLANKS, " ") | dict.fromkeys(_LINE_ENDS, "\n")
_DIGITS = _WIDE | dict.fromkeys(_HYPHENS, "-")
for _first, _last, _least in (
    ("①", "⑨", 1),
    ("⑴", "⑼", 1),
    ("❶", "❾", 1),
    ("➀", "➈", 1),
    ("➊", "➒", 1),
    ("⓵", "⓽", 1),
):
    for _code in range(ord(_first), ord(_last) + 1):
        _DIGITS[chr(_code)] = str(_code - ord(_first) + _least)
_DIGITS |= dict.fromkeys("⓪⓿🄋🄌", "0")

# Read as digits only beside other digits, by `_read`.
SPELLED = dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True))
_HAN = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
_LETTERS = dict(zip("ㅇㅣOoIl", "010011", strict=True))
_LIKE = SPELLED | _HAN | _LETTERS
LIKE = "".join(_LIKE)

_plain = re.compile(r"[0-9 \-.~/():,+\[\]\n가-힣]*").fullmatch
_has_like = re.compile(f"[{LIKE}]").search
_TOKEN = re.compile(f"[0-9{LIKE}]+")
_CHAIN = re.compile(
    rf"(?<![0-9A-Za-z가-힣])[0-9{LIKE}](?:[ .,\-]{{1,3}}[0-9{LIKE}]){{8,}}(?![0-9A-Za-z])"
)


@dataclass(frozen=True, slots=True)
class View:
    """Holds a window of a text as it is searched.

    Args:
        original: the whole text.
        text: the stretch, rewritten.
        places: for each character of `text`, where it stands in `original`.
    """

    original: str
    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Returns the part of the original behind `text[start:end]`, with the invisible characters at its end."""
        last = self.places[end - 1] + 1
        unseen = _invisible(self.original, last)
        return self.places[start], unseen.end() if unseen else last

    def touched(self, start: int, end: int) -> bool:
        """Checks whether digits continue before `start` or after `end`.

        A single one that is spelled out or circled does not count: it may be a particle or an item.
        """
        return self._goes_on(start - 1, -1) or self._goes_on(end, 1)

    def _goes_on(self, place: int, step: int) -> bool:
        if not self._is_digit(place):
            return False
        return self.original[self.places[place]].isdecimal() or self._is_digit(place + step)

    def _is_digit(self, place: int) -> bool:
        return 0 <= place < len(self.text) and self.text[place].isdigit()

    def without(self, pattern: re.Pattern[str], blanks: str) -> "View | None":
        """Returns the view without the characters of `blanks` where `pattern` matches, or None if it never does."""
        gone: set[int] = set()
        for match in pattern.finditer(self.text):
            gone.update(place for place in range(*match.span()) if self.text[place] in blanks)
        if not gone:
            return None
        left = [place for place in range(len(self.text)) if place not in gone]
        text = "".join([self.text[place] for place in left])
        return View(self.original, text, [self.places[place] for place in left])


def plain_view(text: str, start: int, end: int) -> View:
    """Returns the window in ASCII widths, without invisible characters; for addresses made of letters."""
    return _view(text, start, end, _WIDE)


def digit_view(text: str, start: int = 0, end: int | None = None) -> View:
    """Returns the window with every way of writing a digit as ASCII.

    Args:
        text: the whole text.
        start: where the stretch begins.
        end: where it ends; None for the text's end.
    """
    view = _view(text, start, len(text) if end is None else end, _DIGITS)
    return View(text, _spelled(view.text), view.places) if _has_like(view.text) else view


def _view(text: str, start: int, end: int, table: dict[str, str]) -> View:
    piece = text[start:end]
    if _plain(piece):
        return View(text, piece, range(start, end))
    chars, places = [], []
    for place, char in enumerate(piece, start):
        seen = table.get(char)
        if seen is None:
            if char < "\x7f" or "가" <= char <= "힣":
                seen = char
            elif is_invisible(char):
                continue
            else:
                seen = str(unicodedata.decimal(char, char))
        chars.append(seen)
        places.append(place)
    return View(text, "".join(chars), places)


def _spelled(text: str) -> str:
    text = _CHAIN.sub(_chain, text)
    return _TOKEN.sub(lambda match: _read(match, text), text)


def _chain(match: re.Match[str]) -> str:
    """`공 일 공 일 이 …`: single digits in a row, spelled or not."""
    singles = match[0]
    return "".join(_LIKE.get(char, char) for char in singles)


def _read(match: re.Match[str], text: str) -> str:
    """A run of digits and what may be one, as digits where it is meant so."""
    token, (start, end) = match[0], match.span()
    if token.isdigit() or len(token) == 1:  # a surname, a particle, a letter
        return token
    if any(char in "OoIl" for char in token):
        around = text[max(0, start - 1) : start] + text[end : end + 1]
        if len(token) < 3 or any(char.isascii() and char.isalpha() for char in around):
            return token
    head = tail = ""
    if token[0] in SPELLED and token[0] not in "공영" and token[1].isdigit():
        head, token = token[0], token[1:]  # 이010-…: a surname
    only = not any(char in SPELLED for char in token[:-1])
    if only and token[-1] in SPELLED and (len(token) > 4 or token[-1] in "이일"):
        token, tail = token[:-1], token[-1]  # …-5678이: a particle
    return head + "".join(_LIKE.get(char, char) for char in token) + tail
