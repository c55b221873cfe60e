"""The table of encoders: its rows, the claims below it, what a second run reads back, and options that are refused."""

import json

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.lecture import classifier
from experiments.encoders import TABLE, Options

SMALL = {"megabytes": 0.3, "vocab_size": 600, "layers": 1, "width": 16, "heads": 2, "length": 32}
SMALL |= {"tokens": 1000, "examples": 40, "seeds": 1, "steps": 2, "limit": 20, "tasks": ("nsmc",)}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    assert TABLE.run(Options(out=folder, **SMALL)) == 0
    return folder


def test_each_contender_has_a_row_and_the_notes_judge_the_claims(out):
    found = json.loads((out / "results.json").read_text())
    named = [(row["model"], row["method"], row["start"]) for row in found["rows"]]
    assert named == [
        ("bert", "head", "pretrained"),
        ("gpt", "head", "pretrained"),
        ("gpt", "words", "pretrained"),
        ("bert", "head", "untrained"),
        ("gpt", "head", "untrained"),
    ]
    sizes = {row["model"]: row["num_params"] for row in found["rows"]}
    assert sizes["gpt"] < sizes["bert"] < 1.1 * sizes["gpt"]
    for claim in ("bert above gpt", "bert above gpt_words", "bert: pre-training helps"):
        (note,) = [note for note in found["notes"] if note.startswith(f"nsmc, {claim}: ")]
        assert "points" in note
    assert (out / "encoders.png").is_file()


def test_a_second_run_trains_nothing(out, monkeypatch):
    before = json.loads((out / "results.json").read_text())
    monkeypatch.setattr(classifier, "run_steps", None)
    assert TABLE.run(Options(out=out, **SMALL)) == 0
    assert json.loads((out / "results.json").read_text())["rows"] == before["rows"]


@pytest.mark.parametrize("wrong", [{"heads": 3}, {"tasks": ("nsmc", "nsmc")}])
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(ClovaError, match=r"--width|--tasks"):
        Options(**SMALL | wrong)
