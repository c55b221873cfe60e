"""Puts what users and models write into lines: one line a turn, one speaker a line."""

import re

USER, BOT = "손님", "도우미"
LONGEST = 1_000  # characters of what a user says that a prompt shows

_SPEAKER = re.compile(r"\S*[^\W\d]\s*[:\uff1a]")


def one_line(text: str) -> str:
    """Returns a text with single spaces, of which no more than `LONGEST` characters are kept."""
    return " ".join(text[: 4 * LONGEST].split())[:LONGEST].strip()


def answer_of(written: str) -> str:
    """Returns what a model wrote up to its first line break, and up to where a speaker is named.

    A word with a colon behind it is a speaker, whoever it is: users bring names of their own. Times (3:30) are none.
    """
    line = written.strip().partition("\n")[0]
    if found := _SPEAKER.search(line):
        line = line[: found.start()]
    return " ".join(line.split())


def turn_lines(said: str, answered: str) -> str:
    """Returns a turn as a prompt shows it."""
    return f"{USER}: {said}\n{BOT}: {answered}\n"
