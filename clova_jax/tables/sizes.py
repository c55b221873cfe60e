"""Compares models of several sizes: the table in the paper's columns, where gains stop, and the emergence plot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper
from clova_jax.common.files import whole_file
from clova_jax.common.report import format_table
from clova_jax.model import read_about
from clova_jax.tables.figures import draw_baseline, draw_lines, legend, panels
from clova_jax.tables.table import Cell, Row, TableRun

# What gains are looked for along -> what is held fixed meanwhile.
AXES: dict[str, tuple[str, str]] = {
    "num_params": ("tokens", "shots"),
    "tokens": ("num_params", "shots"),
    "shots": ("num_params", "tokens"),
}
_SHOWN = {"num_params": "{:,} parameters", "tokens": "{:,} tokens", "shots": "{}-shot"}


@dataclass(frozen=True)
class Sized:
    """Adds to the rows of a cell how many tokens the model was trained on, where its directory says so.

    Args:
        cell: what is asked.
    """

    cell: Cell

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the cell's rows with `tokens`."""
        folder = dict(zip(run.inputs.names, run.inputs.models, strict=True))[run.model_name]
        tokens = read_about(folder).get("tokens")
        return [row | {"tokens": tokens} for row in self.cell(run)]


def length_note(models: Sequence[Path]) -> str:
    """Returns a sentence on the sequences that models were trained on, which bound the prompts they can use."""
    lengths = {read_about(folder).get("run", {}).get("length") for folder in models}
    known = ", ".join(f"{length:,}" for length in sorted(lengths - {None})) or "not known"
    return (
        f"tokens of a training sequence: {known}; examples beyond that stand at positions that were never trained, "
        "whatever the size"
    )


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


def gain_rows(rows: Sequence[Row]) -> list[Row]:
    """Returns where gains stop along size, tokens and examples, a row for each line of what is held fixed.

    They stop at the first point whose interval no later one lies above: more of it brings no change beyond the
    intervals. A score below the interval of an earlier point is not looked for.

    Args:
        rows: score rows with `tokens` (`Sized`).
    """
    found = []
    for along, held in AXES.items():
        lines: dict[tuple, list[Row]] = {}
        for row in rows:
            if not row["part"]:
                key = (row["task"], row["metric"], *(row[name] for name in held))
                lines.setdefault(key, []).append(row)
        for (task, metric, *fixed), line in lines.items():
            line = sorted(
                (row for row in line if row[along] is not None), key=lambda row: row[along]
            )
            if len({row[along] for row in line}) > 1:
                about = {"task": task, "metric": metric, "along": along}
                about["held"] = ", ".join(map(_shown, held, fixed))
                found.append(about | _last_gain(line, along))
    return found


def _last_gain(line: Sequence[Row], along: str) -> Row:
    """The point of a line at which gains stop, and what is to be said of it."""
    number = next(
        number
        for number, row in enumerate(line)
        if not any(later["low"] > row["high"] for later in line[number + 1 :])
    )
    stop, last = line[number], line[-1]
    if number == 0:
        verdict = "no gain"
    else:
        verdict = (
            "gains to the end" if stop is last else f"gains until {_shown(along, stop[along])}"
        )
    baseline = "above the baseline" if stop["low"] > stop["baseline"] else "not above the baseline"
    values = {name: stop[name] for name in ("value", "low", "high", "baseline")}
    return {"points": len(line), "verdict": f"{verdict}, {baseline}"} | values


def _shown(name: str, value: int | None) -> str:
    return "tokens not known" if value is None else _SHOWN[name].format(value)


def write_gains(rows: Sequence[Row], path: Path) -> None:
    """Writes and prints where gains stop."""
    table = format_table(gain_rows(rows))
    with whole_file(path) as file:
        file.write(table + "\n")
    print(table)


def draw_emergence(rows: Sequence[Row], path: Path, synthetic: bool = False) -> None:
    """Draws scores against parameters, a panel a task and metric, with the paper's points behind.

    Args:
        rows: score rows of one or more models, with `tokens` or without.
        path: of the picture (PNG).
        synthetic: the data are the sample world's, which the paper's points do not belong to.
    """

    def behind(members: Sequence[Row]) -> list[tuple[float, float]]:
        task, metric, shots = (members[-1][name] for name in ("task", "metric", "shots"))
        return [] if synthetic else paper.points(task, metric, shots)

    def label(row: Row) -> str:
        fixed = [f"{row['shots']}-shot"]
        if row.get("tokens"):
            fixed.append(f"{row['tokens'] / 1e6:.2g}M tokens")
        return ", ".join(fixed)

    axis = {"xscale": "log", "xlabel": "parameters"}
    _draw_scores(rows, path, "num_params", label, axis, behind)


def draw_shots(rows: Sequence[Row], path: Path) -> None:
    """Draws scores against the number of examples in the prompt, a panel a task and metric and a line a model."""
    axis = {"xscale": "symlog", "xlabel": "examples in the prompt"}
    _draw_scores(rows, path, "shots", lambda row: row["model"], axis, lambda members: [])


def _draw_scores(
    rows: Sequence[Row],
    path: Path,
    along: str,
    label: Callable[[Row], str],
    axis: Mapping[str, str],
    behind: Callable[[Sequence[Row]], list[tuple[float, float]]],
) -> None:
    """Draws a panel for each task and metric; `behind` returns the paper's points of one."""
    panel_rows: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if not row["part"]:
            panel_rows.setdefault((row["task"], row["metric"]), []).append(row)
    with panels(path, len(panel_rows), size=(3.6, 3.6)) as grid:
        for axes, ((task, metric), members) in zip(grid, panel_rows.items(), strict=True):
            members.sort(key=lambda row: row["shots"])
            if points := behind(members):
                axes.plot(
                    *zip(*points, strict=True), "o-", color="0.7", ms=4, label="paper", zorder=1
                )
            draw_lines(axes, members, along, label)
            draw_baseline(axes, members, "majority, constant")
            axes.set(**axis, ylabel=metric, title=task)
            legend(axes)
