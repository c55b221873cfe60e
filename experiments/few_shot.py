"""Table 3: in-context few-shot learning.

python -m experiments.few_shot --model DIR --data DIR
python -m experiments.few_shot --model DIR --tasks reviews.json
python -m experiments.few_shot --model small/model large/model --tasks nsmc,ynat --limit 1000
python -m experiments.few_shot --model DIR --data DIR --tasks korquad --show-prompt 3
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from clova_jax import evaluate, paper, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.evaluate import Scoring
from clova_jax.sample import is_sample


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores models on the paper's tasks with examples in the prompt (Table 3).

    Several models make the size table and the emergence plot. Without --model and --data the tiny
    model of the quickstart answers on its synthetic sample world. Rerun with the same --out,
    finished trials are not computed again.
    """

    out: Path = tables.out_option("few_shot")
    tasks: tuple[str, ...] = ()
    """tasks: nsmc, korquad, ko_en, en_ko, ynat, klue_sts, query_modification (the paper's; the
    default where their data are there), 3i4k, klue_nli, korsts, nsmc_stars, nsmc_words, sae4k; or
    your own: NAME.json (docs/how-to/task.md)"""
    shots: tuple[int, ...] = option((), least=0)
    """examples in a prompt; several are all run (the paper's)"""
    trials: int | None = option(None, least=1)
    """random sets of examples (the paper's)"""
    scoring: Scoring = "raw"
    """how labels are compared. raw: log-probability; normalized: per token; contextual: less
    that after content-free prompts; median: less that of the middle item, which sees no labels"""
    skip_long: bool = False
    """leave out, counted, items longer than the model's context"""
    show_prompt: int | None = option(None, least=0)
    """print the prompt of prediction N (from 0, trial by trial) of each task; score nothing"""
    prompts: bool = False
    """write the complete prompt of each prediction into predictions.jsonl too"""

    def asked_tasks(self) -> tuple[str, ...]:
        """Returns the tasks that were named."""
        return self.tasks


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each task and number of shots; with --show-prompt, one that prints a prompt."""
    options = run.options
    tasks = [evaluate.load_task(name) for name in options.tasks or _present(run)]
    pairs = [(task, shots) for task in tasks for shots in options.shots or (None,)]
    if options.show_prompt is not None:
        run.writes = False
        show, trials = options.show_prompt, options.trials
        return [tables.ShownPrompt(task, show, shots, trials) for task, shots in pairs]
    more = (options.trials, options.scoring, options.skip_long, options.prompts)
    return [tables.FewShot(task, shots, *more) for task, shots in pairs]


def _present(run: tables.TableRun) -> list[str]:
    """Returns the paper's tasks whose files are there; a note names the others."""
    found = [name for name in evaluate.PAPER_TASKS if evaluate.load_task(name).present(run.data)]
    if not found:
        names = ", ".join(evaluate.PAPER_TASKS)
        raise ClovaError(f"{run.data}: has the files of none of {names}")
    for name in evaluate.PAPER_TASKS:
        if name not in found:
            run.notes.append(f"{name}: not run, its files are not in {run.data.name}/")
            print(run.notes[-1], file=sys.stderr)
    return found


def paper_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns what Table 3 says of the tasks that were run, and Table 5 of query modification without tuning."""
    tasks = {row["task"] for row in run.rows}
    if "query_modification" not in tasks:
        return paper.table_3(tasks)
    return paper.table_3(tasks) + [
        {
            "model": row["model"],
            "query modification": f"{row['without p-tuning']} ({row['shots']}-shot)",
        }
        for row in paper.TABLE_5
    ]


TABLE = tables.Table(
    "few_shot",
    Options,
    cells,
    paper=paper_rows,
    columns=(
        *("model", "task", "part", "metric", "shots", "trials", "items"),
        *("value", "low", "high", "baseline"),
    ),
    notes=lambda run: tables.few_shot_notes(run),
    figures={
        "emergence.png": lambda run, path: tables.draw_emergence(
            run.rows, path, is_sample(run.data)
        )
    },
    extras=lambda run: tables.write_size_table(run.rows, run.out / "size_table.md"),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
