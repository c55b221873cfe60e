"""Sets several models side by side: the table in the paper's columns and the emergence plot."""

from collections.abc import Sequence
from pathlib import Path

from clova_jax import paper
from clova_jax.common.files import whole_file
from clova_jax.common.report import format_table
from clova_jax.tables.figures import draw_baseline, draw_lines, legend, panels
from clova_jax.tables.table import Row


def size_table(rows: Sequence[Row]) -> list[Row]:
    """Returns one row a model with the paper's columns, then the do-nothing answers, then the paper's rows.

    Columns of tasks that were not run are left out; an empty list where the paper has none of the others.

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
            for column, key in paper.SCORES.items()
            if (model, *key) in best
        }
        table.append({"model": model, "num_params": size} | scores)
    constant = {
        column: best[model, *key]["baseline"]
        for column, key in paper.SCORES.items()
        for model in models
        if (model, *key) in best
    }
    theirs = paper.table_3({row["task"] for row in rows})
    if not theirs:
        return []
    nothing = {"model": "majority class, constant answer, copy"} | constant
    columns = dict.fromkeys(("model", "num_params", *theirs[0]))
    return [{name: row.get(name) for name in columns} for row in (*table, nothing, *theirs)]


def write_size_table(rows: Sequence[Row], path: Path) -> None:
    """Writes and prints the size table; where the paper has no column of any task there is none."""
    path.unlink(missing_ok=True)  # of other tasks
    if not (found := size_table(rows)):
        return
    table = format_table(found)
    with whole_file(path) as file:
        file.write(table + "\n")
    print(table)


def draw_emergence(rows: Sequence[Row], path: Path, synthetic: bool = False) -> None:
    """Draws scores against parameters, a panel a task and metric, with the paper's points behind.

    Args:
        rows: score rows of one or more models.
        path: of the picture (PNG).
        synthetic: the data are the sample world's, which the paper's points do not belong to.
    """
    panel_rows: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if not row["part"]:
            panel_rows.setdefault((row["task"], row["metric"]), []).append(row)
    with panels(path, len(panel_rows), size=(3.6, 3.6)) as grid:
        for axes, ((task, metric), members) in zip(grid, panel_rows.items(), strict=True):
            members.sort(key=lambda row: row["shots"])
            behind = [] if synthetic else paper.points(task, metric, members[-1]["shots"])
            if behind:
                axes.plot(
                    *zip(*behind, strict=True), "o-", color="0.7", ms=4, label="paper", zorder=1
                )
            draw_lines(axes, members, "num_params", lambda row: f"{row['shots']}-shot")
            draw_baseline(axes, members, "majority, constant")
            axes.set(xscale="log", xlabel="parameters", ylabel=metric, title=task)
            legend(axes)
