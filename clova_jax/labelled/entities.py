"""Reads sentences with the names in them (KLUE-NER)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.files import find_file, read_lines
from clova_jax.labelled import rows

_TAGGED = re.compile("<([^<>:]+):([A-Z]{2})>")


@dataclass(frozen=True)
class Sentence:
    """Holds a sentence and its names.

    Args:
        id: the data set's own.
        place: `file:line`.
        text: the sentence.
        names: `(type, name)` in order; types are KLUE's: PS, LC, OG, DT, TI, QT.
    """

    id: str
    place: str
    text: str
    names: Sequence[tuple[str, str]]


def read_entities(data_dir: str | Path) -> list[Sentence]:
    """Reads the dev file of KLUE-NER from the comments that hold whole sentences.

    Raises:
        ClovaError: the file is missing, or has no sentence.
    """
    path = find_file(Path(data_dir) / "klue" / "klue-ner-v1.1", "klue-ner-v1.1_dev.tsv")
    found = []
    for number, line in read_lines(path):
        head, tab, tagged = line.partition("\t")
        if tab and head.startswith("## klue-ner"):
            names = [(kind, name) for name, kind in _TAGGED.findall(tagged)]
            text = _TAGGED.sub(r"\1", tagged)
            found.append(Sentence(head.removeprefix("## "), f"{path}:{number}", text, names))
    return rows.not_empty(found, path)
