"""Keeps what a run has finished: a line a trial in one file, by default `trials.jsonl`, its rows in another, `predictions.jsonl`."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.json_values import fields, parse_json, to_json

KEY = ("model", "task", "shots", "trial")
MARK = {
    "model": str,
    "task": str,
    "shots": int,
    "trial": int,
    "settings": dict,
    "begin": int,
    "end": int,
}


class Records:
    """Keeps the finished trials of an output folder, or of this process alone where there is no folder.

    A trial counts once its line stands in the one; rows written to the other after the last such
    line, by a run that was cut off, are removed on opening.

    Args:
        out: the folder; made if need be.
        rows, marks: names of the two files.
    """

    def __init__(
        self,
        out: str | Path | None = None,
        rows: str = "predictions.jsonl",
        marks: str = "trials.jsonl",
    ) -> None:
        self.out = Path(out) if out is not None else None
        self._trials: dict[tuple, dict[str, Any]] = {}
        self._rows: dict[tuple, list[dict[str, Any]]] = {}
        if self.out is None:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        self._path, self._marks = self.out / rows, self.out / marks
        end = 0
        if self._marks.exists():
            _drop_half_line(self._marks)
            for number, row in read_jsonl(self._marks):
                mark = row | fields(row, f"{self._marks}:{number}", MARK)
                self._trials[tuple(mark[name] for name in KEY)] = mark
                end = mark["end"]
        if self._path.exists():
            if self._path.stat().st_size < end:
                raise ClovaError(
                    f"{self._path}: shorter than {self._marks.name} says; remove both and run again"
                )
            os.truncate(self._path, end)

    def find(
        self, key: tuple[str, str, int, int], settings: dict[str, Any]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Returns a finished trial and its predictions; None where it has yet to run.

        Raises:
            ClovaError: it was run with other settings.
        """
        mark = self._trials.get(key)
        if mark is None:
            return None
        for name, value in settings.items():
            if mark["settings"].get(name) != value:
                raise ClovaError(
                    f"{self.out}: holds {key[1]} ({key[2]} shots) with {name} "
                    f"{mark['settings'].get(name)}, now {name} is {value}; use another --out"
                )
        if self.out is None:
            return mark, self._rows[key]
        with self._path.open("rb") as file:
            file.seek(mark["begin"])
            lines = file.read(mark["end"] - mark["begin"]).decode().split("\n")[:-1]
        return mark, [parse_json(line, f"{self._path}: trial {key}") for line in lines]

    def add(
        self,
        key: tuple[str, str, int, int],
        settings: dict[str, Any],
        summary: dict[str, Any],
        rows: list[dict[str, Any]],
    ) -> None:
        """Keeps a finished trial: its predictions first, then its line."""
        mark = {**dict(zip(KEY, key, strict=True)), "settings": settings, **summary}
        if self.out is None:
            self._rows[key] = rows
        else:
            with self._path.open("ab") as file:
                begin = file.tell()
                for row in rows:
                    file.write((to_json(row) + "\n").encode())
                file.flush()
                os.fsync(file.fileno())
                mark |= {"begin": begin, "end": file.tell()}
            with self._marks.open("ab") as file:
                file.write((to_json(mark) + "\n").encode())
                file.flush()
                os.fsync(file.fileno())
        self._trials[key] = mark


def _drop_half_line(path: Path) -> None:
    """Cuts off what follows the last line break."""
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def digest(texts: Sequence[str]) -> str:
    """Returns a short hash of texts in order."""
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text.encode() + b"\0")
    return hashed.hexdigest()[:16]
