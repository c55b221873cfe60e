"""Draws the sentiment neuron: its histogram, its trace over reviews, what holding it does, layers, and the training."""

from pathlib import Path
from typing import Any

import numpy as np

from clova_jax import lecture
from clova_jax.tables.figures import draw_lines, legend, panels
from clova_jax.tables.table import TableRun

SHORTEST, LONGEST = 15, 45  # characters of a review whose trace is shown


def draw(run: TableRun, path: Path) -> None:
    """Draws everything that was found."""
    has_layers = any(row.get("layer") is not None for row in run.rows)
    with panels(path, 5 if has_layers else 4, size=(6, 4), across=2) as axes:
        draw_histogram(run, axes[0])
        draw_trace(run, axes[1])
        for panel, metric in zip(axes[2:4], ("positive", "bits_per_character"), strict=True):
            draw_held(run, panel, metric)
        if has_layers:
            draw_layers(run, axes[4])


def draw_histogram(run: TableRun, axes: Any) -> None:
    """Draws how the unit lies over test reviews of each class, and its threshold."""
    summary, rows = run.found["search"][run.options.kind][0]
    states = {
        label: [row["state"] for row in rows if row["positive"] is good]
        for label, good in (("negative", False), ("positive", True))
    }
    every = np.concatenate(list(states.values()))
    edges = np.linspace(every.min(), every.max() + 1e-6, 60)
    for label, some in states.items():
        axes.hist(some, edges, alpha=0.6, label=label)
    axes.axvline(summary["threshold"], color="0.2", ls="--", lw=1, label="threshold")
    axes.set(xlabel=f"tanh of unit {summary['number']} at the end of a review", ylabel="reviews")
    legend(axes, 3)


def draw_trace(run: TableRun, axes: Any) -> None:
    """Draws the unit over a positive and a negative review, character by character."""
    summary, rows = run.found["search"][run.options.kind][0]
    marks = {}
    for good, colour in ((True, "C1"), (False, "C0")):
        shown = [
            row["text"]
            for row in rows
            if row["positive"] is good
            and row["one"] is good
            and SHORTEST <= len(row["text"]) <= LONGEST
        ]
        for text in shown[:1]:
            cells = lecture.trace_cells(run.found["benches"][0].model, text)
            values = np.tanh(cells[:, summary["number"]])
            axes.plot(values, color=colour, lw=0.8, label="positive" if good else "negative")
            for place, (character, value) in enumerate(zip(text, values, strict=True)):
                axes.text(place, value, character, color=colour, fontsize=8, ha="center")
            marks[good] = len(text)
    axes.axhline(summary["threshold"], color="0.2", ls="--", lw=1)
    axes.set(xlabel="characters read", ylabel=f"tanh of unit {summary['number']}")
    legend(axes)


def draw_held(run: TableRun, axes: Any, metric: str) -> None:
    """Draws a figure of written or held-out texts by the value at which units are held."""
    rows = [row for row in run.rows if row["kind"] == "clamp" and row["metric"] == metric]
    draw_lines(
        axes,
        [row for row in rows if row["held"] is not None],
        "held",
        lambda row: row["system"],
    )
    for row in rows:
        if row["held"] is None:
            axes.axhline(row["value"], color="0.4", ls="--", lw=1, label="nothing held")
    axes.set(xlabel="deviations towards positive", ylabel=metric.replace("_", " "))
    legend(axes, 3)


def draw_layers(run: TableRun, axes: Any) -> None:
    """Draws accuracy by the decoder's layer, and the character model's beside it."""
    rows = [row for row in run.rows if row.get("layer") is not None]
    draw_lines(axes, rows, "layer", lambda row: f"{row['model']}, {row['system']}")
    for row in run.rows:
        if row["kind"] == "find" and row["model"] == run.options.kind:
            style = "--" if row["system"] == "all units" else ":"
            axes.axhline(
                row["value"], color="0.4", ls=style, lw=1, label=f"{row['model']}, {row['system']}"
            )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="layer", ylabel="accuracy, %")
    legend(axes)


def draw_curve(run: TableRun, path: Path) -> None:
    """Draws bits a character of the training and of held-out text."""
    shared = run.found["benches"]
    with panels(path) as (axes,):
        for number, one in enumerate(shared):
            colour = f"C{number}"
            which = f", training {number}" if len(shared) > 1 else ""
            steps, losses = zip(*one.losses(), strict=True)
            axes.plot(np.array(steps) / 1e6, losses, lw=0.6, alpha=0.5, color=colour)
            steps, bits = zip(*one.validations(), strict=True)
            label = f"held out{which} (thin: training)"
            axes.plot(np.array(steps) / 1e6, bits, marker="o", ms=3, color=colour, label=label)
        axes.set(xlabel="million characters", ylabel="bits a character")
        axes.set_ylim(0.9 * min(bits), 1.05 * max(bits))
        legend(axes)
