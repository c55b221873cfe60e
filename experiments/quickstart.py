"""From Korean text to a table in one command: tokenizer, training, few-shot accuracy, samples, plots.

python -m experiments.quickstart                      # the embedded, synthetic sample world
python -m experiments.quickstart --data DIR           # real text and the real NSMC
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import as_json, main, option
from clova_jax.common.run_folder import holds_out
from clova_jax.tables.made import Making

PAPER = [
    {"model": "HyperCLOVA 137M", "task": "nsmc", "metric": "accuracy", "shots": 70, "value": 73.11}
]
OPENINGS = ("이 영화는", "오늘은 친구와 함께", "질문:")


@dataclass(frozen=True)
class Options(Making):
    """Trains a small Korean language model from raw text and scores it; a first look at everything.

    Without --data the text is the embedded sample world: generated, synthetic, and called so.
    The same command again picks up where it was.
    """

    shots: tuple[int, ...] = option((0, 2, 6), "examples in the prompt", least=0)
    trials: int = option(3, "random sets of examples", least=1)
    limit: int = option(500, "test reviews a trial", least=1)


@holds_out
def run(options: Options) -> int:
    """Makes everything and returns the exit status."""
    print(f"quickstart: everything goes to {options.out}", file=sys.stderr, flush=True)
    from clova_jax import LanguageModel  # after the first line: it takes seconds to load
    from clova_jax.common.report import Report
    from clova_jax.common.stop import StopSignals
    from clova_jax.evaluate import Stopped, evaluate
    from clova_jax.tables.made import make_model
    from clova_jax.tables.trainings import show_continuations
    from clova_jax.train.metrics import read_metrics

    out = options.out
    if not make_model(options):
        return 130
    model = LanguageModel.load(out / "model")
    name = f"{options.size} ({model.config.num_params / 1e6:.1f}M)"
    with StopSignals() as stop:
        try:
            rows = [
                evaluate(
                    model,
                    "nsmc",
                    options.data or out / "sample",
                    shots=shots,
                    trials=options.trials if shots else 1,
                    limit=options.limit,
                    seed=options.seed,
                    out=out,
                    name=name,
                    stop=stop,
                )
                for shots in options.shots
            ]
        except Stopped as signal:
            print(f"{signal}: finished trials are kept; run the same command again to go on")
            return 130
    metrics = read_metrics(out / "metrics.jsonl")
    table = rows + validation_rows(metrics)
    columns = ["model", "task", "source", "metric", "shots", "value", "low", "high", "baseline"]
    Report("quickstart", as_json(options), table, PAPER, notes(options)).write(out, columns)
    plot(metrics, rows, out / "quickstart.png")
    show_continuations(model, OPENINGS, out / "continuations.md", options.seed)
    print(f"model: {out / 'model'}   plots: {out / 'quickstart.png'}   everything: {out}")
    return 0


def validation_rows(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last validation as rows: bits per byte of all held-out text, then by source."""
    from clova_jax.tables.trainings import validations

    *_, (_, last) = [(0, {}), *validations(metrics)]
    return [
        {"task": "held-out text", "source": source, "metric": "bits per byte", "value": value}
        for source, value in last.items()
    ]


def notes(options: Options) -> list[str]:
    """What a reader of the table must know."""
    world = (
        f"text and NSMC are real, from {options.data.resolve().name}/"
        if options.data
        else "the embedded sample world: synthetic text and reviews; the score says nothing of the real NSMC"
    )
    return [
        f"Data: {world}.",
        "value, low, high: accuracy in percent and its 95% interval; baseline: the majority class.",
        "The paper's row is 137M parameters after 150B tokens, on the real NSMC.",
    ]


def plot(metrics: list[dict[str, Any]], rows: list[dict[str, Any]], path: Path) -> None:
    """Training loss, and accuracy by the number of examples in the prompt."""
    from clova_jax.common.plots import figure, legend
    from clova_jax.common.report import error_bars
    from clova_jax.tables.trainings import plot_loss

    with figure(path, 1, 2, (10, 4.2)) as (left, right):
        plot_loss(left, metrics)
        shots = [row["shots"] for row in rows]
        values = [row["value"] for row in rows]
        right.errorbar(
            range(len(shots)),
            values,
            yerr=error_bars(rows),
            marker="o",
            capsize=4,
            label="this model",
        )
        right.axhline(rows[0]["baseline"], ls="--", color="grey", label="majority class")
        right.set_xticks(range(len(shots)), [str(n) for n in shots])
        right.set(
            xlabel="examples in the prompt", ylabel="accuracy, %", title="NSMC format, few-shot"
        )
        right.set_ylim(40, 100)
        legend(right)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
