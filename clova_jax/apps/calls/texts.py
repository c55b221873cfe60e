"""Cleans what callers say, and says what is wrong with an utterance: one line, one speaker."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

LONGEST = 200  # characters of a turn that are heard
MOST = 120  # characters of an utterance
_SPEAKER = re.compile(r"([^\W\d_][\w ]{0,11}?)(?:\s*[:：﹕∶꞉])+(?!\d)")


@dataclass(frozen=True)
class Heard:
    """Holds a hypothesis of a speech recogniser.

    Args:
        text: what was said, perhaps.
        score: a log-probability, up to a constant.
    """

    text: str
    score: float = 0.0


def clean(text: str) -> str:
    """Returns what a caller says as one line of at most 200 characters, in which nobody else speaks.

    `상담원: 네` becomes `상담원 네`, so that no part of it can pass for a turn of its own in a prompt.
    """
    text = unicodedata.normalize("NFC", text.encode(errors="replace").decode())
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST])
    return " ".join(_SPEAKER.sub(r"\1 ", " ".join(line.split())).split())[:LONGEST].strip()


def fault(text: str) -> str:
    """Returns what is wrong with an utterance of the system; empty where nothing is."""
    if not text.strip():
        return "is empty"
    if len(text) > MOST:
        return f"has {len(text)} characters; {MOST} at most are said in a turn"
    if text != " ".join(text.split()):
        return "has a line break, or spaces too many"
    if _SPEAKER.search(text):
        return "names a speaker; write only what is said"
    return ""


def weights(heard: Sequence[Heard]) -> Float64[np.ndarray, "n"]:
    """Returns the probability of each hypothesis: the softmax of the scores; those that are not finite count as the least."""
    scores = [one.score for one in heard]
    least = min((score for score in scores if math.isfinite(score)), default=0.0)
    values = np.array([score if math.isfinite(score) else least for score in scores])
    values = np.exp(values - values.max())
    return values / values.sum()
