"""Task scores by size: where gains stop with parameters or tokens held fixed, and how many examples each size needs.

    python -m experiments.emergence                              # small models of its own, on the sample world
    python -m experiments.emergence --grid runs/scaling_law-real --data DIR --shots 0,4,16 --limit 1000
    python -m experiments.emergence --model small/model large/model --data DIR --tasks nsmc,ynat

The paper's eight sizes were all trained on 150 billion tokens (Table 3), so theirs is the line of fixed tokens.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import evaluate, paper, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.evaluate import Scoring
from clova_jax.sample import is_sample

SHAPES, TOKENS = ("1x32", "2x64", "3x96"), (102_400, 409_600)  # of the models of its own


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores models of several sizes on tasks, with more and more examples in the prompt.

    Without --model and --grid it trains six small models on the synthetic sample world. Rerun with
    the same --out, finished trials are not computed again.
    """

    out: Path = tables.out_option("emergence")
    grid: Path | None = None
    """the models of a grid, in place of --model: the --out of `python -m experiments.scaling_law`"""
    tasks: tuple[str, ...] = ("nsmc", "ynat")
    """tasks, as of few_shot"""
    shots: tuple[int, ...] = option((0, 1, 4), least=0)
    """examples in a prompt"""
    trials: int = option(3, least=1)
    """random sets of examples"""
    scoring: Scoring = "raw"
    """how labels are compared: raw, normalized, contextual or median, as of few_shot"""
    limit: int | None = option(400, least=1)
    """test items of a row"""

    def asked_tasks(self) -> tuple[str, ...]:
        """Returns the tasks that were named."""
        return self.tasks

    def inputs(self) -> tables.Inputs:
        """Returns the given models, those of the grid, or those of its own grid, trained now if they are missing."""
        if self.model and self.grid:
            raise ClovaError("give one of --model and --grid")
        if self.model:
            return super().inputs()
        folder = self.grid or self.out / "grid"
        if self.grid is None:
            tables.train_grid(
                tables.GridOptions(folder, shapes=SHAPES, tokens=TOKENS, vocab_size=2_048)
            )
        found, sample = tables.find_grid(folder), folder / "sample"
        data = self.data or evaluate.folder_of(self.tasks) or (sample if sample.exists() else None)
        if data is None:
            raise ClovaError("--data is required: a folder laid out like the official data")
        return tables.Inputs(data, found.models, found.names, self.mesh)


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each task and number of examples."""
    options = run.options
    tasks = [evaluate.load_task(name) for name in options.tasks]
    more = (options.trials, options.scoring, True)
    return [
        tables.Sized(tables.FewShot(task, shots, *more))
        for task in tasks
        for shots in options.shots
    ]


def notes(run: tables.TableRun) -> list[str]:
    """Returns how to read the table and its gains."""
    return [
        *tables.few_shot_notes(run),
        "gains.md: gains stop at the first point whose 95% interval no later one lies above; of many such comparisons "
        "some are chance",
        tables.length_note(run.inputs.models),
        "the paper's sizes are nominal, their intervals are not known; its text, tokenizer and data are others",
        "synthetic text"
        if is_sample(run.data)
        else "corpus/reviews_movie, where a model has read it, holds reviews "
        "of NSMC's training file and none of its test file",
    ]


def write(run: tables.TableRun) -> None:
    """Writes where gains stop, and the models in the paper's columns."""
    tables.write_gains(run.rows, run.out / "gains.md")
    tables.write_size_table(run.rows, run.out / "size_table.md")


TABLE = tables.Table(
    "emergence",
    Options,
    cells,
    paper=paper.TABLE_3,
    columns=(
        *("model", "num_params", "tokens", "task", "part", "metric", "shots"),
        *("value", "low", "high", "baseline"),
    ),
    notes=notes,
    figures={
        "emergence.png": lambda run, path: tables.draw_emergence(
            run.rows, path, is_sample(run.data)
        ),
        "shots.png": lambda run, path: tables.draw_shots(run.rows, path),
    },
    extras=write,
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
