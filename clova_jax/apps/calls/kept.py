"""Keeps calls in a JSON Lines file, a turn a line; what was given out survives any end of the process."""

import os
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.json_values import fields, to_json

Row = dict[str, Any]
SHAPE = {
    "call": str,
    "scenario": str,
    "number": int,
    "state": str,
    "said": str,
    "heard": str,
    "intent": str,
    "again": bool,
    "tries": int,
    "slots": dict[str, str],
    "flags": list[str],
    "outcome": str,
}


class CallFile:
    """Reads and adds turns of calls; a line that was cut off is removed on opening.

    Args:
        path: of the file; made with the first turn.

    Raises:
        ClovaError: a line is no turn of a call, or does not follow the one before.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.calls: dict[str, list[Row]] = {}
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(self.path, content.rfind(b"\n") + 1)
        for number, value in read_jsonl(self.path):
            row = fields(value, f"{self.path}:{number}", SHAPE)
            turns = self.calls.setdefault(row["call"], [])
            if row["number"] != len(turns):
                raise ClovaError(
                    f"{self.path}:{number}: call {row['call']!r} has turn {row['number']} where "
                    f"{len(turns)} follows; the file is damaged"
                )
            turns.append(row)

    def turns(self, call: str, scenario: str) -> list[Row]:
        """Returns the turns of a call, none where it is unknown.

        Raises:
            ClovaError: it is in another scenario.
        """
        rows = self.calls.get(call, [])
        if rows and rows[0]["scenario"] != scenario:
            raise ClovaError(
                f"{self.path}: call {call!r} is in {rows[0]['scenario']!r}, not in {scenario!r}; "
                "give another name"
            )
        return rows

    def add(self, row: Row) -> None:
        """Adds a turn; it is on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write((to_json(row) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        self.calls.setdefault(row["call"], []).append(row)
