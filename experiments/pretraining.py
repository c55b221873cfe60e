"""What came of a training: its curve, its pace, bits per byte by source, and what the model writes.

python -m experiments.pretraining                          # the quickstart's training on the embedded sample
python -m experiments.pretraining --run DIR                # what `clova pretrain --out DIR` left
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out
from clova_jax.tables.made import sample_run

LAST = 50  # steps whose mean is called the loss at the end


@dataclass(frozen=True)
class Options:
    """Reads a training's metrics and its model: a table by source, a plot, and continuations.

    Without --run it is the quickstart's on its synthetic sample world, which is trained first if need be.
    """

    run: Path | None = option(None, "what `clova pretrain --out` names", metavar="DIR")
    openings: tuple[str, ...] = option(
        ("이 영화는", "대한민국의 수도는", "서버를 다시 시작하려면", "존경하는 국민 여러분,"),
        "texts to go on from",
    )
    seed: int = seed_option("of the continuations")
    out: Path = option(Path("runs/pretraining"), "results", metavar="DIR")


@holds_out
def run(options: Options) -> None:
    """Writes table, plot and continuations."""
    from clova_jax import (
        LanguageModel,  # here: JAX and matplotlib, which `--help` need not wait for
    )
    from clova_jax.common.plots import figure
    from clova_jax.common.report import Report
    from clova_jax.tables.trainings import by_source, plot_loss, plot_sources, show_continuations
    from clova_jax.train.metrics import read_metrics

    folder = options.run or sample_run()
    if not (folder / "metrics.jsonl").is_file():
        raise ClovaError(f"{folder}: no metrics.jsonl; give what `clova pretrain --out` names")
    metrics = read_metrics(folder / "metrics.jsonl")
    model = LanguageModel.load(folder / "model")
    report = Report("pretraining", as_json(options), by_source(metrics), notes=notes(metrics))
    report.notes.insert(0, f"{model.config.num_params:,} parameters")
    if options.run is None:
        report.notes.insert(1, "the embedded sample world: synthetic text")
    report.write(options.out)
    with figure(options.out / "pretraining.png", 1, 2, (11, 4)) as (left, right):
        plot_loss(left, metrics)
        plot_sources(right, metrics)
    show_continuations(model, options.openings, options.out / "continuations.md", options.seed)


def notes(metrics: Sequence[dict[str, Any]]) -> list[str]:
    """Tokens, pace and loss."""
    steps = [row for row in metrics if "loss" in row]
    if not steps:
        return ["no step was made"]
    skipped = steps[-1].get("skipped", 0)
    utilisation = [row["mfu"] for row in steps if row.get("mfu") is not None]
    return [
        f"{len(steps):,} steps, {steps[-1]['tokens']:,} tokens, {skipped} skipped",
        f"median {median(row['tokens_per_second'] for row in steps):,.0f} tokens a second"
        + (f", {median(utilisation):.0%} of the device's peak" if utilisation else ""),
        f"loss {mean(row['loss'] for row in steps[-LAST:]):.3f} nats a token, mean of the last "
        f"{min(LAST, len(steps))} steps",
        "figures of the table are bits per byte; lower is better",
    ]


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
