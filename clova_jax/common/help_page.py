"""Corrects the help that tyro prints: which options are required, and how wide Hangul is."""

import io
import re
import unicodedata
from typing import TextIO

from clova_jax.common.options import REQUIRED, flag_of, flat_fields, metavar_of

# tyro counts characters, and Hangul takes two columns: behind each such character it gets one that is not printed.
_FILLER = "\u2060"


def widen(text: str) -> str:
    """Returns a text with as many characters as it has columns on a terminal; `narrow` undoes it."""
    wide = (unicodedata.east_asian_width(char) in "WF" for char in text)
    return "".join(char + _FILLER * is_wide for char, is_wide in zip(text, wide, strict=True))


def narrow(text: str) -> str:
    """Returns a widened text as it was."""
    return text.replace(_FILLER, "")


class HelpPage(io.StringIO):
    """Takes what tyro prints in the place of standard output, and passes for it.

    Args:
        stream: where the page will be printed; tyro asks it for colours and characters.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Returns that of the stream."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Returns True where the stream is a terminal."""
        return self._stream.isatty()

    def print(self, usage: str) -> None:
        """Prints the page with this usage line in the place of tyro's, which shows every option in brackets."""
        if page := self.getvalue():
            rest = re.sub(r"\n{3,}", "\n\n", page.partition("\n\n")[2])
            self._stream.write(narrow(f"{usage}\n\n{rest}"))


def usage_of(command: type, prog: str) -> str:
    """Returns the usage line of a command: its required options, then `[OPTIONS]`, then what follows no flag."""
    words, last, optional = [], [], False
    for field, hint in flat_fields(command):
        metavar = metavar_of(field, hint)
        is_required = field.default is REQUIRED
        if field.metadata.get("positional"):
            last.append(metavar if is_required else f"[{metavar}]")
        elif is_required:
            words.append(f"{flag_of(field)} {metavar}")
        else:
            optional = True
    return " ".join(["usage:", prog, "[-h]", *words, *["[OPTIONS]"] * optional, *last])
