"""Table 2 against counts made from scratch."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clova_jax import SIZES
from clova_jax.model.params import param_specs
from clova_jax.paper import TABLE_2
from experiments.model_sizes import TABLE, Options, size_row

ROOT = Path(__file__).resolve().parents[2]


def count_by_hand(layers, width, vocab, length):
    """Weights, biases and norms of GPT-3's block, added up array by array."""
    attention = (width * 3 * width + 3 * width) + (width * width + width)
    feed_forward = (width * 4 * width + 4 * width) + (4 * width * width + width)
    norms = 2 * 2 * width
    return layers * (attention + feed_forward + norms) + 2 * width + (vocab + length) * width


@pytest.mark.parametrize("name", SIZES)
def test_exact_counts(name):
    config = SIZES[name]
    row = size_row(name, config, 2_048)
    args = (config.num_layers, config.embed_dim, config.vocab_size, config.max_length)
    assert row["num_params"] == count_by_hand(*args)
    assert row["untied_params"] - row["num_params"] == config.vocab_size * config.embed_dim


def test_the_count_is_of_the_arrays_that_training_makes():
    import math

    import jax

    def size(spec):
        return math.prod(spec.shape)

    leaves = jax.tree.leaves(param_specs(SIZES["82b"]), is_leaf=lambda x: hasattr(x, "axes"))
    assert sum(map(size, leaves)) == SIZES["82b"].num_params


def test_our_sizes_have_the_papers_columns():
    for row in TABLE_2:
        ours = size_row(row["size"], SIZES[row["size"]], 2_048)
        for column in ("num_layers", "embed_dim", "num_heads", "head_dim", "lr"):
            assert ours[column] == row[column], (row["size"], column)
        assert row["num_heads"] * row["head_dim"] == row["embed_dim"]


def test_operations_are_about_six_a_parameter_and_the_attention():
    row = size_row("82b", SIZES["82b"], 2_048)
    weights = row["num_params"] - SIZES["82b"].max_length * 10_240  # positions are looked up
    assert row["flops_per_token"] == pytest.approx(6 * weights + 12 * 64 * 10_240 * 2_048, rel=1e-3)


def test_results_and_plot(tmp_path, capsys):
    TABLE.run(Options(out=tmp_path))
    results = json.loads((tmp_path / "results.json").read_text())
    assert [row["size"] for row in results["rows"]] == list(SIZES)
    assert [row["size"] for row in results["paper"]] == [row["size"] for row in TABLE_2]
    assert {row["size"]: round(row["num_params"] / 1e6, 1) for row in results["rows"]}[
        "137m"
    ] == 126.0
    assert "nominal" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "sizes.png").stat().st_size > 10_000
    assert "81,084,436,480" in capsys.readouterr().out


@pytest.mark.slow
def test_as_people_run_it(tmp_path):
    command = [sys.executable, "-m", "experiments.model_sizes", "--out", str(tmp_path)]
    start = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert time.monotonic() - start < 30


def test_a_bad_length_is_one_line(tmp_path):
    command = [sys.executable, "-m", "experiments.model_sizes", "--length", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--length" in done.stderr
