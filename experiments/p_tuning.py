"""Table 4: p-tuning on NSMC beside few-shot prompting, prompt tuning, AutoPrompt, LoRA and fine-tuning.

python -m experiments.p_tuning --model DIR --data DIR --limit 2000
python -m experiments.p_tuning --model small/model large/model --methods p_tuning,few_shot --examples 70,2000
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax import LanguageModel
from clova_jax.common.command import as_json, main, mesh_option, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import Report, error_bars
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import evaluate, load_task
from clova_jax.sample import is_sample
from clova_jax.tables.models import for_each_model, models_and_data
from clova_jax.tables.recipes import ENCODERS, METHODS, make_cell
from clova_jax.tables.tuned import check_cell, tuned_row
from clova_jax.tuning.paper import TABLE_4

SAMPLE_SHOTS = 6
COLUMNS = [
    *("model", "task", "metric", "method", "encoder", "examples", "value", "low", "high"),
    *("baseline", "seeds", "trained", "seconds"),
]


@dataclass(frozen=True)
class Options:
    """Tunes prompts for a frozen model, and its rivals, on a few labelled reviews (Table 4).

    Without --model and --data the tiny model of the quickstart learns on its synthetic sample world. Rerun
    with the same --out, finished rows are not computed again and an unfinished one goes on.
    """

    model: tuple[Path, ...] = option((), "model directories", metavar="DIR")
    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    task: str = option("nsmc", "a task with labels: nsmc, ynat, klue_sts, klue_nli or korsts")
    methods: tuple[str, ...] = option(
        ("few_shot", "p_tuning"), f"of few_shot, {', '.join(METHODS)}; or all"
    )
    encoder: tuple[str, ...] = option(("lstm",), f"of p-tuning: {', '.join(ENCODERS)}, or both")
    examples: tuple[str, ...] = option(
        ("70", "2000", "4000", "all"), "labelled reviews to learn from; a fifth of them to stop by"
    )
    shots: int | None = option(None, "examples in the prompt of few_shot (the paper's)", least=0)
    trials: int | None = option(None, "random sets of examples of few_shot (the paper's)", least=1)
    seeds: int = option(3, "runs a row, each with its own examples, start and order", least=1)
    limit: int | None = option(None, "test reviews (all)", least=1)
    steps: int = option(1000, "updates a run, at most", least=1)
    batch_size: int = option(16, "reviews an update", least=1)
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("of everything")
    out: Path = option(Path("runs/p_tuning"), "where everything goes", metavar="DIR")


@holds_out
def run(options: Options, experiment: str = "p_tuning") -> int:
    """All models and methods; returns the exit status."""
    models, data = models_and_data(options.model, options.data)
    notes = []
    if not options.model and options.shots is None:
        options = dataclasses.replace(options, shots=SAMPLE_SHOTS)
        notes.append(
            f"few_shot shows {SAMPLE_SHOTS} reviews: the quickstart's model never read more than 128 "
            "tokens at once, and 70 do not fit"
        )
    task = load_task(options.task)
    if not task.labels:
        raise ClovaError(
            f"--task {task.name}: wants one with labels; texts are query_modification's"
        )
    cells = make_cells(options, task)
    loaded = task.load(data)
    for cell in cells:
        check_cell(cell, task, loaded, options.seeds, options.limit)
    rows: list[dict[str, Any]] = []

    def work(model: LanguageModel, name: str, stop: StopSignals) -> None:
        if "few_shot" in wanted(options):
            rows.append(few_shot_row(model, name, task, data, options, stop))
        for cell in cells:
            rows.append(
                tuned_row(
                    model,
                    task,
                    loaded,
                    cell,
                    name=name,
                    seeds=options.seeds,
                    limit=options.limit,
                    seed=options.seed,
                    out=options.out,
                    stop=stop,
                )
            )

    if not for_each_model(models, options.mesh, work):
        return 130
    notes += [
        "value, low, high: percent with a 95% interval (bootstrap over items, and Student's t over seeds)",
        "examples: all labelled reviews that were looked at; a fifth of them (16 to 500) is the development "
        "split, which stops the run and picks its best step; seconds: of all seeds together, without what a "
        "stopped run had spent before",
        "the paper's hyper-parameters are not public; its all is 150,000 reviews",
    ]
    notes += [f"{row['method']} {row['examples']}: {row['note']}" for row in rows if row["note"]]
    paper = TABLE_4 if options.task == "nsmc" else []
    Report(experiment, as_json(options), rows, paper, notes).write(options.out, COLUMNS)
    plot(rows, [] if is_sample(data) else paper, options.out / "p_tuning.png")
    print(f"prompts: {options.out / 'tuning'}   plot: {options.out / 'p_tuning.png'}")
    return 0


def wanted(options: Options) -> tuple[str, ...]:
    """The methods asked for."""
    return ("few_shot", *METHODS) if options.methods == ("all",) else options.methods


def make_cells(options: Options, task: Any) -> list[Any]:
    """The rows to tune, in order; a wrong name ends here, before anything is computed."""
    counts = [None if word == "all" else _count(word) for word in options.examples]
    encoders = ENCODERS if options.encoder == ("both",) else options.encoder
    return [
        make_cell(
            method,
            task,
            encoder=encoder,
            examples=count,
            steps=options.steps,
            batch_size=options.batch_size,
        )
        for method in wanted(options)
        if method != "few_shot"
        for encoder in (encoders if method == "p_tuning" else encoders[:1])
        for count in counts
    ]


def _count(word: str) -> int:
    if not word.isdigit() or int(word) < 1:
        raise ClovaError(f"--examples: {word!r} is neither a number of reviews nor all")
    return int(word)


def few_shot_row(
    model: LanguageModel, name: str, task: Any, data: Path, options: Options, stop: StopSignals
) -> dict[str, Any]:
    """The row of prompting alone, on the same test items."""
    row = evaluate(
        model,
        task,
        data,
        shots=options.shots,
        trials=options.trials,
        limit=options.limit,
        seed=options.seed,
        skip_long=True,
        out=options.out,
        name=name,
        stop=stop,
    )
    return row | {
        "method": "few_shot",
        "encoder": "",
        "examples": row["shots"],
        "seeds": row["trials"],
        "trained": 0,
        "per_seed": row["per_trial"],
    }


def plot(rows: list[dict[str, Any]], paper: list[dict[str, Any]], path: Path) -> None:
    """Draws accuracy against examples, a panel a model, a line a method; the paper's 137M behind real data."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    with figure(path, 1, len(models), (5.6 * len(models), 4.4), squeeze=False) as grid:
        for axes, model in zip(grid.flat, models, strict=True):
            mine = [row for row in rows if row["model"] == model]
            for method, encoder in dict.fromkeys((row["method"], row["encoder"]) for row in mine):
                line = sorted(
                    (row for row in mine if (row["method"], row["encoder"]) == (method, encoder)),
                    key=lambda row: row["examples"],
                )
                axes.errorbar(
                    [row["examples"] for row in line],
                    [row["value"] for row in line],
                    yerr=error_bars(line),
                    marker="o",
                    capsize=3,
                    label=f"{method} {encoder}".strip(),
                )
            behind = sorted(
                (row["examples"], row["value"])
                for row in paper
                if row["model"] == "HyperCLOVA 137M" and row["method"] == "p_tuning"
            )
            if behind:
                axes.plot(
                    *zip(*behind, strict=True), "s:", color="0.6", label="paper, 137M, p-tuning"
                )
            axes.axhline(mine[0]["baseline"], ls="--", color="0.4", lw=1, label="majority class")
            axes.set(
                xscale="log",
                xlabel="labelled examples",
                ylabel=f"{mine[0]['metric']}, %",
                title=f"{mine[0]['task']}, {model}",
            )
            legend(axes, 3)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
