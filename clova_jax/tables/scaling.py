"""Makes the scaling table of a grid: its losses, the fitted laws, the left-out size, the frontier, the paper's sizes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from clova_jax import paper
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.common.report import format_table
from clova_jax.config import SIZES
from clova_jax.evaluate import LAWS, OPERATIONS, Fit, Losses, fit
from clova_jax.model import read_config
from clova_jax.tables.figures import legend, panels
from clova_jax.tables.grids import grid_trainings
from clova_jax.tables.options import GridOptions
from clova_jax.tables.table import Row
from clova_jax.tables.trained import Training
from clova_jax.tables.trainings import last_validation

LEAST_SIZES, LEAST_BUDGETS = 4, 3  # one size is left out, and three of each determine a law
PAPER_TOKENS = 150_000_000_000  # of every model of Table 3
GRID, LEFT_OUT, NO_LAW = "grid", "left out", "none, next size"
STYLES = ("--", "-", ":", "-.")  # of the laws


def check_grid(grid: GridOptions) -> None:
    """Refuses a grid that no law can be fitted to.

    Raises:
        ClovaError: fewer than four sizes, the largest among them to leave out, or than three budgets for the others.
    """
    shapes: dict[int, set[int]] = {}
    for training in grid_trainings(grid):
        config = training.options.model_config(grid.vocab_size)
        shapes.setdefault(config.num_core_params, set()).add(training.options.tokens)
    if len(shapes) < LEAST_SIZES:
        raise ClovaError(
            f"--shapes: a grid of {len(shapes)} {'size' if len(shapes) == 1 else 'sizes'} fits no law; "
            f"give {LEAST_SIZES} or more: the largest is left out, and a law takes three"
        )
    budgets = set().union(*(shapes[size] for size in sorted(shapes)[:-1]))
    if len(budgets) < LEAST_BUDGETS:
        raise ClovaError(
            f"--tokens: {len(budgets)} below the largest size fit no law; give {LEAST_BUDGETS} or more"
        )


def grid_rows(trainings: Sequence[Training]) -> list[Row]:
    """Returns a row for each finished model: its size, its tokens, its loss on held-out text."""
    rows = []
    for training in trainings:
        last = last_validation(training.options.out)
        parameters = read_config(training.options.out).num_core_params
        rows.append(
            {
                "part": GRID,
                "model": training.name.rpartition("_")[0],
                "parameters": parameters,
                "tokens": last["tokens"],
                "FLOPs": float(OPERATIONS * parameters * last["tokens"]),
                "metric": "loss",
                "value": last["val_loss"],
                "bits per byte": last["val_bits_per_byte"],
            }
        )
    return rows


def losses_of(rows: Sequence[Row]) -> Losses:
    """Returns the points of grid rows."""
    columns = ("parameters", "tokens", "value")
    return Losses(*(np.array([row[name] for row in rows], np.float64) for name in columns))


def fit_laws(rows: Sequence[Row], seed: int) -> dict[str, Fit]:
    """Fits both laws to all points of a grid."""
    losses = losses_of(rows)
    return {kind.name: fit(kind, losses, seed) for kind in LAWS}


def left_out_rows(rows: Sequence[Row], seed: int) -> list[Row]:
    """Returns what each law, fitted without the largest size, predicts for it, beside what was measured.

    The first rows have what needs no law: the loss of the next smaller size after as many tokens.
    """
    rest, _ = losses_of(rows).without_largest()
    *_, below, most = sorted({row["parameters"] for row in rows})
    largest = [row for row in rows if row["parameters"] == most]
    same = {row["tokens"]: row["value"] for row in rows if row["parameters"] == below}
    found = [
        _left_out(row, NO_LAW, {"value": same[row["tokens"]]})
        for row in largest
        if row["tokens"] in same
    ]
    for kind in LAWS:
        fitted = fit(kind, rest, seed)
        for row in largest:
            predicted = _predicted(fitted, row["parameters"], row["tokens"])
            found.append(_left_out(row, kind.name, predicted))
    return found


def _left_out(row: Row, law: str, predicted: Row) -> Row:
    """A grid row beside what was predicted for it."""
    about = {name: row[name] for name in ("model", "parameters", "tokens", "FLOPs", "metric")}
    found = {"part": LEFT_OUT, "law": law} | about | predicted
    error = 100 * (found["value"] / row["value"] - 1)
    return found | {"measured": row["value"], "error %": error}


def constant_rows(fits: dict[str, Fit]) -> list[Row]:
    """Returns the constants of each law, and the power of the compute by which the best size grows."""
    rows = []
    for name, fitted in fits.items():
        measures = {key: lambda law, key=key: law.constants[key] for key in fitted.law.constants}
        measures["x in best N ∝ C^x"] = lambda law: law.size_exponent
        for metric, measure in measures.items():
            about = {"part": "constants", "law": name, "metric": metric}
            rows.append(about | vars(fitted.interval(measure)))
    return rows


def frontier_rows(fits: dict[str, Fit], rows: Sequence[Row]) -> list[Row]:
    """Returns the best size and its loss for three computes between the least and the most of the grid, and 100 times it."""
    least, most = (end(row["FLOPs"] for row in rows) for end in (min, max))
    found = []
    for name, fitted in fits.items():
        for flops in (*np.geomspace(least, most, 3), 100 * most):
            parameters, tokens = (round(float(x)) for x in fitted.law.optimum(flops))
            about = {"part": "frontier", "law": name, "parameters": parameters, "tokens": tokens}
            about |= {"FLOPs": float(flops)}
            best = fitted.interval(lambda law, flops=flops: law.optimum(flops)[0])
            loss = fitted.interval(lambda law, flops=flops: law.loss(*law.optimum(flops)))
            found.append(about | {"metric": "best parameters"} | vars(best))
            found.append(about | {"metric": "loss"} | vars(loss))
    return found


def paper_rows(fits: dict[str, Fit]) -> list[Row]:
    """Returns what each law says of the paper's eight sizes after 150 billion tokens; far outside of the grid."""
    return [
        {"part": "the paper's sizes", "law": name, "model": size}
        | _predicted(fitted, SIZES[size].num_core_params, PAPER_TOKENS)
        for name, fitted in fits.items()
        for size in paper.NOMINAL
    ]


