"""Reads utterances with the intent of each (warnikchow/sae4k): spellings made one, doubtful rows dropped and counted."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines

LEAST = 10  # different utterances of an intent that classifiers are tested on


@dataclass(frozen=True)
class Utterance:
    """Holds what a person says, and where it stands.

    Args:
        text: in NFC, with single spaces.
        place: `file:line`.
    """

    text: str
    place: str


@dataclass(frozen=True)
class Intent:
    """Holds the name of an intent and its utterances, each different."""

    name: str
    utterances: tuple[Utterance, ...]

    @property
    def texts(self) -> list[str]:
        """Returns the utterances' texts."""
        return [utterance.text for utterance in self.utterances]


@dataclass(frozen=True)
class Intents:
    """Holds the intents of a file.

    Args:
        frequent: those of `LEAST` utterances or more, in order of the file.
        rare: all others.
        counts: what was dropped or joined, by the reason.
    """

    frequent: tuple[Intent, ...]
    rare: tuple[Intent, ...]
    counts: dict[str, int]


def read_intents(data_dir: str | Path) -> Intents:
    """Reads `dialogue/sae4k/sae4k_v1.txt`: a line an utterance, its intent as a phrase, and a type, between tabs.

    Names that differ in their spacing alone are one; the commonest spelling stays, of equals the first. A row that
    repeats another is dropped, and so are all rows of an utterance that stands under two names.

    Raises:
        ClovaError: the file is missing or a line has other fields, or an utterance or a name is empty.
    """
    path = find_file(Path(data_dir) / "dialogue" / "sae4k", "sae4k_v1.txt")
    spellings: dict[str, Counter[str]] = {}  # of a name, by the name without spaces
    places: dict[str, dict[str, str]] = {}  # of an utterance: name -> place of its first row
    rows = 0
    for number, line in read_lines(path):
        utterance, name = _fields(line, f"{path}:{number}")
        rows += 1
        key = name.replace(" ", "")
        spellings.setdefault(key, Counter())[name] += 1
        places.setdefault(utterance, {}).setdefault(key, f"{path}:{number}")
    intents: dict[str, list[Utterance]] = {}
    for text, names in places.items():
        if len(names) == 1:
            (key, place), *_ = names.items()
            intents.setdefault(key, []).append(Utterance(text, place))
    found = [
        Intent(spellings[key].most_common(1)[0][0], tuple(utterances))
        for key, utterances in intents.items()
    ]
    counts = {
        "rows": rows,
        "repeated rows": rows - sum(map(len, places.values())),
        "names in several spacings": sum(len(names) > 1 for names in spellings.values()),
        "utterances under several names": sum(len(names) > 1 for names in places.values()),
        "names": len(found),
    }
    return Intents(
        tuple(intent for intent in found if len(intent.utterances) >= LEAST),
        tuple(intent for intent in found if len(intent.utterances) < LEAST),
        counts,
    )


def _fields(line: str, place: str) -> tuple[str, str]:
    """Returns utterance and name of a line, in NFC and with single spaces."""
    fields = [" ".join(unicodedata.normalize("NFC", field).split()) for field in line.split("\t")]
    if len(fields) != 3:
        raise ClovaError(f"{place}: {len(fields)} fields where there should be 3")
    for what, field in zip(("utterance", "name of an intent"), fields, strict=False):
        if not field:
            raise ClovaError(f"{place}: an empty {what}; write one, or remove the line")
    return fields[0], fields[1]
