"""`clova tune` on labelled files of one's own: a prompt that `clova generate` uses, or a complete model."""

import json
from pathlib import Path

import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.cli import main
from clova_jax.common.files import read_jsonl
from clova_jax.inference import SoftPrompt


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, and a task whose answer stands in its text."""
    folder = tmp_path_factory.mktemp("tune")
    tokenizer = train_tokenizer(["좋은 나쁜 셋"], kind="byte", vocab_size=257)
    config = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=64)
    LanguageModel.create(config, tokenizer, seed=0).save(folder / "model")
    for split, count in (("train", 40), ("test", 10)):
        rows = [f"{'good' if i % 2 else 'bad'} {i},{i % 2}" for i in range(count)]
        (folder / f"{split}.csv").write_text("review,label\n" + "\n".join(rows) + "\n")
    about = {"train": "train.csv", "test": "test.csv", "text": "{review}", "label": "label"}
    about |= {"labels": {"0": "n", "1": "y"}}
    (folder / "reviews.json").write_text(json.dumps(about))
    return folder


def words(world: Path, out: str, *more: str) -> list[str]:
    found = ["tune", "--model", str(world / "model"), "--task", str(world / "reviews.json")]
    found += ["--steps", "4", "--batch-size", "4", "--out", str(world / out), *more]
    return found


def test_a_prompt_is_trained_tested_kept_and_used(world: Path, capsys) -> None:
    more = ("--encoder", "mlp", "--virtual-tokens", "4", "--learning-rate", "0.01")
    assert main(words(world, "run", *more)) == 0
    prompt = SoftPrompt.load(world / "run" / "prompt")
    assert prompt.vectors.shape == (4, 16)
    assert prompt.about["options"]["learning_rate"] == 0.01
    (row,) = json.loads((world / "run" / "results.json").read_text())["rows"]
    assert (row["task"], row["method"], row["examples"], row["items"]) == (
        "reviews",
        "p_tuning",
        40,
        10,
    )
    found = [line for _, line in read_jsonl(world / "run" / "predictions.jsonl")]
    assert sum(line["score"] for line in found) / 10 == pytest.approx(row["value"])
    assert found[0]["text"] == "bad 0"
    before = (world / "run" / "run.json").read_text()
    assert main(words(world, "run", *more)) == 0
    assert (world / "run" / "run.json").read_text() == before, "nothing is trained twice"
    assert main(words(world, "run", "--virtual-tokens", "5", "--encoder", "mlp")) == 2
    assert "holds a run with" in capsys.readouterr().err
    command = [
        "generate",
        "--model",
        str(world / "model"),
        "--prompt",
        "good",
        "--temperature",
        "0",
    ]
    command += ["--max-new-tokens", "5", "--soft-prompt", str(world / "run" / "prompt")]
    assert main(command) == 0
    lm = LanguageModel.load(world / "model")
    wanted = lm.generate(["good"], max_new_tokens=5, temperature=0, prompt=prompt)
    assert capsys.readouterr().out == wanted[0] + "\n"


def test_what_trains_no_prompt_writes_a_model(world: Path, capsys) -> None:
    assert main(words(world, "lora", "--method", "lora", "--examples", "34", "--limit", "5")) == 0
    lm = LanguageModel.load(world / "lora" / "model")
    assert lm.fingerprint != LanguageModel.load(world / "model").fingerprint
    assert not (world / "lora" / "prompt").exists()
    assert main(words(world, "none", "--method", "lora", "--virtual-tokens", "3")) == 2
    assert "--virtual-tokens: lora trains none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--method", "magic"), "no method 'magic'"),
        (("--examples", "3"), "3 examples asked for"),
        (("--task", "nsmc"), "--data is required for the task nsmc"),
    ],
)
def test_what_is_wrong_is_said_before_a_model_is_loaded(world: Path, more, message, capsys) -> None:
    assert main(words(world, "wrong", *more)) == 2
    assert message in capsys.readouterr().err
