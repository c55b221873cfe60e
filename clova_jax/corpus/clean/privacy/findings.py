"""What is found, and how sure it is."""

from dataclasses import dataclass
from enum import IntEnum

TYPES = ("rrn", "phone", "email", "account", "card", "passport", "licence", "ip")


class Evidence(IntEnum):
    """How much a form says by itself; of two that overlap, the one that says more is kept."""

    CUED = 1  # nothing without a word that speaks for it
    TELLING = 2  # enough, unless a label right before it names another kind of number
    UNMISTAKABLE = 3  # enough, whatever is written around it


@dataclass(frozen=True, slots=True)
class Finding:
    """One place: `text[start:end]` is of `type`; `kept` is the part that identifies nobody."""

    type: str
    start: int
    end: int
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding that may yet lose against another one."""

    evidence: Evidence
    finding: Finding
