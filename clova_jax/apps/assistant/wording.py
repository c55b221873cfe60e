"""Puts what users and models write into lines: one line a turn, one speaker a line."""

USER, BOT = "손님", "도우미"
LONGEST = 1_000  # characters of what a user says that a prompt shows
COLONS = (":", "\uff1a")


def one_line(text: str) -> str:
    """Returns a text with single spaces, of which no more than `LONGEST` characters are kept; half characters become `?`."""
    whole = text[: 4 * LONGEST].encode(errors="replace").decode()
    return " ".join(whole.split())[:LONGEST].strip()


def answer_of(written: str) -> str:
    """Returns what a model wrote up to its first line break, and up to where a speaker is named; `LONGEST` characters at most.

    A word with a colon behind it is a speaker, whoever it is: users bring names of their own. Times (3:30) are none.
    """
    line = one_line(written.strip().partition("\n")[0])
    for at, letter in enumerate(line):
        if letter not in COLONS or (line[at - 1 : at] + line[at + 1 : at + 2]).isdigit():
            continue
        before, _, name = line[:at].rstrip().rpartition(" ")
        if any(map(str.isalpha, name)):
            return before
    return line


def turn_lines(said: str, answered: str) -> str:
    """Returns a turn as a prompt shows it."""
    return f"{USER}: {said}\n{BOT}: {answered}\n"
