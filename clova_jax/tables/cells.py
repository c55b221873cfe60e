"""Defines the cells that several tables have: few-shot scores, tuned models, rows that are computed once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import as_json
from clova_jax.common.report import format_table
from clova_jax.evaluate import Scoring, Task, TaskData, measure, prompt_of
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tuned import TunedCell, check_cell, tuned_row


@dataclass(frozen=True)
class FewShot:
    """Scores a task with examples in the prompt; a row a metric, the headline first (`evaluate.measure`).

    Args:
        task: the task, or its name.
        shots, trials: the paper's where None.
        scoring: how labels are compared.
        skip_long: leave out, counted, items longer than the context.
        prompts: keep the complete prompt of each prediction.
    """

    task: Task | str
    shots: int | None = None
    trials: int | None = None
    scoring: Scoring = "raw"
    skip_long: bool = False
    prompts: bool = False

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished trials are read back."""
        return measure(
            run.model,
            self.task,
            run.data,
            shots=self.shots,
            trials=self.trials,
            limit=run.options.limit,
            seed=run.options.seed,
            scoring=self.scoring,
            skip_long=self.skip_long,
            prompts=self.prompts,
            out=run.out,
            name=run.model_name,
            stop=run.stop,
        )


def few_shot_notes(run: TableRun) -> list[str]:
    """Returns how to read few-shot rows, what each notes, and its score under each way to compare labels."""
    notes = [
        "value, low, high: on the 0-100 scale with a 95% interval (bootstrap over items, and "
        "Student's t over trials); baseline: majority class, constant answer, or a copy of the source"
    ]
    for row in run.rows:
        if "shots" not in row:  # of another kind of cell
            continue
        name = f"{row['model']} {row['task']} {row['shots']}-shot"
        if row.get("note"):
            notes.append(f"{name}: {row['note']}")
        if "scorings" in row:
            scores = ", ".join(
                f"{way} {score['value']:.2f} ({score['low']:.2f} to {score['high']:.2f})"
                for way, score in row["scorings"].items()
            )
            notes.append(f"{name} {row['metric']} by scoring: {scores}")
    return notes


@dataclass(frozen=True)
class ShownPrompt:
    """Prints a prompt of a task as the model gets it, and scores nothing.

    Args:
        task: the task.
        number: of the prediction, from 0, trial by trial.
        shots, trials: the paper's where None.
    """

    task: Task
    number: int
    shots: int | None = None
    trials: int | None = None

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns no rows."""
        options = run.options
        asked = {"shots": self.shots, "trials": self.trials}
        asked |= {"limit": options.limit, "seed": options.seed}
        prompt = prompt_of(run.model, self.task, run.data, self.number, **asked)
        tokens = len(prompt.shared_ids) + len(prompt.own_ids)
        print(
            f"--- {self.task.name}, item {prompt.item.id}, {len(prompt.examples)} examples, "
            f"{tokens} tokens, answers: {' | '.join(prompt.item.answers)}\n{prompt.text}\n---"
        )
        return []


@dataclass(frozen=True)
class Prompted:
    """Scores the frozen model as a rival of tuned ones (Tables 4 and 5): the headline, in the columns of `Tuned`.

    Args:
        task: the task.
        shots, trials: the paper's where None.
    """

    task: Task
    shots: int | None = None
    trials: int | None = None

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns one row; finished trials are read back."""
        row = FewShot(self.task, self.shots, self.trials, skip_long=True)(run)[0]
        about: dict[str, Any] = {"method": "few_shot", "encoder": "", "examples": row["shots"]}
        about |= {"seeds": row["trials"], "trained": 0, "per_seed": row["per_trial"]}
        return [row | about]


@dataclass(frozen=True)
class Tuned:
    """Tunes and tests a method once per seed (Tables 4 and 5); refuses at once what the data cannot give.

    Args:
        task: the task.
        loaded: its items and pool.
        method: what is tuned, on how many examples.
        seeds: runs, each with its own examples, start and order.
        limit: test items; all where None.
    """

    task: Task
    loaded: TaskData
    method: TunedCell
    seeds: int
    limit: int | None

    def __post_init__(self) -> None:
        check_cell(self.method, self.task, self.loaded, self.seeds, self.limit)

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns one row; finished seeds are read back, an unfinished one is resumed."""
        row = tuned_row(
            run.model,
            self.task,
            self.loaded,
            self.method,
            name=run.model_name,
            seeds=self.seeds,
            limit=self.limit,
            seed=run.options.seed,
            out=run.out,
            stop=run.stop,
        )
        return [row]


@dataclass(frozen=True)
class Kept:
    """Computes rows once, keeps them in `NAME.json` of the result folder and prints them.

    The file says which options they were made with; with others than these (but for `out`) they are computed again.

    Args:
        name: of the file, and of the rows' first column.
        compute: returns the rows; none where the data have nothing to measure.
        column: the name of that first column.
    """

    name: str
    compute: Callable[[], list[Row]]
    column: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished ones are read back."""
        path = run.out / f"{self.name}.json"
        options = {key: value for key, value in as_json(run.options).items() if key != "out"}
        kept = read_json(path) if path.is_file() else None
        if not isinstance(kept, dict) or kept.get("options") != options:
            kept = {"options": options, "rows": self.compute()}
            write_json(path, kept)
        rows = kept["rows"]
        if rows:
            print(f"\n{self.name}\n\n{format_table(rows)}")
        return [{self.column: self.name} | row for row in rows]
