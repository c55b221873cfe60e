"""Reads pairs of a premise and a hypothesis with their relation, as KLUE-NLI and KorNLI have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.labelled import rows

RELATIONS = {"entailment": "참", "neutral": "중립", "contradiction": "모순"}
"""The word for each relation, as prompts have it."""


@dataclass(frozen=True)
class Pair:
    """Holds two sentences and whether the first entails the second, contradicts it, or neither.

    Args:
        id: the data set's own id, or the line number.
        place: `file:line` or `file: entry N (id)`, for errors.
        premise, hypothesis: the sentences.
        relation: one of `RELATIONS`.
        source: the kind of text that the premise is from; "" where the file does not say.
    """

    id: str
    place: str
    premise: str
    hypothesis: str
    relation: str
    source: str = ""

    @property
    def follows(self) -> bool:
        """Returns True if the premise entails the hypothesis."""
        return self.relation == "entailment"


def read_klue_nli(path: Path) -> list[Pair]:
    """Reads a file of KLUE-NLI: a JSON list, or JSON Lines where its name ends so.

    Raises:
        ClovaError: it is damaged, or has no rows.
    """
    keys = ("guid", "premise", "hypothesis", "gold_label")
    lines = ".jsonl" in path.suffixes
    found = rows.jsonl_rows(path, keys) if lines else rows.json_rows(path, keys)
    return _pairs(path, ((place, str(row["guid"]), row) for place, row in found), keys[1:])


def read_kornli(path: Path) -> list[Pair]:
    """Reads a tab-separated file of KorNLI.

    Raises:
        ClovaError: it is damaged, or has no rows.
    """
    keys = ("sentence1", "sentence2", "gold_label")
    found = rows.tsv_rows(path, keys)
    return _pairs(path, ((place, place.rsplit(":", 1)[1], row) for place, row in found), keys)


def _pairs(
    path: Path, found: Iterator[tuple[str, str, Mapping[str, Any]]], keys: tuple[str, ...]
) -> list[Pair]:
    pairs = []
    for place, id, row in found:
        premise, hypothesis = (rows.text(place, row, key) for key in keys[:2])
        relation = rows.label(place, row[keys[2]], RELATIONS)
        pairs.append(Pair(id, place, premise, hypothesis, relation, str(row.get("source", ""))))
    return rows.not_empty(pairs, path)
