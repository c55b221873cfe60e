"""On the embedded sample: a few vectors beat examples in the prompt, beyond both intervals."""

import json

import pytest

from clova_jax.common.command import main
from clova_jax.train.options import PretrainOptions
from clova_jax.train.pretrain import pretrain
from experiments import p_tuning, quickstart


@pytest.mark.slow
def test_p_tuning_beats_few_shot_prompting_on_the_sample(tmp_path):
    world = quickstart.Options(megabytes=3.0, out=tmp_path / "world")
    data, corpus = quickstart.prepare(world)
    tokenizer = tmp_path / "world" / "tokenizer"
    quickstart.make_tokenizer(corpus, tokenizer, 4096)
    pretrain(
        PretrainOptions(
            data=str(corpus),
            tokenizer=tokenizer,
            size="tiny",
            steps=500,
            global_batch=8,
            length=128,
            weights=quickstart.SAMPLE_WEIGHTS,
            validate_every=0,
            checkpoint_every=500,
            out=tmp_path / "world",
        )
    )
    out = tmp_path / "out"
    command = ["--model", str(tmp_path / "world" / "model"), "--data", str(data)]
    command += ["--examples", "2000", "--seeds", "2", "--shots", "6", "--trials", "4"]
    command += ["--steps", "500", "--limit", "1000", "--out", str(out)]
    assert main(p_tuning.Options, p_tuning.run, command) == 0
    rows = json.loads((out / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["p_tuning"]["low"] > scores["few_shot"]["high"]
    assert scores["p_tuning"]["low"] > scores["p_tuning"]["baseline"]
