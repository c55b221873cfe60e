"""Reads what a training left: validations by source, its plots, and what the model writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.files import whole_file
from clova_jax.language_model import LanguageModel

ALL = "val_bits_per_byte"


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


def plot_loss(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Training loss by tokens."""
    steps = [row for row in metrics if "loss" in row]
    axes.plot([row["tokens"] / 1e6 for row in steps], [row["loss"] for row in steps], lw=0.8)
    axes.set(xlabel="million tokens", ylabel="training loss, nats per token", title="Training")


def plot_sources(axes: Any, metrics: Sequence[dict[str, Any]]) -> None:
    """Bits per byte of each source by tokens; all held-out text in black."""
    from matplotlib import colormaps

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
