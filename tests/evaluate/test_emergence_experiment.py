"""`python -m experiments.emergence` from the command line to its files, on models that guess."""

import json
from types import SimpleNamespace

import pytest

from clova_jax import tables
from experiments.emergence import TABLE


def write_model(folder, tokens: int) -> None:
    """Writes what a table reads of a model directory."""
    folder.mkdir(parents=True)
    about = {"tokens": tokens, "run": {"length": 128}}
    (folder / "config.json").write_text(json.dumps({"about": about}))
    (folder / "hashes.json").write_text("{}")


@pytest.fixture
def grid(guesser, monkeypatch, tmp_path):
    """A grid of two shapes and two budgets."""
    made = {}
    for layers in (1, 2):
        for tokens in (1_000, 2_000):
            folder = tmp_path / "grid" / "models" / f"{layers}x32_{tokens}" / "model"
            write_model(folder, tokens)
            made[folder] = guesser()
            made[folder].config = made[folder].config.replace(num_layers=layers)
    loader = SimpleNamespace(load=lambda folder, mesh=None: made[folder])
    monkeypatch.setattr("clova_jax.LanguageModel", loader)
    return tmp_path / "grid"


def run(out, *words: object) -> int:
    more = ["--tasks", "nsmc,klue_sts", "--shots", "0,2", "--trials", "2", "--limit", "6"]
    return TABLE.main([*map(str, words), *more, "--out", str(out)], prog="emergence")


def test_a_grid_makes_the_tables_and_the_plots(grid, data, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(out, "--grid", grid, "--data", data) == 0
    results = json.loads((out / "results.json").read_text())
    rows = [row for row in results["rows"] if row["task"] == "nsmc"]
    assert {(row["model"], row["tokens"]) for row in rows} == {
        *(("1x32_1000", 1_000), ("1x32_2000", 2_000), ("2x32_1000", 1_000), ("2x32_2000", 2_000))
    }
    assert results["paper"][1]["model"] == "HyperCLOVA 137M"
    assert any("training sequence: 128" in note for note in results["notes"])
    gains = (out / "gains.md").read_text()
    for held in ("1,000 tokens, 2-shot", "parameters, 0-shot", "parameters, 2,000 tokens"):
        assert held in gains
    assert all((out / name).stat().st_size > 5_000 for name in ("emergence.png", "shots.png"))
    assert "HyperCLOVA 82B" in (out / "size_table.md").read_text()
    before = (out / "trials.jsonl").read_text()
    assert run(out, "--grid", grid, "--data", data) == 0
    assert (out / "trials.jsonl").read_text() == before, "nothing is computed twice"
    assert "gains" in capsys.readouterr().out


def test_without_models_it_trains_its_own(grid, data, tmp_path, monkeypatch):
    """The models of another grid stand for those that a training would leave."""
    asked = []
    monkeypatch.setattr(tables, "train_grid", asked.append)
    monkeypatch.setattr(tables, "find_grid", lambda folder, find=tables.find_grid: find(grid))
    assert run(tmp_path / "out", "--data", data) == 0
    (options,) = asked
    assert options.out == tmp_path / "out" / "grid"
    assert len(options.shapes) >= 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grid", "GRID", "--model", "some"], "give one of --model and --grid"),
        (["--grid", "GRID"], "--data is required"),
        (["--grid", "nowhere"], "nowhere: holds no model of a grid"),
    ],
)
def test_mistakes_are_one_line(words, message, grid, tmp_path, capsys):
    assert run(tmp_path / "out", *(str(grid) if word == "GRID" else word for word in words)) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]
