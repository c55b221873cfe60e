"""What came of a training: its curve, its pace, bits per byte by source, and what the model writes.

python -m experiments.pretraining                          # the quickstart's training on the embedded sample
python -m experiments.pretraining --run DIR                # what `clova pretrain --out DIR` left
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from matplotlib import colormaps

from clova_jax import LanguageModel
from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.common.plots import figure
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.train.metrics import read_metrics

from .models import sample_run

ALL = "val_bits_per_byte"
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


def validations(metrics: Sequence[dict[str, Any]]) -> list[tuple[int, dict[str, float]]]:
    """(tokens, bits per byte by source) of each validation; source "all" is all held-out text."""
    return [
        (
            row["tokens"],
            {
                name.removeprefix(ALL).lstrip("_") or "all": value
                for name, value in row.items()
                if name.startswith(ALL)
            },
        )
        for row in metrics
        if ALL in row
    ]


def by_source(metrics: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a source: its bits per byte at every validation."""
    found = validations(metrics)
    if not found:
        return []
    return [
        {"held-out text": source}
        | {f"{tokens:,} tokens": values.get(source) for tokens, values in found}
        for source in found[-1][1]
    ]


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


def plot_loss(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Training loss by tokens."""
    steps = [row for row in metrics if "loss" in row]
    axes.plot([row["tokens"] / 1e6 for row in steps], [row["loss"] for row in steps], lw=0.8)
    axes.set(xlabel="million tokens", ylabel="training loss, nats per token", title="Training")


def plot_sources(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Bits per byte of each source by tokens; all held-out text in black."""
    found = validations(metrics)
    tokens, colours = [n / 1e6 for n, _ in found], colormaps["tab20"]
    for number, source in enumerate(found[-1][1] if found else ()):
        whole = source == "all"
        values = [values.get(source) for _, values in found]
        style = {"color": "black", "lw": 2.5} if whole else {"color": colours(number), "lw": 1}
        axes.plot(tokens, values, marker="o", ms=3, label=source, **style)
    axes.set(xlabel="million tokens", ylabel="bits per byte", title="Held-out text by source")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))


def show_continuations(
    model: LanguageModel, openings: Sequence[str], path: Path, seed: int
) -> None:
    """Prints and keeps what the model makes of some openings."""
    texts = model.generate(list(openings), max_new_tokens=60, temperature=0.7, top_p=0.9, seed=seed)
    shown = [f"> **{opening}**{text}" for opening, text in zip(openings, texts, strict=True)]
    body = "\n\n".join(text.replace("\n", "\n> ") for text in shown)
    with whole_file(path) as file:
        file.write(f"## Continuations\n\n{body}\n")
    print(f"## Continuations\n\n{body}\n")


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