def _predicted(fitted: Fit, parameters: int, tokens: int) -> Row:
    """The part of a row that a law says of a model."""
    found = fitted.interval(lambda law: law.loss(parameters, tokens))
    flops = float(OPERATIONS * parameters * tokens)
    about = {"parameters": parameters, "tokens": tokens, "FLOPs": flops, "metric": "loss"}
    return about | vars(found)


def scaling_notes(rows: Sequence[Row]) -> list[str]:
    """Returns how to read the table, and by how much the laws missed the left-out size."""
    grid = [row for row in rows if row["part"] == GRID]
    notes = [
        "grid: each model is a pre-training of its own, to the end of its own cosine; loss: nats a token of the "
        "held-out text, the same for all; parameters: N, without the token and position tables; FLOPs: 6ND, without "
        "the output layer, which is most of the work of the smallest models, and attention",
        "low, high: 95%, bootstrap over the points of the grid (one seed a point), not over the held-out documents",
    ]
    for law in dict.fromkeys(row["law"] for row in rows if row["part"] == LEFT_OUT):
        errors = [row["error %"] for row in rows if row["part"] == LEFT_OUT and row["law"] == law]
        worst = f"{max(map(abs, errors)):.2f}%"
        if law == NO_LAW:
            notes.append(f"the loss of the next smaller size misses that of the largest by {worst}")
        else:
            notes.append(f"{law}: the largest size, left out, is predicted within {worst}")
    span = [
        f"{min(values):.2g} to {max(values):.2g} {what}"
        for what in ("parameters", "tokens")
        for values in [[row[what] for row in grid]]
    ]
    return [
        *notes,
        f"the paper's sizes: FAR OUTSIDE of what was measured ({' and '.join(span)}), and for another tokenizer and "
        "another text: the paper's losses are in no way these; the intervals hold only if the law does out there",
        "in other texts and tokenizers (English): Kaplan et al. 2020 α_N 0.076, N_c 8.8e13, α_D 0.095, D_c 5.4e13; "
        "Hoffmann et al. 2022 E 1.69, A 406.4, α 0.34, B 410.7, β 0.28",
    ]


