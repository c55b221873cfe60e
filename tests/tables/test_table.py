"""The runner of tables: finished cells are not computed again, a signal gives 130, a bad cell one line and 2."""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import help_of
from clova_jax.common.stop import Stopped


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Counts."""

    out: Path = tables.out_option("toy")


def toy(*cells, **more) -> tables.Table:
    """A table of these cells."""
    return tables.Table("toy", Options, lambda run: cells, **more)


@pytest.fixture
def one_model(monkeypatch):
    """Makes a table of these cells for a model that is none."""
    loader = SimpleNamespace(load=lambda folder, mesh=None: folder)
    monkeypatch.setattr("clova_jax.LanguageModel", loader)

    @dataclass(frozen=True)
    class OneModel(Options):
        """Has a model."""

        def inputs(self):
            return tables.Inputs(models=(Path("one"),), names=("1",))

    return lambda *cells: tables.Table("toy", OneModel, lambda run: cells)


def kept(name: str, calls: list[str]) -> tables.Kept:
    """A cell that notes when it is computed."""
    return tables.Kept(name, lambda: calls.append(name) or [{"value": len(name)}], "cell")


def test_a_table_has_rows_paper_notes_figures_and_extras(tmp_path, capsys):
    table = toy(
        lambda run: [{"task": "a", "value": 1, "hidden": 2}],
        lambda run: run.notes.append("a cell's note") or [{"task": "b", "value": 3}],
        paper=[{"task": "a", "value": 9}],
        columns=["task", "value"],
        notes=lambda run: [f"{len(run.rows)} rows"],
        figures={"toy.png": lambda run, path: path.write_text("drawn")},
        extras=lambda run: (run.out / "more.txt").write_text("more"),
    )
    assert table.main(["--out", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert results.keys() == {"experiment", "config", "rows", "paper", "notes", "environment"}
    assert (results["experiment"], results["config"]) == ("toy", {"out": str(tmp_path)})
    assert [row["value"] for row in results["rows"]] == [1, 3]
    assert results["notes"] == ["a cell's note", "2 rows"]
    shown = capsys.readouterr()
    assert (tmp_path / "table.md").read_text() in shown.out
    assert "The paper:" in shown.out
    assert "hidden" not in shown.out
    assert shown.err == f"toy: everything goes to {tmp_path}\n"
    assert (tmp_path / "toy.png").read_text() == "drawn"
    assert (tmp_path / "more.txt").read_text() == "more"


def test_finished_cells_are_not_computed_again(tmp_path):
    calls: list[str] = []

    def breaks(run):
        raise ClovaError("the data lack a column")

    first, second = kept("first", calls), kept("second", calls)
    assert toy(first, breaks, second).main(["--out", str(tmp_path)]) == 2
    assert calls == ["first"]
    assert toy(first, second).main(["--out", str(tmp_path)]) == 0
    assert calls == ["first", "second"]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert rows == [{"cell": "first", "value": 5}, {"cell": "second", "value": 6}]


def test_rows_that_other_options_made_are_computed_again(tmp_path):
    calls: list[int] = []

    @dataclass(frozen=True)
    class Sized(Options):
        """Has a number that changes the rows."""

        size: int = 1
        """how large"""

    def cells(run):
        size = run.options.size
        yield tables.Kept("first", lambda: calls.append(size) or [{"value": size}], "cell")

    def made(size: int) -> list[dict]:
        table = tables.Table("toy", Sized, cells)
        assert table.main(["--out", str(tmp_path), "--size", str(size)]) == 0
        return json.loads((tmp_path / "results.json").read_text())["rows"]

    assert made(1) == made(1) == [{"cell": "first", "value": 1}]
    assert made(2) == [{"cell": "first", "value": 2}]
    assert calls == [1, 2]
    (tmp_path / "first.json").write_text('[{"value": 7}]')  # from before options were kept
    assert made(2) == [{"cell": "first", "value": 2}]


def test_a_bad_cell_is_one_line_and_no_table(tmp_path, capsys):
    def breaks(run):
        raise ClovaError("nsmc: the data lack a column")

    assert toy(breaks).main(["--out", str(tmp_path)], prog="toy") == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last == "toy: error: nsmc: the data lack a column"
    assert not list(tmp_path.iterdir())


def test_a_signal_stops_between_cells_and_keeps_what_is_finished(tmp_path, capsys, one_model):
    calls: list[str] = []

    def interrupted(run):
        os.kill(os.getpid(), signal.SIGTERM)
        return [{"value": 0}]

    cells = (kept("first", calls), interrupted, kept("second", calls))
    assert one_model(*cells).main(["--out", str(tmp_path)]) == 130
    assert calls == ["first"]
    assert not (tmp_path / "results.json").exists()
    assert "SIGTERM: what is finished is kept; run the same command" in capsys.readouterr().out
    assert one_model(cells[0], cells[2]).main(["--out", str(tmp_path)]) == 0
    assert calls == ["first", "second"]


def test_without_a_model_ctrl_c_ends_it_at_once(tmp_path, capsys):
    calls: list[str] = []

    def interrupted(run):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
        return calls.append("not reached") or []

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    try:
        assert toy(kept("first", calls), interrupted).main(["--out", str(tmp_path)]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == ["first"]
    assert not (tmp_path / "results.json").exists()


def test_a_cell_may_stop_by_itself(tmp_path):
    def stops(run):
        raise Stopped("training stopped")

    assert toy(stops).main(["--out", str(tmp_path)]) == 130


def test_models_are_loaded_one_by_one(tmp_path, monkeypatch):
    """Never two at once: the last one is let go before the next is read."""
    alive: list[str] = []

    class Model:
        def __init__(self, folder):
            self.name = folder.name
            alive.append(self.name)

        def __del__(self):
            alive.remove(self.name)

    class Loader:
        @staticmethod
        def load(folder, mesh=None):
            assert not alive
            return Model(folder)

    @dataclass(frozen=True)
    class TwoModels(Options):
        """Has two models."""

        def inputs(self):
            return tables.Inputs(models=(Path("one"), Path("two")), names=("1", "2"))

    monkeypatch.setattr("clova_jax.LanguageModel", Loader)
    seen = []
    cell = lambda run: seen.append((run.model_name, *alive)) or []  # noqa: E731
    assert tables.Table("toy", TwoModels, lambda run: [cell]).run(TwoModels(out=tmp_path)) == 0
    assert seen == [("1", "one"), ("2", "two")]


@pytest.mark.parametrize("options", ["OutOptions", "DataOptions", "ModelOptions", "TuneOptions"])
def test_shared_options_have_a_default_and_help(options):
    import dataclasses

    shared = getattr(tables, options)
    helps = help_of(shared)
    for field in dataclasses.fields(shared):
        assert field.default is not dataclasses.MISSING, field.name
        assert helps[field.name], field.name


def test_the_sample_world_and_real_text_do_not_share_a_folder(tmp_path):
    (tmp_path / "sample").mkdir()
    making = tables.MakingOptions(data=tmp_path / "mine", out=tmp_path)
    with pytest.raises(ClovaError, match="holds a model of the sample world; give another --out"):
        tables.make_model(making)
    (tmp_path / "sample").rmdir()
    (tmp_path / "documents").mkdir()
    with pytest.raises(ClovaError, match="holds a model of real text; give another --out"):
        tables.make_model(tables.MakingOptions(out=tmp_path))
