"""Defines `Table`, a table of the paper or another experiment, and runs it.

An experiment says what its cells are; the runner does the rest, the same for all: it takes the result folder, loads
models one by one, asks each cell for its rows (finished ones are read back), stops in order at a signal, and writes
`results.json`, `table.md` and the figures.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clova_jax
from clova_jax import parallel
from clova_jax.common.command import main
from clova_jax.common.options import as_json
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.tables.options import Inputs, OutOptions

Row = dict[str, Any]


@dataclass
class TableRun:
    """Holds what cells, notes and figures work with.

    Args:
        options: of the command line.
        inputs: the data folder and the models.
        stop: the signals that ask for an end while models are at work; a cell that sees one raises `Stopped`.
        model: the model that is loaded now; the last one once all cells are done.
        model_name: its name in the rows.
        writes: False where the cells print what was asked for and there is no table to write.
        rows: of the finished cells.
        notes: sentences for below the table; cells may add some.
        found: what cells leave for notes and figures besides rows.
    """

    options: Any
    inputs: Inputs
    stop: StopSignals
    model: Any = None
    model_name: str = ""
    writes: bool = True
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Returns the data folder."""
        return self.inputs.data

    @property
    def out(self) -> Path:
        """Returns the result folder."""
        return self.options.out

    def load(self, folder: Path, name: str) -> None:
        """Loads a model in the place of the last one, which is let go first."""
        self.model, self.model_name = None, name
        mesh = self.inputs.mesh and parallel.make_mesh(self.inputs.mesh)
        self.model = clova_jax.LanguageModel.load(folder, mesh=mesh)

    def compute(self, cells: Sequence["Cell"]) -> None:
        """Adds the rows of the cells for the model that is loaded; a stop request ends it between two."""
        for cell in cells:
            if self.stop.requested:
                raise Stopped(self.stop.requested)
            self.rows += cell(self)


Cell = Callable[[TableRun], Iterable[Row]]


def _nothing(run: TableRun) -> list[str]:
    return []


@dataclass(frozen=True)
class Table:
    """Describes a table.

    Args:
        name: of the experiment's file, and of its folder in `runs/`.
        options: the dataclass of its command line, a kind of `OutOptions`.
        cells: checks the options and returns the cells in order, before a model is loaded. A cell is called for each
            model and returns its rows; it raises `ClovaError` where it cannot be computed.
        paper: the paper's rows, or what returns them.
        columns: of the printed table; all by default.
        notes: returns sentences for below the table.
        figures: file name -> what draws it: `draw(run, path)`.
        extras: writes what else the table has.
        show: prints the table; otherwise its cells print theirs.
    """

    name: str
    options: type[OutOptions]
    cells: Callable[[TableRun], Iterable[Cell]]
    paper: Sequence[Row] | Callable[[TableRun], Sequence[Row]] = ()
    columns: Sequence[str] | None = None
    notes: Callable[[TableRun], list[str]] = _nothing
    figures: Mapping[str, Callable[[TableRun, Path], None]] = field(default_factory=dict)
    extras: Callable[[TableRun], Any] = _nothing
    show: bool = True

    def main(self, words: Sequence[str] | None = None, prog: str | None = None) -> int:
        """Runs the table as a command; returns its exit status: 0, 2 after a mistake, 130 where it was stopped."""
        return main(self.options, self.run, words, prog)

    def run(self, options: Any) -> int:
        """Computes the cells that are not finished and writes the table.

        Returns:
            0, or 130 where a signal stopped it; what is finished is kept.

        Raises:
            ClovaError: the options, the data or a cell are at fault.
        """
        return _run(options, self)

    def write(self, run: TableRun) -> None:
        """Writes and prints the report, the figures and the extras of a finished run."""
        paper = self.paper(run) if callable(self.paper) else self.paper
        notes = [*run.notes, *self.notes(run)]
        report = Report(self.name, as_json(run.options), run.rows, list(paper), notes)
        report.write(run.out, self.columns and list(self.columns), self.show)
        for name, draw in self.figures.items():
            draw(run, run.out / name)
        self.extras(run)
        print(f"everything: {run.out}")


@holds_out
def _run(options: Any, table: Table) -> int:
    print(f"{table.name}: everything goes to {options.out}", file=sys.stderr, flush=True)
    try:
        run = TableRun(options, options.inputs(), StopSignals())
        cells = list(table.cells(run))
        if not run.inputs.models:
            run.compute(cells)  # these cells know no stop request: a signal ends them at once
        with run.stop:
            for folder, name in zip(run.inputs.models, run.inputs.names, strict=True):
                run.load(folder, name)
                run.compute(cells)
    except Stopped as signal:
        print(f"{signal}: what is finished is kept; run the same command again to go on")
        return 130
    if run.writes:
        table.write(run)
    return 0