def write_losses(rows: Sequence[Row], path: Path) -> None:
    """Writes and prints the losses and bits per byte of the grid, a row a size and a column a budget."""
    table: dict[str, Row] = {}
    for row in rows:
        if row["part"] == GRID:
            line = table.setdefault(
                row["model"], {"size": row["model"], "parameters": row["parameters"]}
            )
            line[f"{row['tokens']:,} tokens"] = f"{row['value']:.3f} ({row['bits per byte']:.3f})"
    columns = list(dict.fromkeys(name for line in table.values() for name in line))
    text = format_table(list(table.values()), [*columns[:2], *sorted(columns[2:], key=_count)])
    with whole_file(path) as file:
        file.write(f"Loss in nats a token (bits per byte)\n\n{text}\n")
    print(f"Loss in nats a token (bits per byte)\n\n{text}\n")


def _count(column: str) -> int:
    return int(column.split()[0].replace(",", ""))


def draw_scaling(rows: Sequence[Row], fits: dict[str, Fit], path: Path) -> None:
    """Draws the loss by tokens, a line a size with the fits, and by compute with the frontiers."""
    grid = [row for row in rows if row["part"] == GRID]
    losses = [row["value"] for row in grid]
    with panels(path, 2, size=(6.5, 4.8), sharey=True) as (left, right):
        _draw_by_tokens(left, grid, fits)
        _draw_by_compute(right, grid, fits)
        for axes in (left, right):
            axes.set(xscale="log", yscale="log", ylim=(0.95 * min(losses), 1.05 * max(losses)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("{x:g}")
            legend(axes, 3)


def _draw_by_tokens(axes: Any, grid: Sequence[Row], fits: dict[str, Fit]) -> None:
    ends = [end(row["tokens"] for row in grid) for end in (min, max)]
    along = np.geomspace(*ends, 50)
    for colour, members in _sizes(grid):
        parameters = members[0]["parameters"]
        label = f"{members[0]['model']}, {parameters / 1e6:.2g}M"
        places, values = ([row[name] for row in members] for name in ("tokens", "value"))
        axes.plot(places, values, "o", ms=5, color=colour, label=label)
        for fitted, style in zip(fits.values(), STYLES, strict=False):
            axes.plot(along, fitted.law.loss(parameters, along), style, lw=1, color=colour)
    for name, style in zip(fits, STYLES, strict=False):
        axes.plot([], [], style, color="0.4", lw=1, label=name)
    axes.set(xlabel="training tokens", ylabel="held-out loss, nats a token")


def _draw_by_compute(axes: Any, grid: Sequence[Row], fits: dict[str, Fit]) -> None:
    for colour, members in _sizes(grid):
        places, values = ([row[name] for row in members] for name in ("FLOPs", "value"))
        axes.plot(places, values, "o-", ms=5, lw=0.8, color=colour)
    ends = [end(row["FLOPs"] for row in grid) for end in (min, max)]
    along = np.geomspace(*ends, 50)
    for (name, fitted), style in zip(fits.items(), STYLES, strict=False):
        best = fitted.law.loss(*fitted.law.optimum(along))
        axes.plot(along, best, style, color="black", lw=2, label=f"frontier, {name}")
    axes.set(xlabel="operations, 6ND")


def _sizes(grid: Sequence[Row]) -> list[tuple[Any, list[Row]]]:
    """The rows of each size, small to large, with a colour."""
    sizes = sorted({row["parameters"] for row in grid})
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(sizes)))
    return [
        (colour, [row for row in grid if row["parameters"] == size])
        for colour, size in zip(colours, sizes, strict=True)
    ]
