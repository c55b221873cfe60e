"""`clova plan` as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clova_jax import SIZES
from clova_jax.cli import main
from clova_jax.parallel.chips import CHIPS
from clova_jax.plan import meshes, rank_meshes, settle

ROOT = Path(__file__).resolve().parents[2]
CHIP = CHIPS["a100-80gb"]
PAPER_BATCH = {"global_batch": 1_024, "length": 2_048}


def plan(out, *words):
    command = [sys.executable, "-m", "clova_jax", "plan", "--out", str(out), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)


def test_every_mesh_of_a_number_is_tried():
    found = list(meshes(8))
    assert len(found) == len(set(found)) == 10
    assert all(d * p * m == 8 for d, p, m in found)


def test_the_best_mesh_fits_and_none_that_fits_is_faster():
    ranked, refused = rank_meshes(SIZES["82b"], 1_024, CHIP, **PAPER_BATCH)
    assert ranked[0].fits
    assert ranked[0].seconds == min(c.seconds for c in ranked if c.fits)
    assert all(80 % c.run.mesh[2] == 0 for c in ranked)
    assert "num_heads=80" in refused[16, 1, 64]
    assert len({c.run.mesh for c in ranked} | set(refused)) == len(list(meshes(1_024)))


def test_settings_that_are_given_are_kept_and_the_others_chosen():
    chosen = settle(SIZES["82b"], (16, 8, 8), CHIP, **PAPER_BATCH)
    assert chosen.fits
    given = settle(SIZES["82b"], (16, 8, 8), CHIP, microbatches=16, remat="stage", **PAPER_BATCH)
    assert (given.run.microbatches, given.run.remat) == (16, "stage")
    assert chosen.seconds <= given.seconds


def test_what_cannot_fit_says_so():
    assert not settle(SIZES["82b"], (1, 1, 1), CHIP, global_batch=1, length=2_048).fits
    assert settle(SIZES["1.3b"], (1, 1, 1), CHIP, global_batch=8, length=2_048).fits


def test_report_and_plot(tmp_path):
    words = [
        "--size",
        "tiny",
        "--mesh",
        "2,2,2",
        "--global-batch",
        "16",
        "--length",
        "64",
        "--tokens",
        "1e6",
    ]
    done = plan(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    row = results["rows"][0]
    assert (row["size"], row["mesh"], row["fits"]) == ("tiny", "2,2,2", True)
    parts = ["parameters", "optimizer", "gradients", "activations", "temporary"]
    assert sum(row[f"{part}_gib"] for part in parts) == pytest.approx(row["memory_gib"])
    assert row["step_seconds"] == pytest.approx(sum(row["seconds"].values()))
    assert row["days"] == pytest.approx(977 * row["step_seconds"] / 86_400)  # 1e6 / (16 x 64) steps
    assert 0 < row["mfu"] < 1
    for key in ("flops", "bytes_data", "bytes_pipe", "bytes_model", "bubble", "compiled_gib"):
        assert row[key] > 0
    assert (tmp_path / "plan.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--mesh 3,8,8", "data=3"),
        ("--mesh 2,8,32", "model may be 1, 2, 4, 5"),
        ("--mesh 8,128,1", "pipe may be 1, 2, 4"),
        ("--microbatches 7", "it may be 1, 2, 4"),
        ("--mesh 8,8", "--mesh: 8,8 is not 3 values D,P,M"),
    ],
)
def test_an_impossible_mesh_is_one_line(tmp_path, capsys, words, says):
    assert main(["plan", "--out", str(tmp_path), *words.split()]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error


@pytest.mark.slow
def test_82b_on_1024_devices(tmp_path):
    done = plan(tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    row = results["rows"][0]
    assert row["estimate_of_compiled_gib"] == pytest.approx(row["compiled_gib"], rel=0.15)
    assert row["fits"]
    assert results["paper"][0]["days"] == 13.4
    assert row["compiled_sent_bytes"]["model"] == pytest.approx(2 * row["bytes_model"], rel=0.05)
