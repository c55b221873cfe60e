"""On the embedded sample: a few vectors beat examples in the prompt, beyond both intervals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(experiment, *words):
    """An experiment in a process of its own: with LLVM's optimiser, which other tests do without."""
    command = [sys.executable, "-m", f"experiments.{experiment}", *map(str, words)]
    environment = os.environ | {"XLA_FLAGS": ""}
    environment.pop("NPROC", None)
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


@pytest.mark.slow
def test_p_tuning_beats_few_shot_prompting_on_the_sample(tmp_path):
    # Topics, not reviews: six reviews in the prompt are nearly all that this model needs, six headlines help it little.
    world, out = tmp_path / "world", tmp_path / "out"
    run("quickstart", "--shots", 0, "--limit", 100, "--out", world)
    command = ["--model", world / "model", "--data", world / "sample", "--task", "ynat"]
    command += ["--encoder", "mlp", "--examples", 4000, "--seeds", 4, "--steps", 400]
    command += ["--shots", 6, "--trials", 8, "--limit", 500, "--out", out]
    run("p_tuning", *command)
    rows = json.loads((out / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["p_tuning"]["low"] > scores["few_shot"]["high"]
    assert scores["p_tuning"]["low"] > scores["p_tuning"]["baseline"]
