"""Twenty pairs of commands, each pair started at once on one folder: never a mixture, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clova_jax import SIZES, LanguageModel, load_tokenizer, train_tokenizer
from clova_jax.common.files import read_jsonl
from clova_jax.sample import write_sample
from clova_jax.train.metrics import read_metrics

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
TIMES = 4  # of each of the five commands: twenty pairs


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, a tokenizer, and a model that has learned nothing."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.3)
    texts = [row["text"] for file in (data / "corpus").iterdir() for _, row in read_jsonl(file)]
    train_tokenizer(texts, kind="byte", vocab_size=400).save(folder / "tokenizer")
    tokenizer = load_tokenizer(folder / "tokenizer")
    config = SIZES["tiny"].replace(vocab_size=tokenizer.vocab_size)
    LanguageModel.create(config, tokenizer, seed=0).save(folder / "model")
    return folder


def commands(world, out):
    data, tokenizer = ("--data", world / "data"), ("--tokenizer", world / "tokenizer")
    small = ["--size", "tiny", "--steps", "3", "--global-batch", "2", "--length", "32"]
    return {
        "tokenizer": ("clova_jax", "tokenizer", *data, "--vocab-size", "400", "--out", out),
        "serialize": ("clova_jax", "serialize", *data, *tokenizer, "--out", out),
        "corpus": ("clova_jax", "corpus", *data, "--workers", "1", "--out", out),
        "pretrain": ("clova_jax", "pretrain", *data, *tokenizer, *small, "--out", out),
        "few_shot": (
            *("experiments.few_shot", *data, "--model", world / "model", "--out", out),
            *("--tasks", "nsmc", "--shots", "0", "--limit", "12"),
        ),
    }


def check(name, out):
    """What one run alone leaves."""
    if name == "tokenizer":
        assert load_tokenizer(out).vocab_size == 400
    elif name == "serialize":
        assert json.loads((out / "manifest.json").read_text())["streams"]
    elif name == "corpus":
        assert json.loads((out / "report.json").read_text())["documents"]["kept"]
    elif name == "pretrain":
        steps = [row["step"] for row in read_metrics(out / "metrics.jsonl") if "loss" in row]
        assert steps == [1, 2, 3]
        assert LanguageModel.load(out / "model")
    else:
        ids = [row["id"] for _, row in read_jsonl(out / "predictions.jsonl")]
        assert len(ids) == len(set(ids)) == 12
    assert not (out / ".lock").exists()


@pytest.mark.parametrize("name", ["tokenizer", "serialize", "corpus", "pretrain", "few_shot"])
def test_of_two_at_once_one_works_and_one_says_why_it_does_not(world, tmp_path, name):
    environment = {**os.environ, "CLOVA_COMPILATION_CACHE": str(world / "programs")}
    refused = 0
    for number in range(TIMES):
        out = tmp_path / str(number)
        words = [sys.executable, "-m", *map(str, commands(world, out)[name])]
        pair = [
            subprocess.Popen(
                words,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=500)[1] for process in pair]
        assert 0 in [process.returncode for process in pair], said
        for process, other, error in zip(pair, pair[::-1], said, strict=True):
            assert "Traceback" not in error
            if process.returncode:
                assert process.returncode == 2, error
                last = error.strip().split("\n")[-1]
                assert f"process {other.pid} has been working here since " in last
                refused += 1
        check(name, out)
    assert refused  # else they never met, and nothing was tested
