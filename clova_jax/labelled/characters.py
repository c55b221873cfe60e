"""Reads characters with their talks, as the sample world has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.files import find_file, read_jsonl
from clova_jax.common.json_values import fields
from clova_jax.labelled import rows

_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("id", "name", "about", "level", "phrase", "world"), str),
    "facts": dict[str, str],
    "turns": list[dict],
}
_TURN = dict.fromkeys(("role", "text", "kind", "about", "value"), str)


@dataclass(frozen=True)
class Exchange:
    """Holds what a guest says and what the character answers.

    Args:
        guest, reply: the two texts.
        kind: `tell`, `own`, `recall`, `unknown`, `world`, `feeling` or `talk`.
        about: the slot, topic or mood; empty for `talk`.
        value: that is told or answered; empty where there is none.
    """

    guest: str
    reply: str
    kind: str
    about: str
    value: str


@dataclass(frozen=True)
class CharacterTalk:
    """Holds a character and a talk with a guest."""

    id: str
    name: str
    about: str
    facts: Mapping[str, str]
    level: str
    phrase: str
    world: str
    exchanges: Sequence[Exchange]


def read_characters(data_dir: str | Path, split: str) -> list[CharacterTalk]:
    """Reads `dialogue/characters/characters_SPLIT.jsonl`.

    Raises:
        ClovaError: the file is missing or empty, or a row lacks a field.
    """
    path = find_file(Path(data_dir) / "dialogue" / "characters", f"characters_{split}.jsonl")
    found = []
    for number, row in read_jsonl(path):
        value = fields(row, f"{path}:{number}", _KINDS)
        turns = [fields(turn, f"{path}:{number}", _TURN) for turn in value.pop("turns")]
        exchanges = [
            Exchange(asked["text"], said["text"], said["kind"], said["about"], said["value"])
            for asked, said in zip(turns[::2], turns[1::2], strict=True)
        ]
        found.append(CharacterTalk(**value, exchanges=exchanges))
    return rows.not_empty(found, path)
