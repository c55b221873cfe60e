"""The table of characters: its rows, what random weights give, what a killed run keeps, and characters for models of real text."""

import json

import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps.characters import VIOLATIONS
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.character_notes import OPENINGS
from experiments.character import TABLE, Options

SYSTEMS = ("plain", "window", "pcu", "memory")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(["이름: 나래\n손님: 네"] * 9, kind="byte", vocab_size=300)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=640)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 1, "steps": 1, "batch": 1, "length": 640, "window": 1, "tries": 1}
    asked |= {"questions": 3} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def results(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_random_weights_get_all_measures_recall_nothing_and_keep_no_manner(world, finished):
    # One test: where its parts go to two workers, both pay for the run.
    found = results(finished)
    rows = found["rows"]
    talks = [(row["system"], row["metric"]) for row in rows if row["kind"] == "talk"]
    metrics = ("recalled", "violated", "reacts", *VIOLATIONS)
    assert talks == [(system, metric) for system in SYSTEMS for metric in metrics]
    assert [row["system"] for row in rows if row["kind"] == "knowledge"] == list(OPENINGS)
    assert any(row["kind"].startswith("style ") for row in rows)
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["items"]

    scores = {(row["system"], row["metric"]): row["value"] for row in rows}
    assert scores["memory", "recalled"] == scores["window", "recalled"] == 0
    assert scores["window", "violated"] > 90
    assert any("memory above window in what is recalled: cannot tell" in n for n in found["notes"])

    lines = (finished / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    said = [one for one in map(json.loads, lines) if one["kind"] == "talks"]
    assert len(said) == len(SYSTEMS) * 20
    assert {"talk", "turn", "guest", "reply", "told", "tries", "system"} <= set(said[0])

    with pytest.raises(ClovaError, match="settings|window"):
        TABLE.run(options(world, finished, window=2))


@pytest.mark.slow
def test_a_run_that_was_cut_off_says_nothing_twice(world, finished, tmp_path):
    (tmp_path / "adapted").symlink_to(finished / "adapted")
    marks = (finished / "trials.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    whole = (finished / "predictions.jsonl").read_bytes()
    (tmp_path / "trials.jsonl").write_text("".join(marks[:2]), encoding="utf-8")
    (tmp_path / "predictions.jsonl").write_bytes(whole[: json.loads(marks[1])["end"] + 9])
    assert TABLE.run(options(world, tmp_path)) == 0
    assert results(tmp_path)["rows"] == results(finished)["rows"]
    assert (tmp_path / "predictions.jsonl").read_bytes() == whole


@pytest.mark.slow
def test_real_data_without_characters_get_the_samples(world, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "korquad").symlink_to(world / "data/korquad")
    asked = {
        "limit": 1,
        "steps": 1,
        "batch": 1,
        "length": 640,
        "questions": 2,
        "systems": ("plain",),
    }
    out = tmp_path / "out"
    assert TABLE.run(Options(out=out, model=(world / "model",), data=data, **asked)) == 0
    assert (out / "sample/dialogue/characters/characters_test.jsonl").is_file()
    assert results(out)["rows"]
