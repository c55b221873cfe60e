"""Sets several models side by side: the table in the paper's columns and the emergence plot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.plots import figure, legend
from clova_jax.common.report import error_bars
from clova_jax.evaluate import paper

Row = dict[str, Any]


def size_table(rows: Sequence[Row]) -> list[Row]:
    """Returns one row a model with the paper's columns, then the do-nothing answers, then the paper's rows.

    Args:
        rows: score rows; of several numbers of shots the largest counts.
    """
    best: dict[tuple[str, str, str], Row] = {}
    for row in sorted(rows, key=lambda row: row["shots"]):
        if not row["part"]:
            best[row["model"], row["task"], row["metric"]] = row
    models = {row["model"]: row["num_params"] for row in rows}
    table = []
    for model, size in sorted(models.items(), key=lambda pair: pair[1]):
        scores = {
            column: best[model, *key]["value"]
            for column, key in paper.COLUMNS.items()
            if (model, *key) in best
        }
        table.append({"model": model, "num_params": size} | scores)
    constant = {
        column: best[model, *key]["baseline"]
        for column, key in paper.COLUMNS.items()
        for model in models
        if (model, *key) in best
    }
    columns = ["model", "num_params", *paper.COLUMNS]
    everything = [*table, {"model": "majority class, constant answer, copy"} | constant]
    return [{name: row.get(name) for name in columns} for row in [*everything, *paper.TABLE_3]]


def emergence_plot(rows: Sequence[Row], path: str | Path, synthetic: bool = False) -> None:
    """Draws scores against parameters, a panel a task and metric, with the paper's points behind.

    Args:
        rows: score rows of one or more models.
        path: of the picture (PNG).
        synthetic: the data are the sample world's, which the paper's points do not belong to.
    """
    panels: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if not row["part"]:
            panels.setdefault((row["task"], row["metric"]), []).append(row)
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    with figure(path, down, across, (3.6 * across, 3.6 * down), squeeze=False) as grid:
        _panels(panels, grid, synthetic)


def _panels(panels: dict[tuple[str, str], list[Row]], grid: Any, synthetic: bool) -> None:
    for axes in grid.flat[len(panels) :]:
        axes.axis("off")
    for axes, ((task, metric), members) in zip(grid.flat, panels.items(), strict=False):
        shots = max(row["shots"] for row in members)
        behind = [] if synthetic else paper.points(task, metric, shots)
        if behind:
            axes.plot(*zip(*behind, strict=True), "o-", color="0.7", ms=4, label="paper", zorder=1)
        for count in sorted({row["shots"] for row in members}):
            ours = sorted(
                (row for row in members if row["shots"] == count), key=lambda row: row["num_params"]
            )
            values = [row["value"] for row in ours]
            sizes = [row["num_params"] for row in ours]
            axes.errorbar(
                sizes,
                values,
                yerr=error_bars(ours),
                marker="s",
                ms=4,
                capsize=3,
                label=f"{count}-shot",
            )
        axes.axhline(members[0]["baseline"], ls="--", lw=1, color="0.4", label="majority, constant")
        axes.set(xscale="log", xlabel="parameters", ylabel=metric, title=task)
        legend(axes)
