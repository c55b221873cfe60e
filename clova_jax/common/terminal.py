"""Shows foreign text on a terminal without obeying the control characters in it."""

import re
from typing import TextIO

# Controls but for line feed and tab, and what turns the direction of writing: a terminal acts on them.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Replaces every control character by its name: the escape character is `\\x1b` in letters."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def write(text: str, stream: TextIO) -> None:
    """Writes text at once; to a terminal as it is `shown`, to a file or a pipe as it is."""
    stream.write(shown(text) if stream.isatty() else text)
    stream.flush()
