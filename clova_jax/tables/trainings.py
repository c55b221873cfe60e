"""Reads what a training left: validations by source, its plots, and what the model writes."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from matplotlib import colormaps

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.language_model import LanguageModel
from clova_jax.train import metrics as metrics_file

ALL = "val_bits_per_byte"
LAST = 50  # steps whose mean is called the loss at the end


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Reads the metrics of a training.

    Raises:
        ClovaError: the folder holds none.
    """
    path = folder / "metrics.jsonl"
    if not path.is_file():
        raise ClovaError(f"{folder}: no metrics.jsonl; give what `clova pretrain --out` names")
    return list(metrics_file.read_metrics(path))


def training_notes(metrics: Sequence[dict[str, Any]]) -> list[str]:
    """Returns steps, tokens, throughput and loss of a training as sentences."""
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


def validations(metrics: Sequence[dict[str, Any]]) -> list[tuple[int, dict[str, float]]]:
    """Returns (tokens, bits per byte by source) of each validation; source "all" is all held-out text."""
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


def last_validation(folder: Path) -> dict[str, Any]:
    """Returns the last validation of a training: its tokens, `val_loss` in nats a token, bits per byte.

    Raises:
        ClovaError: the folder holds no metrics, or none of held-out text.
    """
    found = [row for row in read_metrics(folder) if ALL in row]
    if not found:
        raise ClovaError(f"{folder}: its metrics.jsonl has no validation; is there held-out text?")
    return found[-1]


def by_source(metrics: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns a row for each source: its bits per byte at every validation."""
    found = validations(metrics)
    if not found:
        return []
    return [
        {"held-out text": source}
        | {f"{tokens:,} tokens": values.get(source) for tokens, values in found}
        for source in found[-1][1]
    ]


def draw_loss(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Draws the training loss by tokens."""
    steps = [row for row in metrics if "loss" in row]
    axes.plot([row["tokens"] / 1e6 for row in steps], [row["loss"] for row in steps], lw=0.8)
    axes.set(xlabel="million tokens", ylabel="training loss, nats per token", title="Training")


def draw_sources(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Draws bits per byte of each source by tokens; all held-out text in black."""
    found = validations(metrics)
    tokens, colours = [n / 1e6 for n, _ in found], colormaps["tab20"]
    for number, source in enumerate(found[-1][1] if found else ()):
        is_all = source == "all"
        values = [values.get(source) for _, values in found]
        style = {"color": "black", "lw": 2.5} if is_all else {"color": colours(number), "lw": 1}
        axes.plot(tokens, values, marker="o", ms=3, label=source, **style)
    axes.set(xlabel="million tokens", ylabel="bits per byte", title="Held-out text by source")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))


def write_continuations(
    model: LanguageModel, openings: Sequence[str], path: Path, seed: int
) -> None:
    """Writes and prints how the model continues some openings."""
    texts = model.generate(list(openings), max_new_tokens=60, temperature=0.7, top_p=0.9, seed=seed)
    shown = [f"> **{opening}**{text}" for opening, text in zip(openings, texts, strict=True)]
    body = "\n\n".join(text.replace("\n", "\n> ") for text in shown)
    with whole_file(path) as file:
        file.write(f"## Continuations\n\n{body}\n")
    print(f"## Continuations\n\n{body}\n")
