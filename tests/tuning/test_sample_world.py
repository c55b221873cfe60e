"""On the embedded sample: a few vectors beat examples in the prompt, beyond both intervals."""

import json

import pytest

from clova_jax.common.command import main
from experiments import p_tuning, quickstart


@pytest.mark.slow
def test_p_tuning_beats_few_shot_prompting_on_the_sample(tmp_path):
    # A short training: the model has seen labelled reviews, and a prompt of them helps it little.
    world = tmp_path / "world"
    short = quickstart.Options(megabytes=3.0, steps=500, shots=(0,), limit=100, out=world)
    assert quickstart.run(short) == 0
    out = tmp_path / "out"
    command = ["--model", str(world / "model"), "--data", str(world / "sample")]
    command += ["--examples", "2000", "--seeds", "2", "--shots", "6", "--trials", "4"]
    command += ["--steps", "300", "--limit", "1000", "--out", str(out)]
    assert main(p_tuning.Options, p_tuning.run, command) == 0
    rows = json.loads((out / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["p_tuning"]["low"] > scores["few_shot"]["high"]
    assert scores["p_tuning"]["low"] > scores["p_tuning"]["baseline"]
