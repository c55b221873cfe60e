"""Table 3: in-context few-shot learning.

python -m experiments.few_shot --model DIR --data DIR
python -m experiments.few_shot --model small/model large/model --tasks nsmc,ynat --limit 1000
python -m experiments.few_shot --model DIR --data DIR --tasks korquad --show-prompt 3
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax import LanguageModel
from clova_jax.common.command import as_json, main, mesh_option, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.common.report import Report, format_table
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import PAPER_TASKS, load_task, measure, prompt_of
from clova_jax.evaluate.calibration import Scoring
from clova_jax.evaluate.paper import QUERY_MODIFICATION, TABLE_3
from clova_jax.sample import is_sample
from clova_jax.tables.models import for_each_model, models_and_data
from clova_jax.tables.sizes import emergence_plot, size_table

COLUMNS = [
    *("model", "task", "part", "metric", "shots", "trials", "items"),
    *("value", "low", "high", "baseline"),
]


@dataclass(frozen=True)
class Options:
    """Scores models on the paper's tasks with examples in the prompt (Table 3).

    Several models make the size table and the emergence plot. Without --model and --data the tiny
    model of the quickstart answers on its synthetic sample world. Rerun with the same --out,
    finished trials are not computed again.
    """

    model: tuple[Path, ...] = option((), "model directories", metavar="DIR")
    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    tasks: tuple[str, ...] = option(
        (),
        "tasks: nsmc, korquad, ko_en, en_ko, ynat, klue_sts, query_modification (the paper's; the default where "
        "their data are there), klue_nli, korsts",
    )
    shots: tuple[int, ...] = option(
        (), "examples in a prompt; several are all run (the paper's)", least=0
    )
    trials: int | None = option(None, "random sets of examples (the paper's)", least=1)
    limit: int | None = option(None, "items a trial (all)", least=1)
    scoring: Scoring = option(
        "raw",
        "how labels are compared. raw: log-probability; normalized: per token; contextual: less that after "
        "content-free prompts",
    )
    skip_long: bool = option(False, "leave out, counted, items longer than the model's context")
    show_prompt: int | None = option(
        None,
        "print the prompt of prediction N (from 0, trial by trial) of each task; score nothing",
        least=0,
    )
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("of the items and of the examples")
    out: Path = option(Path("runs/few_shot"), "where everything goes", metavar="DIR")


@holds_out
def run(options: Options) -> int:
    """All models, tasks and numbers of shots; returns the exit status."""
    models, data = models_and_data(options.model, options.data)
    tasks, notes = _tasks(options, data)
    rows: list[dict[str, Any]] = []

    def work(model: LanguageModel, name: str, stop: StopSignals) -> None:
        if options.show_prompt is not None:
            _show(model, tasks, data, options)
            return
        for task in tasks:
            for shots in options.shots or (None,):
                rows.extend(
                    measure(
                        model,
                        task,
                        data,
                        shots=shots,
                        trials=options.trials,
                        limit=options.limit,
                        seed=options.seed,
                        scoring=options.scoring,
                        skip_long=options.skip_long,
                        out=options.out,
                        name=name,
                        stop=stop,
                    )
                )

    if not for_each_model(models, options.mesh, work):
        return 130
    if rows:
        _report(options, data, rows, notes)
    return 0


def _tasks(options: Options, data: Path) -> tuple[list[str], list[str]]:
    """The tasks to run; of the default ones those whose files are there, the others told in a note."""
    if options.tasks:
        return [load_task(name).name for name in options.tasks], []
    found, notes = [], []
    for name in PAPER_TASKS:
        if load_task(name).present(data):
            found.append(name)
        else:
            notes.append(f"{name}: not run, its files are not in {data.name}/")
    if not found:
        raise ClovaError(f"{data}: has the files of none of {', '.join(PAPER_TASKS)}")
    for note in notes:
        print(note, file=sys.stderr)
    return found, notes


def _show(model: LanguageModel, tasks: list[str], data: Path, options: Options) -> None:
    for name in tasks:
        for shots in options.shots or (None,):
            prompt = prompt_of(
                model,
                name,
                data,
                options.show_prompt,
                shots=shots,
                trials=options.trials,
                limit=options.limit,
                seed=options.seed,
            )
            print(
                f"--- {name}, item {prompt.item.id}, {len(prompt.examples)} examples, "
                f"{len(prompt.shared_ids) + len(prompt.own_ids)} tokens, "
                f"answers: {' | '.join(prompt.item.answers)}\n{prompt.text}\n---"
            )


def _report(options: Options, data: Path, rows: list[dict[str, Any]], notes: list[str]) -> None:
    out = options.out
    notes = [
        *notes,
        "value, low, high: on the 0-100 scale with a 95% interval (bootstrap over items, and "
        "Student's t over trials); baseline: majority class, constant answer, or a copy of the source",
    ]
    for row in rows:
        if row.get("note"):
            notes.append(f"{row['model']} {row['task']} {row['shots']}-shot: {row['note']}")
        if "scorings" in row:
            told = ", ".join(f"{name} {value:.2f}" for name, value in row["scorings"].items())
            notes.append(
                f"{row['model']} {row['task']} {row['shots']}-shot {row['metric']} by scoring: {told}"
            )
    paper = TABLE_3
    if any(row["task"] == "query_modification" for row in rows):
        paper = paper + [
            {
                "model": f"HyperCLOVA {size / 1e9:.0f}B",
                "query modification": f"{score} ({shots}-shot)",
            }
            for (shots, size), score in QUERY_MODIFICATION.items()
        ]
    Report("few_shot", as_json(options), rows, paper, notes).write(out, COLUMNS)
    table = format_table(size_table(rows))
    with whole_file(out / "size_table.md") as file:
        file.write(table + "\n")
    print(table)
    emergence_plot(rows, out / "emergence.png", is_sample(data))
    print(f"predictions: {out / 'predictions.jsonl'}   plot: {out / 'emergence.png'}")


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
