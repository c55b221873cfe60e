"""The talk's chart: prompt design, prompt tuning and model tuning, by model size.

python -m experiments.prompt_methods --model small/model large/model --data DIR

The talk's claim (after Lester et al. 2021, on T5): model tuning and prompt tuning come together at about 10B
parameters, and prompt design stays below.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import main, mesh_option, option, seed_option
from clova_jax.common.files import read_json
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import error_bars
from clova_jax.common.run_folder import holds_out

from . import p_tuning

LABELS = {
    "few_shot": "prompt design (few-shot)",
    "prompt_tuning": "prompt tuning",
    "p_tuning": "p-tuning",
    "fine_tuning": "model tuning",
}


@dataclass(frozen=True)
class Options:
    """Scores prompt design, prompt tuning, p-tuning and model tuning on the same examples, by model size.

    Give several models, small to large. Without --model and --data the tiny model of the quickstart is the only
    point, on its synthetic sample world. Rerun with the same --out, finished rows are not computed again.
    """

    model: tuple[Path, ...] = option((), "model directories", metavar="DIR")
    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    task: str = option("nsmc", "a task with labels: nsmc, ynat, klue_sts, klue_nli or korsts")
    examples: int = option(
        2000, "labelled examples to learn from; a fifth of them to stop by", least=1
    )
    shots: int | None = option(None, "examples in the designed prompt (the paper's)", least=0)
    trials: int | None = option(
        None, "random sets of examples of the designed prompt (the paper's)", least=1
    )
    seeds: int = option(2, "runs a point", least=1)
    limit: int | None = option(None, "test items (all)", least=1)
    steps: int = option(1000, "updates a run, at most", least=1)
    batch_size: int = option(16, "examples an update", least=1)
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("of everything")
    out: Path = option(Path("runs/prompt_methods"), "where everything goes", metavar="DIR")


@holds_out
def run(options: Options) -> int:
    """All models and methods; returns the exit status."""
    shared = {
        name: getattr(options, name)
        for name in ("model", "data", "task", "shots", "trials", "seeds", "limit", "steps")
    }
    status = p_tuning.run(
        p_tuning.Options(
            **shared,
            batch_size=options.batch_size,
            mesh=options.mesh,
            seed=options.seed,
            methods=tuple(LABELS),
            examples=(str(options.examples),),
            out=options.out,
        ),
        experiment="prompt_methods",
    )
    if status == 0:
        rows = read_json(options.out / "results.json")["rows"]
        plot(rows, options.out / "prompt_methods.png")
        print(f"chart: {options.out / 'prompt_methods.png'}")
    return status


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Score against parameters, a line a method."""
    with figure(path) as axes:
        for method, label in LABELS.items():
            line = sorted(
                (row for row in rows if row["method"] == method), key=lambda row: row["num_params"]
            )
            axes.errorbar(
                [row["num_params"] for row in line],
                [row["value"] for row in line],
                yerr=error_bars(line),
                marker="o",
                capsize=3,
                label=label,
            )
        axes.axhline(rows[0]["baseline"], ls="--", color="0.4", lw=1, label="majority class")
        axes.set(
            xscale="log",
            xlabel="parameters",
            ylabel=f"{rows[0]['metric']}, %",
            title=f"{rows[0]['task']}, {rows[-1]['examples']:,} examples",
        )
        legend(axes)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
