"""Defines the lines that a model writes, and which of them are accepted."""

from collections.abc import Iterable
from dataclasses import dataclass

REASONS = ("empty", "repeated", "copied", "too long", "other intent")
"""Why a line is refused: it has no letter or digit; it was accepted before; it stands in the prompt; it does not end; a model
gives it to another intent (`relabelled`)."""


@dataclass(frozen=True)
class Line:
    """Holds a line as it was written.

    Args:
        text: without spaces at its ends.
        accepted: whether it may serve as an example.
        reason: one of `REASONS` where it may not, else empty.
        logprob: of its tokens by the model, in nats.
    """

    text: str
    accepted: bool
    reason: str
    logprob: float


class Acceptance:
    """Decides which lines of one intent are accepted, in the order in which they were written.

    Texts are compared by their letters and digits alone.

    Args:
        shown: the utterances in the prompt.
    """

    def __init__(self, shown: Iterable[str]) -> None:
        self.shown = {_letters(text) for text in shown}
        self.accepted: set[str] = set()

    def __call__(self, text: str, ended: bool, logprob: float) -> Line:
        """Returns the line with what was decided.

        Args:
            text: as the model wrote it.
            ended: whether a line break, or the text's end, came within the tokens that a line may have.
            logprob: of its tokens.
        """
        text = " ".join(text.split())
        letters = _letters(text)
        reason = ""
        if not letters:
            reason = "empty"
        elif not ended:
            reason = "too long"
        elif letters in self.shown:
            reason = "copied"
        elif letters in self.accepted:
            reason = "repeated"
        else:
            self.accepted.add(letters)
        return Line(text, not reason, reason, logprob)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
