"""Defines a session: what was said so far, and what is settled; a JSON file that appears complete or not at all."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from clova_jax.common.files import read_json, write_json
from clova_jax.common.json_values import fields


@dataclass(frozen=True)
class Turn:
    """Holds what the user said, the answer, and the kind of responder that gave it."""

    said: str
    answered: str
    kind: str


@dataclass
class Session:
    """Holds a talk; `Assistant.reply` adds a turn to it.

    Args:
        seed: of all that is drawn for its answers: the same turns under the same seed get the same answers.
        turns: the oldest first.
        state: values that are settled, by `DOMAIN-SLOT`.
    """

    seed: int = 0
    turns: list[Turn] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Writes the session as JSON; a process that is killed meanwhile leaves the file as it was."""
        write_json(Path(path), asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ClovaError: the file is missing, or holds no session.
        """
        shape: dict[str, Any] = {
            "seed": int,
            "turns": list[dict[str, str]],
            "state": dict[str, str],
        }
        found = fields(read_json(path), path, shape)
        wanted: dict[str, Any] = {"said": str, "answered": str, "kind": str}
        turns = [
            Turn(**fields(turn, f"{path}: turn {number}", wanted))
            for number, turn in enumerate(found["turns"], 1)
        ]
        return cls(found["seed"], turns, found["state"])
