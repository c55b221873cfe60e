"""Draws what models of different tokenizers are asked, and says which of their scores have rows."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import (
    Metric,
    Prediction,
    Scoring,
    Task,
    TaskData,
    draw_items,
    label_scores,
    load_task,
)
from clova_jax.tables.tokenizer_models import RARE, rare

RARE_TEXTS = f"headlines with {RARE}"


def check_tasks(names: Sequence[str]) -> None:
    """Checks that there are tasks of these names, and that they have labels. Returns nothing.

    Raises:
        ClovaError: an unknown name, a task whose answers are free text.
    """
    for name in names:
        if not load_task(name).labels:
            raise ClovaError(f"{name}: its answers are free text; give tasks with labels")


@dataclass(frozen=True)
class Questions:
    """Holds the items of a task, and the sets of them that have rows of their own.

    Args:
        task: which loads these items and no others.
        groups: name of a row -> ids of its items.
    """

    task: Task
    groups: dict[str, set[str]]

    @property
    def data(self) -> TaskData:
        """Returns items and pool."""
        return self.task.load(Path())

    @classmethod
    def draw(cls, name: str, data: Path, limit: int | None, seed: int) -> "Questions":
        """Draws `limit` items; of YNAT all headlines with `RARE` are asked as well, and none of them is an example."""
        task = load_task(name)
        loaded = task.load(data)
        drawn = draw_items(loaded, task, limit, seed)
        groups = {name: {item.id for item in drawn}}
        apart = rare(data) if name == "ynat" else []
        if apart:
            groups[f"{name}, {RARE_TEXTS}"] = {item.id for item in apart}
        items = list({item.id: item for item in (*drawn, *apart)}.values())
        pool = [item for item in loaded.pool if not apart or RARE not in item.text]
        chosen = TaskData(items, pool, loaded.notes)
        return cls(dataclasses.replace(task, load=lambda folder: chosen), groups)


def shown_metrics(task: Task, group: str) -> list[Metric]:
    """Returns the metrics that have rows: the task's headline, what shows a constant answer up, accuracy of small groups."""
    if group != task.name:  # too few items for a mean over classes
        return [metric for metric in task.metrics if metric.name == "accuracy"]
    return [m for m in task.metrics if m is task.metrics[0] or m.name == "balanced_accuracy"]


def answers_by(
    scoring: Scoring, task: Task, mark: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> dict[str, Prediction]:
    """Returns the predictions of a few-shot trial, by item, under one way to compare labels."""
    table = np.array([row["logprobs"] for row in rows])
    lengths, content_free = np.array(mark["label_tokens"], np.float64), np.array(mark["blank"])
    best = label_scores(table, lengths, content_free, scoring).argmax(axis=1)
    names = list(task.labels or {})
    return {
        row["id"]: Prediction(names[choice], tuple(row["answers"]))
        for row, choice in zip(rows, best, strict=True)
    }
