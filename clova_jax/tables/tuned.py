"""Makes a row of Table 4 or 5: one method on so many examples, several seeds, tested like a few-shot row."""

import dataclasses
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import (
    Item,
    Records,
    Task,
    TaskData,
    digest,
    do_nothing,
    draw_items,
    generator,
    headline_score,
)
from clova_jax.inference import Model, Template
from clova_jax.tuning import (
    LEAST_DEV,
    TuneOptions,
    default_template,
    loss_of,
    tune,
)


@dataclass(frozen=True)
class TunedCell:
    """Describes one row of the table: a method, its config, and how many examples it sees.

    Args:
        method, encoder: as shown in the row.
        config: of the method.
        options: of a training run; its seed is replaced by the trial's.
        examples: drawn from the task's pool, the development split among them; None takes the complete pool.
        shots: examples shown in the prompt as well, between the virtual tokens (Table 5).
        run: learns from one seed's examples and answers the items; by default a tuning run.
    """

    method: str
    encoder: str
    config: Any
    options: TuneOptions
    examples: int | None = None
    shots: int = 0
    run: "Callable[[SeedRun], Answers] | None" = None

    @property
    def forgets(self) -> bool:
        """Returns True if nothing of a finished seed is kept but its answers: complete models are too large."""
        return self.run is not None or self.config.method().trains_everything


Answers = tuple[dict[str, Any], list[dict[str, Any]]]  # a summary, and a row an item


@dataclass(frozen=True)
class SeedRun:
    """Holds what one seed of a cell works with.

    Args:
        model: that learns, a `Model` or what the cell's `run` takes for one.
        task, data, items: what is learned, from which pool, and what is asked.
        cell: the row.
        count: examples to draw.
        seed: of the examples and their order.
        folder: in which an unfinished run is kept.
        stop: signals that ask for an end.
        label: what the progress bar is called.
    """

    model: Any
    task: Task
    data: TaskData
    items: Sequence[Item]
    cell: TunedCell
    count: int
    seed: int
    folder: Path
    stop: StopSignals | None
    label: str

    def draw(self, aside: Collection[str] = ()) -> list[Item]:
        """Draws the examples that every method of this seed gets; items whose ids are `aside` are not among them."""
        pool = [item for item in self.data.pool if item.id not in aside]
        order = generator(self.seed, self.task.name, "examples").permutation(len(pool))
        return [pool[i] for i in order[: self.count]]


def tuned_row(
    model: Model,
    task: Task,
    data: TaskData,
    cell: TunedCell,
    *,
    name: str,
    seeds: int,
    limit: int | None,
    seed: int,
    out: Path,
    stop: StopSignals | None = None,
) -> dict[str, Any]:
    """Tunes and tests once per seed; finished seeds in `out` are kept, an unfinished one is resumed.

    The items are those of `evaluate.measure` with the same seed and limit. The interval covers the choice of
    items and, from two seeds on, the spread over seeds.

    Raises:
        ClovaError: as `check_cell`.
    """
    check_cell(cell, task, data, seeds, limit)
    items = draw_items(data, task, limit, seed)
    count = len(data.pool) if cell.examples is None else cell.examples
    label = label_of(name, cell, count)
    settings = settings_of(model, task, data, cell, items, seed)
    records = Records(out)
    marks, trials = [], []
    for trial in range(seeds):
        key = (label, task.name, cell.shots, trial)
        found = records.find(key, settings)
        if found is None:
            folder = seed_folder(out, label, task.name, cell.shots, trial)
            bar = f"{label} {trial + 1}/{seeds}"
            summary, rows = (cell.run or _tune)(
                SeedRun(model, task, data, items, cell, count, seed + trial, folder, stop, bar)
            )
            named = dict(zip(("model", "task", "shots", "trial"), key, strict=True))
            records.add(key, settings, summary, [named | row for row in rows])
            if cell.forgets:
                shutil.rmtree(folder, ignore_errors=True)
            found = records.find(key, settings)
        marks.append(found[0])
        trials.append(found[1])
    score, per_seed = headline_score(task, trials, seed)
    return {
        "model": name,
        "num_params": model.config.num_params,
        "task": task.name,
        "metric": task.metrics[0].name,
        "method": cell.method,
        "encoder": cell.encoder,
        "examples": count,
        "shots": cell.shots,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "baseline": max(task.metrics[0](constant) for constant in do_nothing(task, items)),
        "seeds": seeds,
        "items": len(items),
        "per_seed": [round(value, 4) for value in per_seed],
        "trained": marks[0]["trained"],
        "best_steps": [mark["best_step"] for mark in marks],
        "seconds": round(sum(mark["seconds"] for mark in marks), 1),
        "note": "; ".join(dict.fromkeys(note for mark in marks for note in mark["notes"])),
    }


