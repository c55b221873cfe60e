"""Draws what tables show: bars side by side, lines with intervals, a baseline; one or more panels in a picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.plots import figure, legend
from clova_jax.tables.table import Row

__all__ = ["draw_bars", "draw_baseline", "draw_lines", "legend", "panels"]


@contextmanager
def panels(
    path: Path, count: int = 1, *, size: tuple[float, float] = (6, 4), across: int = 4, **grid: Any
) -> Iterator[list[Any]]:
    """Yields the axes of a picture, `across` in a line, and writes it at the end.

    Args:
        path: of the PNG.
        count: how many panels.
        size: width and height of one, in inches.
        across: panels in a line, at most.
        **grid: more of matplotlib's `Figure.subplots`.
    """
    across = min(across, count)
    down = -(-count // across)
    inches = (size[0] * across, size[1] * down)
    with figure(path, down, across, inches, squeeze=False, **grid) as axes:
        for unused in axes.flat[count:]:
            unused.axis("off")
        yield list(axes.flat[:count])


def draw_lines(axes: Any, rows: Sequence[Row], x: str, label: Callable[[Row], str]) -> None:
    """Draws the value of score rows with their intervals against `x`, a line for each label."""
    for name in dict.fromkeys(map(label, rows)):
        line = sorted((row for row in rows if label(row) == name), key=lambda row: row[x])
        places, values = [row[x] for row in line], [row["value"] for row in line]
        axes.errorbar(places, values, yerr=_reach(line), marker="o", ms=5, capsize=3, label=name)


def draw_bars(
    axes: Any,
    groups: Sequence[str],
    series: Mapping[str, Sequence[float] | Sequence[Row]],
    numbers: str = "",
) -> None:
    """Draws bars side by side, a group for each name and a bar for each series.

    Args:
        axes: to draw on.
        groups: names under the groups.
        series: label -> a number or a score row (with its interval) for each group.
        numbers: format of the figures above the bars; none by default.
    """
    places, width = np.arange(len(groups)), 0.8 / len(series)
    for number, (label, members) in enumerate(series.items()):
        at = places + (number - len(series) / 2 + 0.5) * width
        style: dict[str, Any] = {"label": label}
        if members and isinstance(members[0], dict):
            style |= {"yerr": _reach(members), "capsize": 3}
            members = [row["value"] for row in members]
        bars = axes.bar(at, members, width, **style)
        if numbers:
            axes.bar_label(bars, fmt=numbers, fontsize=6, padding=1)
    axes.set_xticks(places, groups)


def draw_baseline(axes: Any, rows: Sequence[Row], label: str = "majority class") -> None:
    """Draws the baseline of score rows as a dashed line."""
    axes.axhline(rows[0]["baseline"], ls="--", color="0.4", lw=1, label=label)


def _reach(rows: Sequence[Row]) -> list[list[float]]:
    """How far the intervals reach down and up, as matplotlib's `yerr`."""
    return [
        [row["value"] - row["low"] for row in rows],
        [row["high"] - row["value"] for row in rows],
    ]
