"""Open questions: splits, which passages stand above a question, what silence is worth, the proving sentence, the table's rows."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item
from clova_jax.sample import write_sample
from clova_jax.tables.open_qa import READERS, by_coverage, evidence, risk_by_coverage
from clova_jax.tables.open_questions import PASSAGES, OpenQuestions, Splits
from experiments.open_qa import TABLE, Options


@pytest.fixture(scope="module")
def asked() -> OpenQuestions:
    texts = [
        f"{city}의 강은 {river}이다. {city}의 산은 {mountain}이다."
        for city, river, mountain in PLACES
    ]
    items = [
        Item(f"{n}", f"q:{n}", f"질문: {city}의 산은?\n\n답:", (mountain,), lead=text)
        for n, ((city, _, mountain), text) in enumerate(zip(PLACES, texts, strict=True))
    ]
    return OpenQuestions(items, texts, texts, range(len(texts)), {"KorQuAD": len(texts)})


PLACES = [("가람", "푸른강", "높은산"), ("나래", "깊은강", "하얀산"), ("다솜", "맑은강", "검은산")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    texts = [path.read_text("utf-8")[:40_000] for path in (folder / "data/corpus").glob("*.jsonl")]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=1_000)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=1024)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def options(world, out, **more):
    chosen = {"limit": 5, "by": ("bigrams",)} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **chosen)


def rows_of(folder, measure):
    rows = json.loads((folder / "results.json").read_text())["rows"]
    return [row for row in rows if row["measure"] == measure]


def test_each_kind_of_passage(asked):
    gold = [item.lead for item in asked.with_passage("gold")]
    assert gold == list(asked.leads)
    assert [item.lead for item in asked.with_passage("retrieved")] == gold
    assert {item.lead for item in asked.with_passage("none")} == {""}
    for item in asked.with_passage("wrong"):
        assert item.lead in asked.leads
        assert item.answers[0] not in item.lead


def test_silence_keeps_the_surest_answers():
    rows = [
        {"prediction": "가" if sure else "나", "answers": ["가"], "logprob": -1.0 if sure else -9.0}
        for sure in [True] * 6 + [False] * 6
    ]
    found = {row["metric"]: row["value"] for row in by_coverage(rows)}
    assert found["f1 of the surest 25%"] == found["f1 of the surest 50%"] == 100
    assert found["f1 of the surest 75%"] == pytest.approx(100 * 6 / 9)
    coverage, risk = risk_by_coverage(rows)
    assert coverage[-1] == 100
    assert risk[-1] == 50
    assert not risk[:6].any()
    assert (np.diff(risk[5:]) > 0).all()


def test_an_answer_leads_to_its_sentence(asked):
    # Nothing in the question says which sentence it is of: the answer does.
    items = [
        Item("1", "q:1", "질문: 어디가 더 유명한가?\n\n답:", (PLACES[0][2],), lead=asked.texts[0])
    ]
    right = evidence(asked.texts[:1], items, [{"prediction": PLACES[0][2]}])
    wrong = evidence(asked.texts[:1], items, [{"prediction": PLACES[0][1]}])
    assert right["value"] == 100
    assert wrong["value"] == 0
    assert np.isfinite(right["baseline"])


def test_no_passage_is_in_two_splits(world, tmp_path):
    korquad = "korquad/KorQuAD_v1.0_dev.json"
    (tmp_path / "korquad").mkdir()
    (tmp_path / korquad).write_bytes((world / "data" / korquad).read_bytes())
    for data in (world / "data", tmp_path):
        splits = Splits.read(data, 0)
        test, dev = (set(split.gold) for split in (splits.test, splits.dev))
        assert test
        assert dev
        assert not test & dev
        learnt = {item.lead for item in splits.train}
        assert not learnt & {splits.every.leads[n] for n in test | dev}
        assert bool(learnt) == (data != tmp_path)
        for split in (splits.test, splits.dev):
            for item, number in zip(split.items, split.gold, strict=True):
                assert split.leads[number] == item.lead


def test_a_folder_without_questions_is_refused(tmp_path):
    with pytest.raises(ClovaError, match="korquad: no such folder"):
        Splits.read(tmp_path, 0)


@pytest.mark.slow
def test_a_run_with_random_weights(world, finished):
    # One test: where its parts go to two workers, both pay for the run.
    rows_have_their_columns(finished)
    answers_fall_to_their_baseline(finished)
    notes_give_the_claim_a_verdict(finished)
    every_text_is_kept_and_read_back(world, finished)


def rows_have_their_columns(finished):
    answers = rows_of(finished, "answers")
    assert {row["system"] for row in answers} == {*PASSAGES, "sentence"}
    assert {"em", "f1", "evidence"} <= {row["metric"] for row in answers}
    kinds = {row["kind"] for row in answers}
    assert "all" in kinds
    assert kinds <= {"all", "fact", "hops", "boolean", "why", "how"}
    assert len(kinds) > 2
    every = [
        row
        for name in ("retrieval", "answers", "silence", "expansion")
        for row in rows_of(finished, name)
    ]
    for row in every:
        wanted = {"app", "kind", "system", "model", "metric", "value", "low", "high", "questions"}
        assert wanted <= set(row), row
        assert row["low"] <= row["value"] <= row["high"]
    assert {row["kind"] for row in rows_of(finished, "expansion")} == {
        *("summary", "related_question", "related_answer", "easy_wording", "comparison")
    }


def answers_fall_to_their_baseline(finished):
    for row in rows_of(finished, "answers"):
        if row["metric"] == "em" and row["model"]:
            assert row["low"] <= row["baseline"]
    for row in rows_of(finished, "expansion"):
        if row["model"]:
            assert row["value"] <= row["baseline"]
    silence = {(row["reader"], row["metric"]): row for row in rows_of(finished, "silence")}
    for reader in READERS:
        worth = silence[reader, "worth"]
        assert worth["value"] >= worth["baseline"]
    assert silence["writes", "coverage"]["value"] == 0  # nothing is worth saying


def every_text_is_kept_and_read_back(world, finished):
    kept = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    tasks = {row["task"] for row in kept}
    assert {f"korquad_{passage}" for passage in PASSAGES} | {"korquad_development"} < tasks
    before = (finished / "predictions.jsonl").read_bytes()
    assert TABLE.run(options(world, finished)) == 0
    assert (finished / "predictions.jsonl").read_bytes() == before


def notes_give_the_claim_a_verdict(finished):
    notes = json.loads((finished / "results.json").read_text())["notes"]
    for reader in READERS:
        (claim,) = [
            note for note in notes if f"{reader}: F1" in note and "above no passage" in note
        ]
        assert any(f": {verdict}, by " in claim for verdict in ("holds", "fails", "cannot tell"))


def test_steps_without_training_questions_are_refused(world, tmp_path):
    korquad = "korquad/KorQuAD_v1.0_dev.json"
    (tmp_path / "korquad").mkdir()
    (tmp_path / korquad).write_bytes((world / "data" / korquad).read_bytes())
    asked = Options(out=tmp_path / "out", model=(world / "model",), data=tmp_path, steps=5)
    with pytest.raises(ClovaError, match="--steps 5: .* has no training questions"):
        TABLE.run(asked)
