"""Metrics against scikit-learn, scipy and sacrebleu."""

import dataclasses

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sklearn_metrics

from clova_jax.evaluate import Item, load_task
from clova_jax.evaluate.metrics import (
    Prediction,
    accuracy,
    balanced_accuracy,
    binary_f1,
    bleu,
    character_f1,
    exact_match,
    macro_f1,
    pearson,
)
from clova_jax.labelled import rows

LABELS = ("a", "b", "c", "d")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)


def predictions(pairs: list[tuple[str, str]]) -> list[Prediction]:
    return [Prediction(predicted, (gold,)) for predicted, gold in pairs]


@given(PAIRS)
def test_classification_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    predicted, gold = zip(*pairs, strict=True)
    given = predictions(pairs)
    assert accuracy(given) == pytest.approx(100 * sklearn_metrics.accuracy_score(gold, predicted))
    expected = sklearn_metrics.f1_score(
        gold, predicted, labels=LABELS, average="macro", zero_division=0
    )
    assert macro_f1(LABELS)(given) == pytest.approx(100 * expected)
    present = sorted(set(gold))
    expected = sklearn_metrics.recall_score(
        gold, predicted, labels=present, average="macro", zero_division=0
    )
    assert balanced_accuracy(LABELS)(given) == pytest.approx(100 * expected)


@given(st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("01")), min_size=1))
def test_binary_f1_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    predicted, gold = zip(*pairs, strict=True)
    expected = sklearn_metrics.f1_score(gold, predicted, pos_label="1", zero_division=0)
    assert binary_f1(("0", "1"), "1")(predictions(pairs)) == pytest.approx(100 * expected)


@given(st.integers(0, 1000), st.integers(3, 300), st.sampled_from([1e-3, 1.0, 1e3]))
def test_pearson_equals_scipy(seed: int, count: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=count) * scale + 5
    y = x / scale + random.normal(size=count)
    given = [Prediction("", ("",), value=a, target=b) for a, b in zip(x, y, strict=True)]
    assert pearson(given) == pytest.approx(100 * stats.pearsonr(x, y).statistic, abs=1e-6)


def test_pearson_of_a_constant_is_zero() -> None:
    given = [Prediction("", ("",), value=0.1, target=b) for b in (1.3, 2.1, 3.7, 0.2)]
    assert pearson(given) == 0.0


WORDS = st.lists(
    st.sampled_from(["나는", "학교에", "갔다", "오늘", "the", "cat", "sat", ".", ","]), max_size=9
)
SENTENCES = st.lists(st.tuples(WORDS.map(" ".join), WORDS.map(" ".join)), min_size=1, max_size=6)


@pytest.mark.parametrize("tokenize", ["13a", "ko-mecab"])
@settings(max_examples=30)
@given(pairs=SENTENCES)
def test_bleu_is_sacrebleus(tokenize: str, pairs: list[tuple[str, str]]) -> None:
    predicted, gold = zip(*pairs, strict=True)
    expected = sacrebleu.corpus_bleu(predicted, [gold], tokenize=tokenize).score
    assert bleu(tokenize)(predictions(pairs)) == pytest.approx(expected, abs=1e-9)


def test_bleu_on_real_pairs_with_its_signature(real_data) -> None:
    for name, tokenize in (("ko_en", "13a"), ("en_ko", "ko-mecab")):
        task = load_task(name)
        items = task.load(real_data).items[:300]
        gold = [item.answers[0] for item in items]
        given = [" ".join(reversed(text.split()[1:])) or text for text in gold]
        metric = sacrebleu.metrics.BLEU(tokenize=tokenize)
        expected = metric.corpus_score(given, [gold]).score
        (ours,) = task.metrics
        assert ours(predictions(list(zip(given, gold, strict=True)))) == pytest.approx(expected)
        assert ours.about() == str(metric.get_signature())
        assert f"tok:{tokenize}" in ours.about()


def test_the_constant_yes_of_klue_sts() -> None:
    """519 pairs, 220 of them similar: always "yes" has the F1 that the paper prints for 137M."""
    given = predictions([("1", "1")] * 220 + [("1", "0")] * 299)
    assert round(binary_f1(("0", "1"), "1")(given), 2) == 59.54
    assert balanced_accuracy(("0", "1"))(given) == 50.0


PARTS = "\u1112\u1161\u11ab\u1100\u1173\u11af"  # 한글 in letters, as macOS writes it


@pytest.mark.parametrize(
    "metric", [accuracy, exact_match, character_f1, bleu("13a"), bleu("ko-mecab")]
)
def test_an_answer_in_parts_of_letters_is_the_same_answer(metric):
    answers = [(f"{PARTS} 문서 를 읽다",), ("한글 문서 를 읽다",)]
    for predicted in (f"{PARTS} 문서 를 읽다", "한글 문서 를 읽다"):
        for gold in answers:
            assert metric([Prediction(predicted, gold)]) == pytest.approx(100)


def test_labels_in_parts_of_letters_are_the_same_labels():
    pair = [Prediction("한글", (PARTS,)), Prediction("영어", ("영어",))]
    assert macro_f1((PARTS, "영어"))(pair) == 100
    assert binary_f1(("한글", "영어"), "한글")(pair) == 100


def test_items_and_tasks_are_in_one_form():
    item = Item("1", "a:1", f"질문: {PARTS}", (PARTS,), lead=PARTS, source=PARTS)
    assert (item.text, item.answers, item.lead, item.source) == (
        "질문: 한글",
        ("한글",),
        "한글",
        "한글",
    )
    labels = dataclasses.replace(load_task("nsmc"), labels={PARTS: f"{PARTS}임", "영어": "영어"})
    assert labels.shown(item) == "질문: 한글" + labels.answer.format("한글임")
    assert rows.label("a:1", PARTS, labels.labels) == "한글"
