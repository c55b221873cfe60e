"""Writing examples for intents: prompts, lines and which are accepted, classifiers, rivals, adaptation data."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from clova_jax import inference
from clova_jax.apps.augmentation import (
    Acceptance,
    EncoderClassifier,
    Line,
    LinearClassifier,
    ListPrompt,
    as_list,
    eda,
    list_documents,
    nearest_name,
    relabelled,
    without_targets,
    write_lines,
    writer,
)
from clova_jax.common.errors import ClovaError
from clova_jax.labelled import Intent, Utterance
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.models import make_lm

PROMPT = ListPrompt([("on", ["lamp on", "light up"]), ("off", ["lamp off"])])
LETTERS = {"logit_bias": dict.fromkeys(b"abcdefgh\n", 12), "max_new_tokens": 8}  # short, and ends


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=256)


def intent(name, *texts):
    return Intent(name, tuple(Utterance(text, f"f:{i}") for i, text in enumerate(texts, 1)))


def test_a_prompt_is_lists_and_ends_where_an_utterance_begins():
    assert PROMPT.shared == "의도: on\n#1: lamp on\n#2: light up\n\n의도: off\n#1: lamp off"
    assert PROMPT.own("open", ["door"]) == "\n\n의도: open\n#1: door\n#2:"
    assert ListPrompt([]).own("open") == "의도: open\n#1:"


class Joined(Bytes):
    """Encodes two line breaks as one token where a letter stands before them."""

    prefix_stable = False

    def encode(self, text):
        """Encodes a text."""
        return list(text.encode().replace(b"f\n\n", b"\x01"))


@pytest.mark.parametrize("tokenizer", [Bytes(), Joined()])
def test_prompts_are_shared_as_far_as_their_ids_are(tokenizer):
    owns = [PROMPT.own("open"), PROMPT.own("shut", ["door"])]
    shared, rest = PROMPT.encode(tokenizer, owns)
    assert all(rest)
    assert [shared + ids for ids in rest] == [tokenizer.encode(PROMPT.shared + o) for o in owns]
    assert len(shared) > 30


@pytest.mark.parametrize("bad", ["", " ", "two\nlines"])
def test_an_empty_name_or_utterance_is_named(bad):
    with pytest.raises(ClovaError, match="empty or has a line break"):
        as_list(bad, [])
    with pytest.raises(ClovaError, match="intent 'on'.*empty or has a line break"):
        as_list("on", [bad])


def test_refused_lines_have_a_reason():
    accept = Acceptance(["lamp on"])
    written = [("…", True), (" Lamp  on!", True), ("door", True), ("door.", True), ("gate", False)]
    lines = [accept(text, ended, -1.0) for text, ended in written]
    assert [line.reason for line in lines] == ["empty", "copied", "", "repeated", "too long"]
    assert [line.accepted for line in lines] == [False, False, True, False, False]


def test_lines_are_the_same_whatever_else_is_asked_for(lm):
    asked = {"open": [], "shut": ["door"]}
    both = write_lines(lm, PROMPT, asked, count=6, seed=3, **LETTERS)
    alone = write_lines(lm, PROMPT, {"shut": ["door"]}, count=6, seed=3, **LETTERS)
    fewer = write_lines(lm, PROMPT, asked, count=2, seed=3, **LETTERS)

    def texts(lines):
        return [(line.text, line.reason) for line in lines]

    assert texts(alone["shut"]) == texts(both["shut"])
    for name, lines in both.items():
        assert texts(fewer[name]) == texts(lines[: len(fewer[name])])
        accepted = [line.text for line in lines if line.accepted]
        assert len(set(accepted)) == len(accepted) <= 6
        assert lines[-1].accepted or len(lines) == 24
    other = write_lines(lm, PROMPT, asked, count=6, seed=4, **LETTERS)
    assert [texts(lines) for lines in other.values()] != [texts(lines) for lines in both.values()]


def test_many_lines_of_an_intent_are_written_behind_its_own_prompt(lm, monkeypatch):
    calls = []

    def complete(model, prompts, *, prefix_ids, **more):
        calls.append((list(prefix_ids), prompts))
        return inference.complete(model, prompts, prefix_ids=prefix_ids, **more)

    monkeypatch.setattr(writer, "complete", complete)
    asked = {"open": ["gate open"], "shut": []}
    prefix, own = PROMPT.encode(lm.tokenizer, [PROMPT.own(n, texts) for n, texts in asked.items()])
    write_lines(lm, PROMPT, asked, count=1, seed=0, **LETTERS)
    assert calls[0] == (prefix, own)
    calls.clear()
    write_lines(lm, PROMPT, asked, count=8, seed=0, **LETTERS)
    assert calls[:2] == [(prefix + ids[:-1], [ids[-1:]] * 8) for ids in own]


def test_the_log_probability_is_that_of_the_text(lm):
    lines = write_lines(lm, PROMPT, {"open": []}, count=3, seed=0, **LETTERS)["open"]
    line = next(line for line in lines if line.accepted and line.text.isascii())
    before = PROMPT.shared + PROMPT.own("open")
    scores = lm.score(
        [before] * 2, [line.text, f" {line.text}"]
    )  # the text, which may begin with a space
    assert np.abs(scores - line.logprob).min() < 1e-3


def test_a_writer_without_an_acceptable_line_stops_after_four_times_as_many(lm):
    options = {"logit_bias": {10: 100}, "max_new_tokens": 2}  # a line break at once
    lines = write_lines(lm, PROMPT, {"open": []}, count=2, seed=0, **options)["open"]
    assert [line.reason for line in lines] == ["empty"] * 8


def test_relabelling_keeps_what_is_likeliest_under_its_own_name(lm):
    asked = {"open": [], "shut": ["door"], "dim": []}
    lines = write_lines(lm, PROMPT, asked, count=5, seed=1, **LETTERS)
    kept = relabelled(lm, PROMPT, asked, lines)
    for name, some in lines.items():
        for before, after in zip(some, kept[name], strict=True):
            scores = {
                other: lm.score([PROMPT.shared + PROMPT.own(other, texts)], [f" {before.text}"])[0]
                for other, texts in asked.items()
            }
            right = max(scores, key=scores.get) == name
            refused = dataclasses.replace(before, accepted=False, reason="other intent")
            assert after == (before if right or not before.accepted else refused)


def test_relabelling_nothing_changes_nothing(lm):
    lines = {"open": [Line("", False, "empty", 0.0)], "shut": []}
    assert relabelled(lm, PROMPT, {"open": [], "shut": []}, lines) == lines


def rows():
    random = np.random.default_rng(0)
    words = {"a": ["가나다", "가라마", "나다라"], "b": ["바사아", "사아자", "아자바"]}
    return [
        (" ".join(random.choice(words[label], 2)) + str(i % 3), label)
        for i in range(30)
        for label in words
    ]


def test_the_linear_classifier_is_scikit_learns_on_the_same_rows():
    texts, labels = zip(*rows(), strict=True)
    # A soft label is a row for each class with its weight.
    texts, labels = [*texts, "가나 사아", "가나 사아"], [*labels, "a", "b"]
    weights = [1.0] * 60 + [0.7, 0.3]
    ours = LinearClassifier(texts, labels, weights)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4))
    theirs = LogisticRegression(max_iter=1_000)
    theirs.fit(vectorizer.fit_transform(texts), labels, sample_weight=weights)
    assert ours.model.coef_ == pytest.approx(theirs.coef_, abs=1e-9)
    asked = ["가나다 사아자", "아자", "나"]
    assert ours.predict(asked) == theirs.predict(vectorizer.transform(asked)).tolist()


def test_the_penalty_is_chosen_by_the_development_texts():
    texts, labels = zip(*rows(), strict=True)
    strongest = LinearClassifier(texts, labels)
    chosen = LinearClassifier(texts, labels, None, texts, labels)
    assert strongest.model.C == 1.0
    assert chosen.model.score(chosen.vectorizer.transform(texts), labels) == 1.0


@pytest.mark.slow
def test_the_encoder_classifier_learns():
    lm = make_lm(max_length=64)
    examples = [("aaaa", "x"), ("bbbb", "y")] * 16
    texts, labels = zip(*examples, strict=True)
    classifier = EncoderClassifier(
        lm, texts, labels, texts[:2], labels[:2], names=["x", "y"], steps=30
    )
    assert classifier.predict(["aaaa", "bbbb"]) == ["x", "y"]


@given(st.lists(st.text("가나다 라마", min_size=1), min_size=1, max_size=4), st.integers(0, 9))
@settings(max_examples=30)
def test_eda_uses_the_words_of_its_originals(texts, count):
    made = eda(texts, count, np.random.default_rng(0))
    assert len(made) == count
    for number, text in enumerate(made):
        words = texts[number % len(texts)].split()
        assert set(text.split()) <= set(words)
        assert len(words) - 1 <= len(text.split()) <= len(words) or not words


def test_eda_without_originals_makes_nothing():
    assert eda([], 5, np.random.default_rng(0)) == []


def test_the_nearest_name_shares_most_bigrams():
    names = ["거실 불 끄기", "화장실 불 켜기", "오늘 날씨"]
    assert nearest_name(["화장실 불 좀 켜 줘", "오늘날씨 어때", "?"], names) == [
        names[1],
        names[2],
        names[0],
    ]


def test_a_planted_test_utterance_is_found_and_named():
    targets = [intent("불 끄기", "거실 불 좀 꺼 줘", "불을 꺼라")]
    others = [
        intent("물 틀기", "물 좀 틀어 줘", "거실 불 좀 꺼줘!"),  # planted, spelt otherwise
        intent("불끄기", "불 꺼 주세요"),
        intent("문 열기", "불을 꺼라"),
    ]
    kept, removed = without_targets(others, targets)
    assert [(one.name, one.texts) for one in kept] == [("물 틀기", ["물 좀 틀어 줘"])]
    assert [(row.text, row.place, row.reason, row.target) for row in removed] == [
        ("거실 불 좀 꺼줘!", "f:2", "near", "거실 불 좀 꺼 줘"),
        ("불 꺼 주세요", "f:1", "name", "불 끄기"),
        ("불을 꺼라", "f:1", "near", "불을 꺼라"),
    ]


def test_documents_are_lists_of_the_intents():
    intents = [intent(f"name{i}", *(f"text{i} {j}" for j in range(1 + i % 5))) for i in range(12)]
    documents = list(list_documents(intents, 0, 20))
    assert documents == list(list_documents(intents, 0, 20))
    for document in documents:
        blocks = document.split("\n\n")
        assert 8 <= sum(block.count("\n") for block in blocks) <= 46
        for block in blocks:
            name, *lines = block.split("\n")
            number = name.removeprefix("의도: name")
            assert [line.split(":")[0] for line in lines] == [
                f"#{i + 1}" for i in range(len(lines))
            ]
            assert all(f" text{number} " in line for line in lines)
