"""Computes the rows of the instruction table: a base model, and models tuned on instructions, asked in words they know or not."""

import itertools
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from clova_jax.align import instructions
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import (
    Item,
    Prediction,
    Records,
    TaskData,
    digest,
    do_nothing,
    draw_items,
    interval,
)
from clova_jax.inference import Model
from clova_jax.model import read_about
from clova_jax.tables.instruction_asking import Asked, ask
from clova_jax.tables.table import Row, TableRun
from clova_jax.tuning import TuneOptions

WORDINGS = 8  # of a task
VALIDATIONS = 4  # of a training
DEV_ROWS = 4  # batches of rows to stop by
PEARSON = "pearson"  # wants graded answers, which nobody is asked for here


@dataclass(frozen=True)
class Question:
    """Says which tasks a system is asked, and in which wordings.

    Args:
        system: as rows call it.
        tasks: with their items.
        unseen: whether in the wordings that no training has.
        shots: solved examples before each item.
    """

    system: str
    tasks: Sequence[instructions.InstructionTask]
    unseen: bool = True
    shots: int = 0


def wordings(options: Any, unseen: bool) -> slice:
    """Returns which of a task's wordings are trained on, or which are not."""
    cut = WORDINGS - options.held_out
    return slice(cut, None) if unseen else slice(0, cut)


def items_of(run: TableRun, task: instructions.InstructionTask) -> list[Item]:
    """Returns the items that are asked, the same of every system."""
    return draw_items(TaskData(task.test, ()), task.task, run.options.limit, run.options.seed)


@dataclass(frozen=True)
class Base:
    """Asks the model as it is.

    Args:
        questions: without, and with examples.
    """

    questions: Sequence[Question]

    def __call__(self, run: TableRun) -> Iterator[Row]:
        """Yields the rows; answers are read back."""
        for question in self.questions:
            yield from _rows(run, question, 1, lambda trial: run.model, {"shots": question.shots})


