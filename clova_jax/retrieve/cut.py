"""Cuts a text into passages of bounded length: at paragraphs, lines, sentences or spaces, whichever is the best near the end."""

import re
import unicodedata
from collections.abc import Iterator

# From the best place to end a passage to the least good one; each match ends where the next passage may begin.
_ENDS = tuple(map(re.compile, (r"\n\s*\n", r"\n", r"[.!?。…]['\"”’)」』]?\s+", r"\s+")))
# What is one character with what stands before it: vowels and finals of decomposed Hangul, joiners, skin tones.
_CONTINUES = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_JOINER = "\u200d"
_LONGEST_CHARACTER = 32  # code points; what is longer is cut inside


def cut(text: str, most: int) -> Iterator[tuple[int, str]]:
    """Yields `(start, passage)` in order; each passage is `text[start : start + len(passage)]`.

    A passage ends at the last paragraph break in the second half of what it could take; where there is none, at a
    line break, the end of a sentence, a space, or between two characters, never inside a syllable of Hangul.

    Args:
        text: what to cut.
        most: characters of a passage; whitespace at its ends is left out.
    """
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = len(text) if len(text) - at <= most else _end(text, at, most)
        yield at, text[at:end].rstrip()
        at = end


def _end(text: str, start: int, most: int) -> int:
    """Returns where the passage that begins at `start` ends; more than `most` characters follow."""
    limit = start + most
    for pattern in _ENDS:
        # One character more: the whitespace that ends a passage need not fit into it.
        found = [match.end() for match in pattern.finditer(text, start + most // 2, limit + 1)]
        if found:
            return found[-1]
    least = max(start + 1, limit - _LONGEST_CHARACTER)
    return next((end for end in range(limit, least, -1) if _parts(text, end)), limit)


def _parts(text: str, at: int) -> bool:
    """Tells whether two characters meet at a place, rather than two code points of one."""
    after = text[at]
    joined = _CONTINUES.match(after) or unicodedata.combining(after) or text[at - 1] == _JOINER
    return not joined
