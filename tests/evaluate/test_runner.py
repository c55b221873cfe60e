"""Whole runs of a small random model: against a plain forward pass, cut off and taken up again."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import evaluate, load_task, measure, prompt_of, task_names
from clova_jax.evaluate import runner as runner_module
from clova_jax.evaluate.calibration import label_scores
from clova_jax.evaluate.records import Records
from clova_jax.model import bind

SIZE = 512  # plain passes are padded to a multiple of it: few compilations


@jax.jit
def _plain(params, ids):
    hidden, _ = bind(_plain.config, params)(ids)
    return jax.nn.log_softmax(bind(_plain.config, params).logits(hidden))


def plain_logprobs(model, ids: list[int]) -> np.ndarray:
    """float32[len(ids), V] by the decoder alone: no cache, no prefix, no batch."""
    _plain.config = model.config
    padded = np.zeros((1, -(-len(ids) // SIZE) * SIZE), np.int32)
    padded[0, : len(ids)] = ids
    return np.asarray(_plain(model.params, padded))[0, : len(ids)]


def rows_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("nsmc_stars", "klue_sts") else pytest.param(name, marks=pytest.mark.slow)
        for name in task_names()
        if load_task(name).labels
    ],
)
def test_label_scores_equal_the_plain_full_prompt(name, model, data, tmp_path) -> None:
    measure(model, name, data, shots=4, trials=2, limit=5, out=tmp_path)
    task = load_task(name)
    rows = rows_of(tmp_path)
    assert len(rows) == 10
    for number in (0, 4, 5, 9):
        prompt = prompt_of(model, name, data, number, shots=4, trials=2, limit=5)
        row = rows[number]
        assert row["id"] == prompt.item.id
        head = model.tokenizer.encode(prompt.text)
        expected, sums = [], np.zeros(len(task.labels))
        for label, choice in task.verbalizer():
            ids = head + model.tokenizer.encode(choice)
            told = plain_logprobs(model, ids)
            expected.append(sum(float(told[at - 1, ids[at]]) for at in range(len(head), len(ids))))
            sums[label] += np.exp(expected[-1])
        assert row["logprobs"] == pytest.approx(expected, abs=1e-4)
        assert row["prediction"] == list(task.labels)[int(np.argmax(sums))]
        assert row["answers"] == list(prompt.item.answers)


@pytest.mark.parametrize(
    ("name", "shots"),
    [
        ("ko_en", 2),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("ko_en", 0),
                ("en_ko", 2),
                ("korquad", 0),
                ("korquad", 2),
                ("query_modification", 3),
            )
        ),
    ],
)
def test_texts_equal_greedy_decoding_of_the_full_prompt(name, shots, model, data, tmp_path) -> None:
    rows = measure(model, name, data, shots=shots, trials=1, limit=3, out=tmp_path)
    assert rows[0]["items"] == 3
    prompt = prompt_of(model, name, data, 1, shots=shots, trials=1, limit=3)
    ids = model.tokenizer.encode(prompt.text)
    written: list[int] = []
    logprob = 0.0
    for _ in range(load_task(name).max_new_tokens):
        logprobs = plain_logprobs(model, ids + written)[-1]
        token = int(logprobs.argmax())
        if token == model.tokenizer.end_of_text or token == ord("\n"):
            logprob += float(logprobs[token]) * (token == model.tokenizer.end_of_text)
            break
        logprob += float(logprobs[token])
        written.append(token)
    expected = model.tokenizer.decode(written).split("\n")[0].strip()
    row = rows_of(tmp_path)[1]
    assert row["prediction"] == expected
    assert row["logprob"] == pytest.approx(logprob, abs=1e-3)


def test_a_row(guesser, data) -> None:
    model = guesser()
    rows = measure(model, "klue_sts", data, shots=2, trials=3, limit=9, name="toy")
    assert [row["metric"] for row in rows] == ["f1", "balanced_accuracy", "accuracy", "pearson"]
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["task"], row["model"], row["shots"], row["trials"], row["items"]) == (
            *("klue_sts", "toy", 2, 3, 9),
        )
        assert row["num_params"] == model.config.num_params
        assert np.mean(row["per_trial"]) == pytest.approx(row["value"], abs=1e-3)
    golds = [item.answers[0] for item in load_task("klue_sts").load(data).items]
    assert rows[1]["baseline"] == 50.0
    assert 0 < rows[0]["baseline"] < 100
    assert len(golds) == 18
    assert set(rows[0]["scorings"]) == {"raw", "normalized", "contextual", "median"}
    assert rows[0]["scorings"]["raw"] == pytest.approx(
        {name: rows[0][name] for name in ("value", "low", "high")}, abs=1e-3
    )
    assert "constant 'yes'" in rows[0]["note"]
    assert (
        evaluate(model, "klue_sts", data, shots=2, trials=3, limit=9, name="toy")["value"]
        == rows[0]["value"]
    )


def test_zero_shot_is_one_trial_with_its_instruction(guesser, data) -> None:
    model = guesser()
    row = evaluate(model, "ynat", data, shots=0, trials=3, limit=4)
    assert (row["trials"], row["shots"], row["shown_examples"]) == (1, 0, 0.0)
    prompt = prompt_of(model, "ynat", data, 0, shots=0, limit=4)
    assert prompt.text.startswith(load_task("ynat").instruction)


def test_parts_and_do_nothing_answers(guesser, data) -> None:
    model = guesser()
    rows = measure(model, "ko_en", data, shots=1, trials=1, limit=6)
    assert {row["part"] for row in rows} == {"", "news_dialogue", "documentation"}
    assert sum(row["items"] for row in rows if row["part"]) == rows[0]["items"] == 6
    assert "source copied unchanged" in rows[0]["note"]
    assert "nrefs:1" in rows[0]["note"]


def test_korquad_tells_how_often_answers_repeat(guesser, data) -> None:
    model = guesser()
    rows = measure(model, "korquad", data, shots=4, limit=6)
    assert "also stands in their examples" in rows[0]["note"]
    assert "other questions on the same paragraph" in rows[0]["note"]


@pytest.mark.parametrize("scoring", ["normalized", "contextual"])
def test_the_other_scorings(scoring, guesser, data, tmp_path) -> None:
    model = guesser()
    measure(model, "ynat", data, shots=3, trials=1, limit=6, scoring=scoring, out=tmp_path)
    mark = json.loads((tmp_path / "trials.jsonl").read_text())
    assert np.array(mark["blank"]).shape == (3, 7)
    for row in rows_of(tmp_path):
        logprobs = np.array(row["logprobs"])
        if scoring == "normalized":
            expected = logprobs / np.array(mark["label_tokens"])
        else:
            shares = np.exp(np.array(mark["blank"]))
            shares = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
            own = np.exp(logprobs - logprobs.max())
            expected = own / own.sum() / shares
        assert row["prediction"] == list(load_task("ynat").labels)[int(expected.argmax())]


@given(hnp.arrays(float, (11, 2), elements=st.floats(-9, 0)), st.floats(-5, 5))
def test_two_labels_are_parted_at_the_median(logprobs, bias) -> None:
    scores = label_scores(logprobs + np.array([bias, 0]), np.ones(2), np.zeros((0, 2)), "median")
    given_ = (logprobs[:, 1] - logprobs[:, 0]).round(6)
    first = given_ < np.median(given_) - 1e-6
    second = given_ > np.median(given_) + 1e-6
    assert (scores[first].argmax(axis=1) == 0).all()
    assert (scores[second].argmax(axis=1) == 1).all()


def test_every_label_is_balanced_by_its_own_quantile() -> None:
    shares = np.random.default_rng(0).dirichlet([20, 1, 1], 3_000)
    scores = label_scores(np.log(shares), np.ones(3), np.zeros((0, 3)), "median")
    assert (scores > 0).mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=1e-3)


def test_a_label_of_several_words_has_the_sum_of_their_probabilities() -> None:
    words = np.log([[0.3, 0.2, 0.4], [0.1, 0.1, 0.3]])
    lengths, blank, owners = np.array([1.0, 2.0, 1.0]), np.log([[0.1, 0.1, 0.2]]), (0, 0, 1)
    raw = label_scores(words, lengths, blank, "raw", owners)
    assert np.exp(raw) == pytest.approx(np.array([[0.5, 0.4], [0.2, 0.3]]))
    per_token = label_scores(words, lengths, blank, "normalized", owners)
    assert np.exp(per_token[0]) == pytest.approx([0.3 + 0.2**0.5, 0.4])
    contextual = label_scores(words, lengths, blank, "contextual", owners)
    assert np.exp(contextual) == pytest.approx(2 * np.array([[5 / 9, 4 / 9], [2 / 5, 3 / 5]]))


def test_calibration_takes_away_a_bias_of_the_prompt() -> None:
    bias = np.array([2.0, 0.0])
    items = np.array([[0.5, 0.0], [-0.5, 0.0]])
    scores = label_scores(items + bias, np.ones(2), np.stack([bias, bias]), "contextual")
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert label_scores(items + bias, np.ones(2), np.stack([bias]), "raw").argmax(axis=1).sum() == 0


def test_an_interrupted_run_is_taken_up_and_nothing_is_done_twice(
    guesser, data, tmp_path, monkeypatch
) -> None:
    model = guesser()
    options = {"shots": 2, "trials": 3, "limit": 6}
    whole = measure(model, "nsmc", data, out=tmp_path / "whole", **options)
    calls = []
    real = runner_module.score_choices

    def counted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return real(*args, **kwargs)

    monkeypatch.setattr(runner_module, "score_choices", counted)
    out = tmp_path / "cut"
    with pytest.raises(RuntimeError):
        measure(model, "nsmc", data, out=out, **options)
    assert len(rows_of(out)) == 6
    with (out / "predictions.jsonl").open("a") as file:
        file.write('{"task": "nsmc", "half a')
    with (out / "trials.jsonl").open("a") as file:
        file.write('{"model": "mo')
    again = measure(model, "nsmc", data, out=out, **options)
    assert len(calls) == 4, "one trial was kept, two ran"
    for ours, theirs in zip(again, whole, strict=True):
        assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    assert (out / "predictions.jsonl").read_text() == (
        tmp_path / "whole" / "predictions.jsonl"
    ).read_text()
    measure(model, "nsmc", data, out=out, **options)
    assert len(calls) == 4
    measure(model, "nsmc", data, out=out, **(options | {"trials": 4}))
    assert len(calls) == 5, "one more trial asked for, one more run"


def test_other_settings_need_another_folder(guesser, data, tmp_path) -> None:
    model = guesser()
    measure(model, "nsmc", data, shots=1, trials=1, limit=3, out=tmp_path)
    with pytest.raises(ClovaError, match=r"items 3, now items is 4; use another --out"):
        measure(model, "nsmc", data, shots=1, trials=1, limit=4, out=tmp_path)
    other = model.with_params(jax.tree.map(lambda x: x + 1, model.params))
    with pytest.raises(ClovaError, match=r"with weights .* use another --out"):
        measure(other, "nsmc", data, shots=1, trials=1, limit=3, out=tmp_path)


@pytest.mark.parametrize(
    "edit",
    [
        {"instruction": "느낌을 말하라."},
        {"separator": "\n---\n"},
        {"max_new_tokens": 7},
        {"more_words": {"1": ("(좋음)",)}},
        {"content_free": ("없음",)},
        {"labels": {"1": "(긍정)", "0": "(나쁨)"}},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_results_of_a_task_that_was_edited_are_not_taken_over(edit, guesser, data, tmp_path):
    model, task = guesser(), load_task("nsmc")
    options = {"shots": 1, "trials": 1, "limit": 3, "out": tmp_path}
    measure(model, task, data, **options)
    with pytest.raises(ClovaError, match="use another --out"):
        measure(model, dataclasses.replace(task, **edit), data, **options)
    assert measure(model, task, data, **options)


def test_a_signal_stops_it_and_keeps_finished_trials(guesser, data, tmp_path) -> None:
    model = guesser()
    stop = StopSignals()
    measure(model, "nsmc", data, shots=1, trials=1, limit=3, out=tmp_path, stop=stop)
    stop.requested = "SIGTERM"
    with pytest.raises(Stopped):
        measure(model, "nsmc", data, shots=1, trials=2, limit=3, out=tmp_path, stop=stop)
    assert len(rows_of(tmp_path)) == 3


def test_a_label_the_tokenizer_cannot_write(guesser, data) -> None:
    with pytest.raises(
        ClovaError, match=r"nsmc: .*bytes.*cannot write the label '\(긍정\)' of '1'"
    ):
        measure(guesser(missing="긍"), "nsmc", data, limit=2)


def test_an_item_longer_than_the_context(guesser, data) -> None:
    model = guesser()
    path = data / "nsmc/ratings_test.txt"
    path.write_text(path.read_text() + f"99\t{'길다 ' * 400}\t1\n")
    with pytest.raises(ClovaError, match=r"ratings_test.txt:26: nsmc item 99 .*2048 tokens"):
        measure(model, "nsmc", data, shots=1, trials=1)
    row = evaluate(model, "nsmc", data, shots=1, trials=1, skip_long=True)
    assert (row["too_long"], row["items"]) == (1, 24)
    assert "1 items longer than the context left out" in row["note"]


def test_dropped_examples_are_counted(guesser, data) -> None:
    row = evaluate(guesser(max_length=160), "nsmc", data, shots=10, trials=1, limit=4)
    assert row["dropped_examples"] + 4 * row["shown_examples"] == 40
    assert f"{row['dropped_examples']} examples of 40 dropped" in row["note"]


def test_no_such_prediction(guesser, data) -> None:
    model = guesser()
    with pytest.raises(ClovaError, match=r"no prediction 99; 1 trials of 3 items make 0 to 2"):
        prompt_of(model, "nsmc", data, 99, shots=1, trials=1, limit=3)


def test_records_without_a_folder_live_in_memory() -> None:
    records = Records()
    key = ("m", "t", 0, 0)
    assert records.find(key, {}) is None
    records.add(key, {"seed": 0}, {"seconds": 1.0}, [{"id": "1"}])
    mark, rows = records.find(key, {"seed": 0})
    assert (mark["trial"], rows) == (0, [{"id": "1"}])
