"""Writes `metrics.jsonl` (one row a step, flushed) and hands the same rows to trackers."""

import contextlib
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from clova_jax.common.errors import ClovaError
from clova_jax.common.extras import import_extra
from clova_jax.common.files import read_json, read_jsonl, whole_file, write_json
from clova_jax.common.json_values import fields, parse_json, to_json


class Tracker(Protocol):
    """Receives rows of metrics."""

    def log(self, row: dict[str, Any]) -> None:
        """Takes one row; `step` is always in it."""

    def close(self) -> None:
        """Flushes and closes."""


class Trackers:
    """Hands every row to several trackers, in order."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = trackers

    def log(self, row: dict[str, Any]) -> None:
        """Hands on one row."""
        for tracker in self._trackers:
            tracker.log(row)

    def close(self) -> None:
        """Closes all of them."""
        for tracker in self._trackers:
            tracker.close()


class JsonLines:
    """Appends rows to `metrics.jsonl`; on resume the file is cut back to the checkpoint's step.

    Each row also has `time`: when it was written, in UTC.

    Args:
        path: the file.
        step: rows past this step are dropped (they will be made again, bit for bit). Lines that
            are damaged go too, and are counted on standard error.
    """

    def __init__(self, path: str | Path, step: int) -> None:
        self.path = Path(path)
        kept, damaged = [], []
        for number, line in enumerate(self._lines(), 1):
            if not line.strip():
                continue
            try:
                row = fields(parse_json(line, self.path), self.path, {"step": int})
            except ClovaError:
                damaged.append(number)
                continue
            if row["step"] <= step:
                kept.append(line)
        if damaged:
            print(
                f"WARNING: {self.path}: {len(damaged)} damaged lines are left out, the first is "
                f"line {damaged[0]}",
                file=sys.stderr,
            )
        with whole_file(self.path, "wb") as file:
            file.writelines(line + b"\n" for line in kept)
        self._file = self.path.open("a", encoding="utf-8")

    def _lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return self.path.read_bytes().split(b"\n")[:-1]  # after the last newline: cut by a kill

    def log(self, row: dict[str, Any]) -> None:
        """Appends one row and flushes it; a number that is not finite becomes null, as JSON has none."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(to_json({**row, "time": now}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file; rows that a full disk has not taken are lost, and the write has raised already."""
        with contextlib.suppress(OSError):
            self._file.close()


def grouped(row: dict[str, Any]) -> dict[str, Any]:
    """Returns a row without its step, under names that trackers show in groups: `train/loss`, `val/loss`.

    A row of a validation repeats the tokens of its step; they are left out.
    """
    if any(name.startswith("val_") for name in row):
        return {"val/" + n.removeprefix("val_"): v for n, v in row.items() if n.startswith("val_")}
    return {f"train/{name}": value for name, value in row.items() if name != "step"}


class TensorBoard:
    """Writes event files for TensorBoard into `directory`; the first row opens them.

    A writer that is open at the end of the program cannot be closed on Python 3.12, and a training that is
    refused before its first step never closes it.
    """

    def __init__(self, directory: str | Path) -> None:
        board = self.package()
        self._open, self._writer = lambda: board.SummaryWriter(str(directory)), None

    @staticmethod
    def package() -> ModuleType:
        """Imports tensorboardX."""
        return import_extra("tensorboardX", "tensorboard", "--tensorboard")

    def log(self, row: dict[str, Any]) -> None:
        """Writes every number of a row under its name for trackers."""
        self._writer = self._writer or self._open()
        for name, value in grouped(row).items():
            if isinstance(value, int | float):
                self._writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Flushes and closes the event file."""
        if self._writer:
            self._writer.close()


class WeightsAndBiases:
    """Logs to a Weights & Biases run; needs the package `wandb` and a login, or `WANDB_MODE=offline`.

    Its id lies in `<directory>/wandb.json`, so that a training run that is resumed stays one run there.
    """

    def __init__(
        self, project: str, name: str, config: dict[str, Any], directory: str | Path
    ) -> None:
        wandb = self.package()
        kept = Path(directory) / "wandb.json"
        if not kept.exists():
            write_json(kept, {"id": secrets.token_hex(8)})
        self._run = wandb.init(
            project=project,
            name=name,
            id=read_json(kept)["id"],
            config=config,
            dir=str(directory),
            resume="allow",
        )

    @staticmethod
    def package() -> ModuleType:
        """Imports wandb."""
        return import_extra("wandb", "wandb", "--wandb")

    def log(self, row: dict[str, Any]) -> None:
        """Sends a row."""
        self._run.log(grouped(row), step=row["step"])

    def close(self) -> None:
        """Ends the run."""
        self._run.finish()


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """Reads the rows of a `metrics.jsonl`, in order.

    Raises:
        ClovaError: the file is missing or a line is damaged (named `file:line`).
    """
    return [row for _, row in read_jsonl(path)]
