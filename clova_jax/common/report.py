"""Writes a result folder, `results.json` and `table.md`, and prints the table."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

from clova_jax.common.environment import environment
from clova_jax.common.files import whole_file, write_json


def format_table(rows: list[dict[str, Any]], columns: list[str] | None = None) -> str:
    """Formats rows as a Markdown table; wide (Korean) characters line up.

    Args:
        rows: one mapping a row; the cell of a missing value is empty.
        columns: which keys, in which order; all keys in order of appearance by default.
    """
    columns = columns or list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    numeric = [
        all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns
    ]
    align = ["right" if number else "left" for number in numeric]
    return tabulate(
        cells, headers=columns, tablefmt="github", colalign=align, disable_numparse=True
    )


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if 0.01 <= abs(value) < 1e6 or value == 0 else f"{value:.3g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


@dataclass
class Report:
    """Holds the results of an experiment: its rows, the paper's figures and notes.

    Args:
        experiment: its name.
        config: its options, as JSON values (`options.as_json`).
        rows: the measured table, one mapping a row.
        paper: the paper's figures for the same table.
        notes: sentences that belong under the table (data, protocol, caveats).
    """

    experiment: str
    config: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    paper: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self, columns: list[str] | None = None) -> str:
        """Returns the measured table, the paper's below it, then the notes."""
        parts = [f"## {self.experiment}", "", format_table(self.rows, columns)]
        if self.paper:
            parts += ["", "The paper:", "", format_table(self.paper)]
        if self.notes:
            parts += [""] + [f"- {note}" for note in self.notes]
        return "\n".join(parts) + "\n"

    def write(self, out: str | Path, columns: list[str] | None = None, show: bool = True) -> None:
        """Writes `results.json` and `table.md` into `out` and prints the table."""
        out = Path(out)
        write_json(
            out / "results.json",
            {
                "experiment": self.experiment,
                "config": self.config,
                "rows": self.rows,
                "paper": self.paper,
                "notes": self.notes,
                "environment": environment(),
            },
        )
        with whole_file(out / "table.md") as file:
            file.write(self.markdown(columns))
        if show:
            print(self.markdown(columns))
