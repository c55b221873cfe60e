"""The grid of the scaling table: what is refused before anything is trained, what its rows say, how it grows."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from clova_jax import ModelConfig, tables
from clova_jax.common.errors import ClovaError
from clova_jax.tables import scaling
from clova_jax.tables.grids import find_grid, grid_trainings
from experiments.scaling_law import TABLE, Options

SHAPES = "1x32,2x32,1x64,2x64"


def refused(capsys, *words: str) -> str:
    """The one line that a mistake is answered with."""
    assert TABLE.main(list(words)) == 2
    first, *others = capsys.readouterr().err.strip().splitlines()
    assert first.startswith("scaling_law: everything goes to ")
    assert len(others) == 1
    return others[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shapes", "2x64"], "--shapes: a grid of 1 size fits no law; give 4 or more"),
        (["--shapes", "1x32,2x32,1x64"], "--shapes: a grid of 3 sizes"),
        (["--tokens", "1e5,2e5"], "--tokens: 2 below the largest size fit no law; give 3"),
        (["--tokens", "1e5,1e5,1e5"], "--tokens: 1 below the largest size"),
        (["--tokens", "100,1e5,1e6"], "--tokens: 100 are fewer than a step's 512"),
        (["--shapes", "2x100"], "'2x100' is not LAYERSxWIDTH with a width that 32 divides"),
        (["--shapes", "wide"], "'wide' is not LAYERSxWIDTH"),
        (["--most-flops", "1"], "--most-flops: leave no model to train"),
    ],
)
def test_a_grid_that_fits_no_law_is_one_line(words, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert message in refused(capsys, "--out", str(out), *words)
    assert not out.exists(), "nothing was trained"


def test_every_budget_is_a_training_of_its_own(tmp_path):
    grid = tables.GridOptions(tmp_path, shapes=("2x64", "1x32"), tokens=(4_096, 2_048))
    trainings = grid_trainings(grid)
    assert [training.name for training in trainings] == [
        *("1x32_2048", "1x32_4096", "2x64_2048", "2x64_4096")
    ]
    runs = [training.options for training in trainings]
    assert [run.total_tokens for run in runs] == [2_048, 4_096, 2_048, 4_096]
    assert len({run.out for run in runs}) == 4
    assert {run.data for run in runs} == {str(tmp_path / "tokens")}
    assert runs[0].model_config(300) == ModelConfig(1, 32, 1, vocab_size=300)


def test_a_cap_on_operations_leaves_out_the_dear_corner(tmp_path):
    size = ModelConfig(2, 64, 2).num_core_params
    grid = tables.GridOptions(
        tmp_path, shapes=("1x32", "2x64"), tokens=(2_048, 4_096), most_flops=6 * size * 2_048
    )
    names = [training.name for training in grid_trainings(grid)]
    assert names == ["1x32_2048", "1x32_4096", "2x64_2048"]


@pytest.fixture
def made_up(monkeypatch):
    """A grid whose models were not trained: their losses follow a law, their metrics lie where a training's would."""

    def train(grid):
        for training in grid_trainings(grid):
            size = training.options.model_config(grid.vocab_size).num_core_params
            tokens = training.options.total_tokens
            loss = 1.5 + 20 / size**0.3 + 30 / tokens**0.35
            row = {"step": 1, "tokens": tokens, "val_loss": loss, "val_bits_per_byte": loss / 2}
            training.options.out.mkdir(parents=True)
            (training.options.out / "metrics.jsonl").write_text(json.dumps(row) + "\n")
        return tables.Inputs(grid.out)

    def read_config(folder):
        layers, width = map(int, folder.name.partition("_")[0].split("x"))
        return SimpleNamespace(num_core_params=ModelConfig(layers, width, 1).num_core_params)

    monkeypatch.setattr(tables, "train_grid", train)
    monkeypatch.setattr(scaling, "read_config", read_config)


def test_the_table_has_the_grid_the_laws_and_what_they_predict(made_up, tmp_path, capsys):
    words = ["--out", str(tmp_path), "--shapes", SHAPES, "--tokens", "2048,8192,32768"]
    assert TABLE.main(words) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    parts: dict[str, list] = {}
    for row in results["rows"]:
        parts.setdefault(row["part"], []).append(row)
    assert len(parts["grid"]) == 4 * 3
    for row in parts["grid"]:
        assert row["FLOPs"] == 6 * row["parameters"] * row["tokens"]
    left_out = {row["law"]: row for row in parts["left out"] if row["tokens"] == 32_768}
    assert {row["model"] for row in parts["left out"]} == {"2x64"}
    next_size = parts["grid"][8]
    assert left_out["none, next size"]["value"] == next_size["value"]
    assert left_out["none, next size"]["error %"] > 0
    assert abs(left_out["Chinchilla"]["error %"]) < 0.1, "the losses were made by this law"
    found = {(row["law"], row["metric"]): row["value"] for row in parts["constants"]}
    assert found["Chinchilla", "β"] == pytest.approx(0.35, rel=0.05)
    sizes = [row for row in parts["the paper's sizes"] if row["law"] == "Chinchilla"]
    assert [row["model"] for row in sizes][::7] == ["137m", "82b"]
    assert sizes[0]["value"] > sizes[-1]["value"]
    for row in results["rows"]:
        if "low" in row:
            assert row["low"] <= row["value"] <= row["high"], row
    notes = " ".join(results["notes"])
    assert "FAR OUTSIDE" in notes
    assert "its own cosine" in notes
    assert (tmp_path / "scaling_law.png").stat().st_size > 20_000
    assert "2,048 tokens" in (tmp_path / "losses.md").read_text()
    assert "Loss in nats a token" in capsys.readouterr().out


def test_a_grid_is_found_small_to_large(tmp_path):
    for name in ("2x64_4096", "1x32_16384", "1x32_4096"):
        (tmp_path / "models" / name / "model").mkdir(parents=True)
        (tmp_path / "models" / name / "model" / "hashes.json").write_text("{}")
    (tmp_path / "models" / "4x64_4096" / "model").mkdir(parents=True)  # not finished
    assert find_grid(tmp_path).names == ["1x32_4096", "1x32_16384", "2x64_4096"]
    with pytest.raises(ClovaError, match=r"nowhere: holds no model of a grid; give the --out of"):
        find_grid(tmp_path / "nowhere")


@pytest.mark.slow
def test_a_larger_grid_keeps_its_finished_models(tmp_path, capsys):
    """Three models, then one more; the second call trains that one alone."""
    more = {"megabytes": 0.2, "vocab_size": 400, "global_batch": 2, "length": 32}
    small = Options(tmp_path, shapes=("1x32",), tokens=(64, 128), **more)
    tables.train_grid(small)
    before = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "models").glob("*/model/hashes.json")
    }
    assert len(before) == 2
    capsys.readouterr()
    large = Options(tmp_path, shapes=("1x32", "1x64"), tokens=(64, 128), **more)
    inputs = tables.train_grid(large)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert inputs.names == ["1x32_64", "1x32_128", "1x64_64", "1x64_128"]
    losses = scaling.losses_of(scaling.grid_rows(grid_trainings(large)))
    assert np.isfinite(losses.loss).all()
    other = Options(tmp_path, shapes=("1x32",), tokens=(64,), **more | {"length": 16})
    with pytest.raises(ClovaError, match="length"):
        tables.train_grid(other)
