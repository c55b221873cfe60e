"""Defines what a finding is, and how strong its evidence."""

from dataclasses import dataclass
from enum import IntEnum

TYPES = ("rrn", "phone", "email", "account", "card", "passport", "licence", "ip")


class Evidence(IntEnum):
    """Ranks how much a form says by itself; of two that overlap, the one that says more is kept."""

    CUED = 1  # nothing without a word that speaks for it
    TELLING = 2  # enough, unless a label right before it names another kind of number
    UNMISTAKABLE = 3  # enough, whatever is written around it


@dataclass(frozen=True, slots=True)
class Finding:
    """Holds one place: `text[start:end]` is of `type`; `kept` is the part that identifies nobody."""

    type: str
    start: int
    end: int
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Holds a finding that may still lose against another one."""

    evidence: Evidence
    finding: Finding
