"""One spelling for what looks the same: NFC, plain blanks, no control characters."""

import html
import re
import unicodedata

_ODD_BLANKS = "\t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNSEEN = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff0-\uffff"
_DIRTY = re.compile(f"[\r{_ODD_BLANKS}{_UNSEEN}]|  | \n|\n\n\n|&[a-zA-Z#]|^\\s|\\s$")
_REMOVE = re.compile(f"[{_UNSEEN}]+")
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_ODD_BLANK = re.compile(f"[{_ODD_BLANKS}]")
_BLANKS = re.compile(r"(?<=\S) {2,}")
_CENTRED = re.compile(r"(?m)^ {9,}")
_LINE_END = re.compile(" +\n")
_EMPTY_LINES = re.compile(r"\n{3,}")


def normalize(text: str) -> str:
    """The same text in one spelling.

    NFC; HTML entities resolved; line breaks as `\\n`, at most one empty line; runs of blanks of any
    kind inside a line as one space; control and zero-width characters (but the joiners that emoji need) and
    replacement characters removed.
    """
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if not _DIRTY.search(text):
        return text
    if "&" in text:
        text = html.unescape(text)
    text = _LINE_BREAK.sub("\n", text)
    text = _REMOVE.sub("", text)
    text = _BLANKS.sub(" ", _ODD_BLANK.sub(" ", text))
    text = _CENTRED.sub("", text)  # smaller indents are the form of lists and code
    text = _LINE_END.sub("\n", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()
