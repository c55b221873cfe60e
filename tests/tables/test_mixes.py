"""The table of mixed texts: draws, rows, what a killed run keeps, and the verdicts on the claims."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps.augmentation import mixing
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import load_task
from clova_jax.sample import write_sample
from clova_jax.tables.mix_notes import mix_claims
from clova_jax.tables.mixes import MixDraws
from experiments.hypermix import TABLE, Options

KEPT = ("augmented.jsonl", "written.jsonl", "predictions.jsonl", "trials.jsonl")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights whose lines are short and often end with a bracket."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    task = load_task("nsmc")
    tokenizer = train_tokenizer(
        [task.shown(item) for item in task.load(data).pool], kind="byte", vocab_size=400
    )
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    bias = {token: 5.0 for text in (" (", ")", "\n", "영") for token in tokenizer.encode(text)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixing, "MOST_TOKENS", 12)
        patch.setattr(mixing, "SAMPLING", {"logit_bias": bias})
        yield folder


def options(world, out, **more):
    asked = {"tasks": ("nsmc",), "per_class": (2, 4), "k": 3, "draws": 2, "limit": 40} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def rows_of(out):
    return json.loads((out / "results.json").read_text())["rows"]


def test_a_draw_shares_no_example_between_its_purposes(world):
    about = {"count": 2, "limit": 10, "seed": 0}
    draws = MixDraws.read(world / "data", "nsmc", 10, "task", **about)
    first, second = draws
    assert first.order != second.order
    parts = first.examples(10), first.dev(10), first.further(10, 30)
    assert list(map(len, parts)) == [20, 4, 30]
    texts = [text for part in parts for text, _ in part]
    assert len(set(texts)) == len(texts)
    assert [label for _, label in parts[2][:4]] == ["0", "1", "0", "1"]
    assert set(first.examples(5)) < set(first.examples(10))


def test_a_label_with_too_few_examples_is_named(world):
    with pytest.raises(ClovaError, match=r"nsmc: label '0' has \d+ examples, wants 1200000"):
        MixDraws.read(world / "data", "nsmc", 10**6, "task", count=1, limit=10, seed=0)


@pytest.mark.slow
def test_rows_have_the_columns_of_the_table(finished):
    rows = rows_of(finished)
    methods = ["none", "eda", "hard", "soft", "real"]
    assert [(row["method"], row["n"]) for row in rows] == [
        (method, n) for n in (2, 4) for method in methods
    ]
    for row in rows:
        wanted = {"task", "metric", "value", "low", "high", "baseline", "method"}
        assert wanted | {"n", "k", "std", "draws", "accepted", "tried"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
    for n in (2, 4):
        counts = {row["accepted"] for row in rows if row["n"] == n and row["method"] != "none"}
        assert len(counts) == 1, "every method adds as many texts"
        assert 0 < counts.pop() <= 2 * 6


@pytest.mark.slow
def test_every_text_has_its_prompt_and_soft_label(finished):
    rows = [json.loads(line) for line in (finished / "augmented.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        assert row["prompt"].count(" (긍정)\n") == row["prompt"].count(" (부정)\n") == 1
        assert row["accepted"] == (not row["reason"])
        assert sum(row["soft"].values()) == pytest.approx(1 if row["accepted"] else 0)


@pytest.mark.slow
def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in KEPT:
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "written.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "written.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    for name in ("augmented.jsonl", "predictions.jsonl"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()
    assert rows_of(tmp_path) == rows_of(finished)


@pytest.mark.slow
def test_other_options_are_refused_in_one_line(world, finished):
    with pytest.raises(ClovaError, match="with form task, now form is published; use another"):
        TABLE.run(options(world, finished, form="published"))


def test_a_writer_without_an_acceptable_line_gives_rows(world, tmp_path, monkeypatch):
    monkeypatch.setattr(mixing, "MOST_TOKENS", 1)
    assert TABLE.run(options(world, tmp_path, per_class=(2,), draws=1)) == 0
    found = {row["method"]: row for row in rows_of(tmp_path)}
    for method in ("hard", "soft"):
        assert (found[method]["accepted"], found[method]["tried"]) == (0, 4 * 2 * 3)
        assert found[method]["value"] == found["none"]["value"]


def test_claims_are_judged_by_paired_draws():
    def found(*shares):
        return [np.array([[float(i < share), 1.0] for i in range(100)]) for share in shares]

    scores = {
        ("", "nsmc", "none", 5): found(50, 52),
        ("", "nsmc", "none", 20): found(70, 71),
        ("m", "nsmc", "hard", 5): found(50, 52),
        ("m", "nsmc", "hard", 20): found(70, 71),
        ("m", "nsmc", "soft", 5): found(70, 72),
        ("m", "nsmc", "soft", 20): found(72, 73),
    }
    hard, soft, softer, shrinks = mix_claims(scores)
    assert (
        hard == "m nsmc: hard above none at n=5, 20: cannot tell, by +0.00 (+0.00 to +0.00) points"
    )
    assert soft.startswith("m nsmc: soft above none at n=5, 20: holds, by +11.00")
    assert softer.startswith("m nsmc: soft above hard at n=5, 20: holds, by +11.00")
    assert "the gain of soft shrinks from n=5 to n=20: holds, by +18.00" in shrinks
