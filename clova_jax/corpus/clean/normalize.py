"""Gives text that looks the same one spelling: NFC, plain spaces, no invisible characters, no HTML entities.

Normalizing twice changes nothing more: each rule leaves nothing that it, or another, would change again.
"""

import html
import re
import unicodedata
from collections import Counter

from clova_jax.corpus.clean.step import Dropped, Step, with_text
from clova_jax.corpus.documents import Document

LONGEST_MARKS = 30  # combining marks on one letter: the bound of UAX #15's stream-safe text

_ODD_BLANKS = (
    "\t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000\u3164\uffa0"
)
_UNSEEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff0-\uffff"
)
_ODD = re.compile(f"[\r{_ODD_BLANKS}{_UNSEEN}]")
INVISIBLE = re.compile(f"[{_UNSEEN}]+")
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
ODD_BLANK = re.compile(f"[{_ODD_BLANKS}]")
_BLANKS = re.compile(r"(?<=\S) {2,}")
_CENTRED = re.compile(r"(?m)^ {9,}")
_LINE_END = re.compile(" +\n")
_EMPTY_LINES = re.compile(r"\n{3,}")

# Combining marks, and three letters of Tibetan that come apart into two.
_MARKS = frozenset(c for c in map(chr, range(0x300, 0x20000)) if unicodedata.combining(c)) | set(
    "\u0f73\u0f75\u0f81"
)
_MARK = "[" + "".join(sorted(_MARKS)) + "]"
_MARK_RUN = re.compile(f"({_MARK}{{{LONGEST_MARKS}}}){_MARK}+")

# Entities that stand for what they mean. Without its `;` an entity is part of an address (`&copy=1`), other
# names are a program's (`p = &num;`), and one that stands alone between quotes is being talked about.
_ENTITY = re.compile(
    r"(?!(?<=['\"`‘“])&[^;]+;['\"`’”])"
    r"&(?:quot|apos|amp|lt|gt|nbsp|ensp|emsp|thinsp|shy|zwnj|zwj|ndash|mdash|lsquo|rsquo|ldquo|rdquo|"
    r"hellip|middot|bull|times|deg|laquo|raquo|lsaquo|rsaquo|[lrud]arr|copy|reg|trade|euro|"
    r"#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});"
)


class Normalize(Step):
    """Gives a text one spelling (`normalize`); drops it where nothing is left."""

    name = "normalize"

    def one(self, document: Document) -> Document | Dropped:
        """Normalizes the text; entities of HTML were resolved by its parser."""
        entities = document.meta.get("format") != "text"
        text = normalize(document.text, self.changes, entities=entities)
        if text == document.text:
            return document
        if not text:
            return Dropped("empty")
        self.changes["changed"] += 1
        return with_text(document, text)


def normalize(text: str, counts: Counter | None = None, *, entities: bool = True) -> str:
    """Returns the text in one spelling; a second call changes nothing more.

    NFC; line breaks as `\\n`, at most one empty line; runs of spaces of any kind inside a line as one space;
    control and zero-width characters (but the joiners that emoji need) and replacement characters
    removed; at most 30 combining marks in a row. HTML entities of text are resolved once, line by line: where that
    would leave an entity (`&amp;lt;`), the line speaks of entities and keeps them.

    Args:
        text: the text.
        counts: marks that were cut and entities that were resolved are added to it.
        entities: whether to resolve them; not in what was read from HTML, where the parser has done it.
    """
    text = _plain(text, counts)
    if not entities or "&" not in text or not _ENTITY.search(text):
        return text
    return _plain("\n".join(_resolved(line, counts) for line in text.split("\n")), counts)


def _plain(text: str, counts: Counter | None = None) -> str:
    """Normalizes all but the entities."""
    if not (
        _ODD.search(text)
        or "  " in text
        or " \n" in text
        or "\n\n\n" in text
        or len(text) > len(text.strip())
    ):
        return _composed(text, counts)  # most texts: so it takes half the time
    text = INVISIBLE.sub("", _LINE_BREAK.sub("\n", text))
    text = _composed(text, counts)  # not before: an invisible character keeps letters apart
    text = _BLANKS.sub(" ", ODD_BLANK.sub(" ", text))
    text = _CENTRED.sub("", text)  # smaller indents are the form of lists and code
    text = _LINE_END.sub("\n", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()


def _composed(text: str, counts: Counter | None) -> str:
    """Composes to NFC in linear time: `unicodedata` takes the square of the marks on one letter."""
    if text.isascii():
        return text
    text = cut_marks(text, counts)
    if unicodedata.is_normalized("NFC", text):
        return text
    return cut_marks(unicodedata.normalize("NFC", text), counts)  # some letters come apart in it


def cut_marks(text: str, counts: Counter | None = None) -> str:
    """Cuts longer runs of combining marks to 30."""
    if _MARKS.isdisjoint(text[:: LONGEST_MARKS + 1]):  # a longer run has one in every 31 characters
        return text
    cut = _MARK_RUN.sub(r"\1", text)
    if counts is not None and len(cut) < len(text):
        counts["combining marks cut"] += len(text) - len(cut)
    return cut


def _resolved(line: str, counts: Counter | None) -> str:
    if "&" not in line:
        return line
    resolved, number = _ENTITY.subn(_character, line)
    if not number or _ENTITY.search(_plain(resolved)):
        return line
    if counts is not None and resolved != line:
        counts["entities resolved"] += number
    return resolved


def _character(match: re.Match[str]) -> str:
    character = html.unescape(match[0])
    return match[0] if character in ("", "\ufffd") else character  # no such code point