def settings_of(
    model: Model, task: Task, data: TaskData, cell: TunedCell, items: Sequence[Item], seed: int
) -> dict[str, Any]:
    """Returns what must not change when the answers of a finished seed are read back.

    Args:
        model: that answers.
        task, data: what is learned, from which pool.
        cell: of the row.
        items: what is asked.
        seed: of the table.
    """
    return {
        "seed": seed,
        "items": len(items),
        "config": repr(cell.config),
        "options": repr(dataclasses.replace(cell.options, seed=0)),
        "loss": loss_of(task),
        "data": digest([task.shown(item) + item.lead for item in (*items, *data.pool)]),
        "definition": task.definition,
        "weights": model.fingerprint,
    }


def label_of(name: str, cell: TunedCell, count: int) -> str:
    """Returns what a row is called on the screen and in the records.

    Args:
        name: of the model.
        cell: of the row.
        count: examples that it sees.
    """
    return " ".join(filter(None, (name, cell.method, cell.encoder, str(count))))


def seed_folder(out: Path, label: str, task: str, shots: int, trial: int) -> Path:
    """Returns the folder that the run of a seed is kept in; each task has its own."""
    return out / "tuning" / "_".join((*label.split(), *task.split(), f"{shots}shot", str(trial)))


def check_cell(cell: TunedCell, task: Task, data: TaskData, seeds: int, limit: int | None) -> None:
    """Checks that this cell can be run with this data. Returns nothing.

    Raises:
        ClovaError: fewer examples than can be split or more than there are, no seed, no test item.
    """
    count, most = cell.examples, len(data.pool) - cell.shots
    if count is not None and not 2 * LEAST_DEV <= count <= most:
        raise ClovaError(
            f"{task.name}: {count} examples asked for; wants {2 * LEAST_DEV} or more (some are to stop by) and "
            f"{most} at most, which is all there are"
        )
    if seeds < 1 or (limit is not None and limit < 1):
        raise ClovaError(f"{task.name}: seeds {seeds}, limit {limit}: both start at 1")


def _tune(run: SeedRun) -> Answers:
    """Tunes on the examples, and answers the items."""
    begin, task, cell = time.perf_counter(), run.task, run.cell
    shown = _shown(run)
    template = default_template(cell.config)
    if shown:
        words = "".join(task.shown(item) + task.separator for item in shown)
        template = Template((*template.before, words), template.after)
    tuned = tune(
        run.model,
        task,
        run.draw({item.id for item in shown}),
        cell.config,
        dataclasses.replace(cell.options, seed=run.seed),
        template=template,
        out=run.folder,
        stop=run.stop,
        label=run.label,
    )
    rows, cut = tuned.answer(task, run.items, f"{run.label}: test", run.stop)
    notes = [*tuned.notes, *([f"{cut} items cut to fit the context"] if cut else [])]
    if tuned.tuned.best_step == 0:
        notes.append("no step was better than the start on the development split")
    summary = {
        "trained": sum(leaf.size for leaf in jax.tree.leaves(tuned.tuned.trainable)),
        "best_step": tuned.tuned.best_step,
        "steps": tuned.tuned.history[-1]["step"],
        "dev_loss": tuned.tuned.best_loss,
        "notes": notes,
        "seconds": round(time.perf_counter() - begin, 3),
    }
    return summary, rows


def _shown(run: SeedRun) -> Sequence[Item]:
    """Draws the examples in the prompt: a random set, the same for training and test."""
    if not run.cell.shots:
        return []
    random = generator(run.seed, run.task.name, "shots")
    return run.task.examples(run.items[0], run.data, run.cell.shots, random)
