"""On the embedded sample: a few vectors beat examples in the prompt, beyond both intervals."""

import json

import pytest

from clova_jax.common.command import main
from experiments import p_tuning, quickstart


@pytest.mark.slow
def test_p_tuning_beats_few_shot_prompting_on_the_sample(tmp_path):
    # Topics, not reviews: six reviews in the prompt are nearly all that this model needs, six headlines help it little.
    world = tmp_path / "world"
    assert quickstart.run(quickstart.Options(shots=(0,), limit=100, out=world)) == 0
    out = tmp_path / "out"
    command = ["--model", str(world / "model"), "--data", str(world / "sample"), "--task", "ynat"]
    command += ["--encoder", "mlp", "--examples", "4000", "--seeds", "4", "--steps", "400"]
    command += ["--shots", "6", "--trials", "8", "--limit", "500", "--out", str(out)]
    assert main(p_tuning.Options, p_tuning.run, command) == 0
    rows = json.loads((out / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["p_tuning"]["low"] > scores["few_shot"]["high"]
    assert scores["p_tuning"]["low"] > scores["p_tuning"]["baseline"]