@dataclass(frozen=True)
class Instructed:
    """Tunes the model on the instructions of all families but one, once a seed, and asks it.

    Args:
        tasks: all of them.
        left_out: the family that is not learned; None for none.
        questions: what is asked.
    """

    tasks: Sequence[instructions.InstructionTask]
    left_out: str | None
    questions: Sequence[Question]

    def __call__(self, run: TableRun) -> Iterator[Row]:
        """Yields the rows; answers are read back, an unfinished training is resumed."""
        made: dict[int, Model] = {}

        def model(trial: int) -> Model:
            if trial not in made:
                made.clear()  # one at a time
                made[trial] = self._tune(run, trial)
            return made[trial]

        options = run.options
        names = ("steps", "batch_size", "length", "learning_rate", "per_task", "held_out")
        settings = {name: getattr(options, name) for name in names} | {"left_out": self.left_out}
        settings["learned"] = [task.name for task in self.tasks if self._learns(task)]
        for trial in range(options.seeds):  # all questions to one model before the next is tuned
            for question in self.questions:
                for task in question.tasks:
                    _answers(run, question, task, trial, model, settings)
        for question in self.questions:
            yield from _rows(run, question, options.seeds, model, settings)
        shutil.rmtree(
            self._folder(run), ignore_errors=True
        )  # answers are kept, and the first model

    def _learns(self, task: instructions.InstructionTask) -> bool:
        return bool(task.train) and task.kind.family != self.left_out

    def _folder(self, run: TableRun) -> Path:
        name = run.model_name.replace("/", "_")
        return run.out / "training" / (f"{name}-{self.left_out}" if self.left_out else name)

    def _tune(self, run: TableRun, trial: int) -> Model:
        options, seed = run.options, run.options.seed + trial
        learned = [task for task in self.tasks if self._learns(task)]
        drawn = instructions.mixture(learned, wordings(options, False), options.per_task, seed)
        encoded = instructions.encode(run.model.tokenizer, instructions.TEMPLATE, drawn)
        aside = DEV_ROWS * options.batch_size
        count = options.steps * options.batch_size + aside
        rows, long = instructions.pack(encoded, options.length, count)
        run.found.setdefault("long", {})[run.model_name] = long
        tuned = instructions.tune_instructions(
            run.model,
            rows[aside:],
            rows[:aside],
            instructions.TEMPLATE,
            TuneOptions(
                steps=options.steps,
                batch_size=options.batch_size,
                learning_rate=options.learning_rate,
                evaluate_every=-(-options.steps // VALIDATIONS),
                patience=VALIDATIONS,
                seed=seed,
            ),
            length=options.length,
            out=self._folder(run) / str(trial),
            stop=run.stop,
            label=f"without {self.left_out}" if self.left_out else "instructions",
        )
        if not trial and not self.left_out:
            tuned.model.save(run.out / "models" / run.model_name.replace("/", "_"))
        return tuned.model


def _rows(
    run: TableRun,
    question: Question,
    trials: int,
    model: Callable[[int], Model],
    settings: dict[str, Any],
) -> Iterator[Row]:
    """Yields a row for each task and metric; the answers of finished trials are read back."""
    for task in question.tasks:
        found = [_answers(run, question, task, trial, model, settings) for trial in range(trials)]
        yield from scores(run, question, task, found)


def _answers(
    run: TableRun,
    question: Question,
    task: instructions.InstructionTask,
    trial: int,
    model: Callable[[int], Model],
    settings: dict[str, Any],
) -> list[Row]:
    if run.stop.requested:
        raise Stopped(run.stop.requested)
    if "records" not in run.found:
        run.found["records"] = Records(run.out)
    options, records, items = run.options, run.found["records"], items_of(run, task)
    some = task.kind.wordings[wordings(options, question.unseen)]
    texts = [task.instruction(item, one) for item in items for one in some]
    key = (f"{run.model_name} {question.system}", task.name, question.shots, trial)
    own = settings | {
        "seed": options.seed,
        "length": options.length,
        "max_new_tokens": options.max_new_tokens,
        "weights": run.model.fingerprint,
        "data": digest(texts),
    }
    kept = records.find(key, own)
    if kept is None:
        asked = Asked(
            task,
            items,
            some,
            question.shots,
            options.length,
            min(options.length, _pretrained(run)),
            options.max_new_tokens,
            options.seed,
        )
        rows = ask(model(trial), instructions.TEMPLATE, asked)
        about = {"model": run.model_name, "system": question.system, "task": task.name}
        long = run.found.get("long", {}).get(run.model_name, 0)
        summary = {"long": long, "left_out": len(items) - len(rows)}
        records.add(key, own, summary, [about | {"trial": trial} | row for row in rows])
        kept = records.find(key, own)
    for name in ("long", "left_out"):
        counted = run.found.setdefault(name, {})
        counted[run.model_name] = max(counted.get(run.model_name, 0), kept[0][name])
    return list(kept[1])


def _pretrained(run: TableRun) -> int:
    """Returns how many tokens the rows of the loaded model's pre-training had, where that is known: later positions are as at the start."""
    folder = dict(zip(run.inputs.names, run.inputs.models, strict=True))[run.model_name]
    length = read_about(folder).get("run", {}).get("length")
    return length if isinstance(length, int) else run.model.config.max_length


Statistics = Sequence[Float64[np.ndarray, "n s"]]  # an array a trial, a row an item


@dataclass(frozen=True)
class Measured:
    """Holds what the claims about a system's answers to a task are made of.

    Args:
        ids: of the items that were asked; those that are longer than a row were not.
        metrics: by name, statistics and what makes a score of their sum, the task's headline first.
    """

    ids: Sequence[str]
    metrics: Mapping[str, tuple[Statistics, Callable]]

    def of(self, metric: str, ids: Collection[str]) -> Statistics:
        """Returns the statistics of some of the items."""
        chosen = np.array([one in ids for one in self.ids])
        return [rows[chosen] for rows in self.metrics[metric][0]]


def measured(
    task: instructions.InstructionTask, trials: Sequence[Sequence[Row]]
) -> dict[str, tuple[Statistics, Callable]]:
    """Returns the statistics of each metric, the task's headline first, and what makes a score of their sum."""
    found: dict[str, tuple[Statistics, Callable]] = {}
    for metric in task.task.metrics:
        if metric.name != PEARSON:
            statistics = [
                metric.statistics(
                    [Prediction(row["prediction"], tuple(row["answers"])) for row in rows]
                )
                for rows in trials
            ]
            found[metric.name] = statistics, metric.finish
    for name in ("written", "valid", "ended"):
        if all(name in row for row in trials[0]):
            shares = [
                np.array([[row[name], 1] for row in rows], np.float64).reshape(-1, 2)
                for rows in trials
            ]
            found[name] = shares, percent
    return found


def percent(total: Float64[np.ndarray, "2"]) -> float:
    """Returns the first sum over the second, in per cent."""
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def scores(
    run: TableRun,
    question: Question,
    task: instructions.InstructionTask,
    trials: Sequence[Sequence[Row]],
) -> Iterator[Row]:
    """Yields a row a metric, and keeps the statistics that claims are made of."""
    if not trials[0]:  # every item is longer than a row
        return
    own = {item.id: item for item in items_of(run, task)}
    constants = do_nothing(task.task, [own[row["id"]] for row in trials[0]])
    kept = measured(task, trials)
    ids = [row["id"] for row in trials[0]]  # the same in every trial: what fits hangs on the words
    answers = run.found.setdefault("kept", {})
    answers[run.model_name, question.system, task.name] = Measured(ids, kept)
    for metric, (statistics, finish) in kept.items():
        known = next((one for one in task.task.metrics if one.name == metric), None)
        yield {
            "model": run.model_name,
            "system": question.system,
            "family": task.kind.family,
            "task": task.name,
            "metric": metric,
            **asdict(interval(statistics, finish, seed=run.options.seed)),
            "baseline": max(map(known, constants)) if known else None,
            "shots": question.shots,
            "shown": float(np.mean([row["examples"] for row in trials[0]])),
            "items": len(trials[0]),
            "seeds": len(trials),
        }


def plan(tasks: Sequence[instructions.InstructionTask], options: Any) -> Iterator[Any]:
    """Yields the cells: the base model, the tuned one, and one without each family that is left out.

    A family is not left out where it is the only one that can be learned.

    Raises:
        ClovaError: no task has items to learn from.
    """
    learned = [task for task in tasks if task.train]
    if not learned:
        names = ", ".join(task.name for task in tasks)
        raise ClovaError(
            f"--data: nothing to learn from, since {names} has no training file; add one, of NSMC say"
        )
    only_tested = [task for task in tasks if not task.train]
    few = [Question("base_few", learned, shots=options.shots)] if options.shots else []
    yield Base([Question("base_zero", tasks), *few])
    questions = [Question("seen", learned, unseen=False), Question("unseen_wording", learned)]
    new = [Question("unseen_task", only_tested)] if only_tested else []
    yield Instructed(tasks, None, [*questions, *new])
    families = dict.fromkeys(itertools.chain(task.kind.family for task in learned))
    for family in families:
        if family in options.left_out and len(families) > 1:
            own = [task for task in learned if task.kind.family == family]
            yield Instructed(tasks, family, [Question("unseen_task", own)])
