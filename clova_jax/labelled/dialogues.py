"""Reads dialogues whose turns have a state: KLUE-WoS v1.1, and the sample world's, which are written as that one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_json

ROLES = ("user", "sys")
State = Mapping[str, str]
"""The value of each slot that has one; a slot is written `DOMAIN-SLOT`."""


@dataclass(frozen=True)
class Turn:
    """Holds what one side says.

    Args:
        role: `user` or `sys`.
        text: with single spaces, no line break.
        state: what the user has settled so far; None at turns of the system.
    """

    role: str
    text: str
    state: State | None = None


@dataclass(frozen=True)
class Dialogue:
    """Holds a dialogue; `domains` are those that it is about."""

    id: str
    domains: Sequence[str]
    turns: Sequence[Turn]

    @property
    def final(self) -> State:
        """Returns the last state; the goals that the user had."""
        return next((turn.state for turn in reversed(self.turns) if turn.state is not None), {})


Ontology = Mapping[str, Mapping[str, Sequence[str]]]
"""The slots of each domain, with all values of each; `none` is not among them."""


def read_dialogues(folder: str | Path, split: str) -> list[Dialogue]:
    """Reads `wos-v1.1_SPLIT.json` of KLUE: a list of dialogues with `guid`, `domains` and `dialogue`, a list of turns.

    A turn has `role` and `text`; a user's also `state`, texts of the form `DOMAIN-SLOT-VALUE`.

    Args:
        folder: that holds the file, plain or compressed.
        split: `train` or `dev`.

    Raises:
        ClovaError: the file is missing, is no such list, or a state is not of that form.
    """
    path = find_file(folder, f"wos-v1.1_{split}.json")
    rows = read_json(path)
    if not isinstance(rows, list) or not rows:
        raise ClovaError(f"{path}: no WoS v1.1 file, which is a list of dialogues")
    return [_dialogue(row, f"{path}: dialogue {number}") for number, row in enumerate(rows)]


def _dialogue(row: Any, place: str) -> Dialogue:
    shape = {"guid": str, "domains": list, "dialogue": list}
    for key, kind in shape.items():
        if not isinstance(row, dict) or not isinstance(row.get(key), kind):
            raise ClovaError(f"{place}: not as in WoS v1.1: {key!r} is missing or of another type")
    turns = [_turn(turn, f"{place}, turn {number}") for number, turn in enumerate(row["dialogue"])]
    return Dialogue(row["guid"], tuple(map(str, row["domains"])), tuple(turns))


def _turn(turn: Any, place: str) -> Turn:
    if not isinstance(turn, dict) or turn.get("role") not in ROLES:
        raise ClovaError(f"{place}: the role is not one of {', '.join(ROLES)}")
    if not isinstance(turn.get("text"), str):
        raise ClovaError(f"{place}: no text")
    text = " ".join(turn["text"].split())
    if turn["role"] == "sys":
        return Turn("sys", text)
    state = turn.get("state")
    if not isinstance(state, list):
        raise ClovaError(f"{place}: a user's turn without a state")
    return Turn("user", text, dict(_slot_and_value(entry, place) for entry in state))


def _slot_and_value(entry: Any, place: str) -> tuple[str, str]:
    parts = entry.split("-", 2) if isinstance(entry, str) else ()
    if len(parts) != 3 or not all(part.strip() for part in parts):
        raise ClovaError(f"{place}: {entry!r} in the state is not DOMAIN-SLOT-VALUE")
    return f"{parts[0]}-{parts[1]}", parts[2]


def read_ontology(folder: str | Path) -> Ontology:
    """Reads WoS v1.1's `ontology.json`: all values of each `DOMAIN-SLOT`.

    Raises:
        ClovaError: the file is missing, or is no such object.
    """
    path = find_file(folder, "ontology.json")
    rows = read_json(path)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, values in rows.items() if isinstance(rows, dict) else ():
        domain, dash, slot = name.partition("-")
        if not dash or not isinstance(values, list) or not all(map(_is_value, values)):
            raise ClovaError(f"{path}: {name!r} is no DOMAIN-SLOT with a list of values")
        found.setdefault(domain, {})[slot] = tuple(v for v in values if v != "none")
    if not found:
        raise ClovaError(f"{path}: no WoS v1.1 ontology, which has the values of each DOMAIN-SLOT")
    return found


def _is_value(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
