"""`metrics.jsonl` (one row a step, flushed) and the trackers that read the same rows."""

import json
import math
import secrets
from pathlib import Path
from typing import Any, Protocol

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json


class Tracker(Protocol):
    """Where rows of metrics go."""

    def log(self, row: dict[str, Any]) -> None:
        """Takes one row; `step` is always in it."""

    def close(self) -> None:
        """Flushes and lets go."""


class JsonLines:
    """`metrics.jsonl`: appended to row by row; cut back to a checkpoint's step on resume.

    Args:
        path: the file.
        step: rows past this step are dropped (they will be made again, bit for bit).
    """

    def __init__(self, path: str | Path, step: int) -> None:
        self.path = Path(path)
        kept = [line for line in self._lines() if json.loads(line)["step"] <= step]
        with whole_file(self.path) as file:
            file.writelines(line + "\n" for line in kept)
        self._file = self.path.open("a", encoding="utf-8")

    def _lines(self) -> list[str]:
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        lines = text.split("\n")
        return [line for line in lines[:-1] if line]  # what follows the last newline was cut short

    def log(self, row: dict[str, Any]) -> None:
        """Appends one row and flushes it; a number that is not finite becomes null, as JSON has none."""
        row = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        self._file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class TensorBoard:
    """Event files for TensorBoard, in `directory`."""

    def __init__(self, directory: str | Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise ClovaError(
                "--tensorboard needs the package tensorboardX, which the extra 'tensorboard' installs: "
                "pip install tensorboardX"
            ) from None
        self._writer = SummaryWriter(str(directory))

    def log(self, row: dict[str, Any]) -> None:
        """Writes every number of a row under its own name."""
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()


class WeightsAndBiases:
    """A Weights & Biases run; needs the package `wandb` and a login, or `WANDB_MODE=offline`.

    Its id lies in `<directory>/wandb.json`, so that a training run that goes on stays one run there.
    """

    def __init__(self, name: str, config: dict[str, Any], directory: str | Path) -> None:
        try:
            import wandb
        except ImportError:
            raise ClovaError(
                "--wandb needs the package wandb, which the extra 'wandb' installs: pip install wandb"
            ) from None
        kept = Path(directory) / "wandb.json"
        if not kept.exists():
            write_json(kept, {"id": secrets.token_hex(8)})
        self._run = wandb.init(
            project="clova_jax",
            name=name,
            id=read_json(kept)["id"],
            config=config,
            dir=str(directory),
            resume="allow",
        )

    def log(self, row: dict[str, Any]) -> None:
        """Sends a row."""
        self._run.log({k: v for k, v in row.items() if k != "step"}, step=row["step"])

    def close(self) -> None:
        """Ends the run."""
        self._run.finish()


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a `metrics.jsonl`, in order."""
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
