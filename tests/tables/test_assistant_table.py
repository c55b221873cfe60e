"""The table of the assistant: its splits share no row, its rows have the columns, and random weights fall to the baselines."""

import json

import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps import assistant as app
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import interval
from clova_jax.sample import write_sample
from clova_jax.tables import assistant_cells
from clova_jax.tables.assistant_sets import AssistantSets, without_name
from experiments.assistant import TABLE, Options


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(
        ["손님: 거실 불 꺼 줘\n도우미: 나래시 시장"], kind="byte", vocab_size=300
    )
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=256)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 4, "known": 20, "shots": 1, "steps": 2, "batch": 4, "talks": 1} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def rows_of(folder):
    return json.loads((folder / "results.json").read_text())["rows"]


def check_splits(sets):
    for split in sets.kinds.values():
        assert split.train
        assert split.test
        assert not {one.group for one in split.train} & {one.group for one in split.test}
        assert not {one.said for one in split.train} & {one.said for one in split.test}
    learnt = {text for group in sets.groups[0] for text in group}
    assert not learnt & {text for group in sets.groups[1] for text in group}
    tested = {one.said for split in sets.kinds.values() for one in split.test}
    assert not learnt & tested, "the encoder has seen a turn whose responder is to be chosen"
    assert not {one.said for one in sets.faq.train} & {one.said for one in sets.faq.test}
    train, test = sets.follow_ups
    assert not {(one.turns, one.text) for one in train} & {(one.turns, one.text) for one in test}


def test_no_split_shares_a_row(world):
    check_splits(AssistantSets(world / "data", 1_000, None, 0))


def test_no_split_of_real_data_shares_a_row(real_data):
    sets = AssistantSets(real_data, 1_000, None, 0)
    check_splits(sets)
    assert [len(part) for part in sets.groups] == [800, 200]
    train, test = sets.follow_ups
    assert not {one.rewrite for one in train} & {one.rewrite for one in test}


def test_every_answer_of_the_faq_is_known(world):
    faq = AssistantSets(world / "data", 10, None, 0).faq
    assert faq.test
    assert {one.answers for one in faq.test} <= {one.answers for one in faq.train}


def test_a_name_becomes_a_pronoun_or_nothing():
    assert without_name("한강은 어디로 흐르나?", "한강", False) == "그것은 어디로 흐르나?"
    assert without_name("한강의 길이는 얼마인가?", "한강", True) == "길이는 얼마인가?"
    assert without_name("누가 한강을 건넜나?", "한강", False) == "누가 그것을 건넜나?"
    assert without_name("한강대교는 언제 생겼나?", "한강", True) == ""
    assert without_name("이것은 한강", "한강", True) == ""


def test_a_system_that_settles_nothing_has_the_score_of_the_baseline(world, tmp_path):
    assert TABLE.run(options(world, tmp_path, kinds=("state",), limit=9)) == 0
    kept = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert len({len(row["gold"]) for row in kept}) > 1  # dialogues of unequal length
    rows = rows_of(tmp_path)
    (nothing,) = [row for row in rows if row["system"] == "none"]
    assert all(row["baseline"] == pytest.approx(nothing["value"]) for row in rows)


def test_a_baseline_counts_the_parts_of_an_item_as_the_score_does():
    rows = [
        {"scores": {"found": [0, 1]}, "baseline": {"found": 1.0}},
        {"scores": {"found": [2, 3], "exact": [1, 1]}, "baseline": {"found": 0.0}},
    ]
    assert assistant_cells.baseline_of(rows, "found") == 25.0
    assert assistant_cells.baseline_of(rows, "exact") is None


@pytest.mark.parametrize("unit", ["group", "talk"])
def test_answers_that_belong_together_are_one_draw(unit):
    rows = [{unit: n, "scores": {"found": [n % 3 == 0, 1]}} for n in range(30)]
    once, thrice = (
        interval([statistics], finish)
        for statistics, finish, _ in (
            assistant_cells.scored(some, "found") for some in (rows, rows * 3)
        )
    )
    assert once.low < once.value < once.high
    assert vars(thrice) == pytest.approx(vars(once))


@pytest.mark.slow
def test_rows_have_the_columns_of_the_table(finished):
    rows = rows_of(finished)
    found = {(row["kind"], row["system"]) for row in rows}
    assert found == {
        (kind, system) for kind, systems in assistant_cells.SYSTEMS.items() for system in systems
    }
    for row in rows:
        wanted = {"app", "kind", "system", "model", "metric", "value", "low", "high", "baseline"}
        assert wanted | {"items"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
        assert row["baseline"] is not None


@pytest.mark.slow
def test_random_weights_fall_to_the_baselines(finished):
    for row in rows_of(finished):
        if row["kind"] == "rewriting" or row["metric"] == "answer f1":
            assert row["low"] <= row["baseline"] + 1e-6, row
        if row["kind"] == "style" and row["system"] != "plain":
            assert row["low"] <= max(row["baseline"], 100 / len(app.LEVELS)), row


@pytest.mark.slow
def test_transcripts_hold_every_candidate(finished):
    rows = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    talks = [row for row in rows if row["kind"] == "talk"]
    assert [row["turn"] for row in talks] == list(range(assistant_cells.TURNS))
    for row in talks:
        assert set(row["candidates"]) == set(app.KINDS)
        assert row["chosen"] in app.KINDS


@pytest.mark.slow
def test_a_second_run_computes_nothing_and_other_settings_are_refused(world, finished, capsys):
    before = (finished / "predictions.jsonl").read_bytes()
    assert TABLE.run(options(world, finished)) == 0
    assert (finished / "predictions.jsonl").read_bytes() == before
    with pytest.raises(ClovaError, match="with talks 1, now talks is 2; use another --out"):
        TABLE.run(options(world, finished, talks=2))
    assert (
        TABLE.main(
            [
                "--out",
                str(finished),
                "--model",
                str(world / "model"),
                "--limit",
                "5",
                "--data",
                str(world / "data"),
            ]
        )
        == 2
    )
    assert "use another --out" in capsys.readouterr().err
