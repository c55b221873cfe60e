"""Mixed examples: the prompts, soft labels beside plain scores, and labels that cannot be told from one another."""

import dataclasses

import numpy as np
import pytest

from clova_jax.apps.augmentation import (
    LinearClassifier,
    MixPrompt,
    augment,
    label_words,
    soft_labels,
)
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import load_task
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.models import make_lm

TEXTS, LABELS = ["good film", "fine film", "bad film", "dull film"], ["good", "good", "bad", "bad"]


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=512)


def published(*labels):
    return MixPrompt.published({label: [label] for label in labels}, "리뷰", "감정")


def test_the_published_prompt_ends_where_a_text_begins():
    text = published("긍정", "부정").text([("좋다", "긍정"), ("별로", "부정")])
    assert text.endswith("\n\n리뷰: 좋다 (감정: 긍정)\n리뷰: 별로 (감정: 부정)\n리뷰:")
    assert text.startswith("다음은 리뷰 목록입니다. 괄호 안은 감정입니다 ('긍정', '부정' 중 하나).")


def test_the_prompt_of_a_task_is_worded_as_its_examples():
    stars = MixPrompt.of_task(load_task("nsmc_stars"))
    text = stars.text([("좋다", "1"), ("별로", "0")])
    assert text == "좋다 (별점 10점)\n별로 (별점 1점)\n"
    assert stars.choices["0"] == [f" (별점 {count}점" for count in range(1, 6)]
    assert label_words(load_task("3i4k"))["2"] == ["질문"]


def test_a_task_without_bracketed_labels_is_named():
    with pytest.raises(ClovaError, match="task korquad: its examples have no label in brackets"):
        MixPrompt.of_task(load_task("korquad"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["긍정", "긍정적"], "label '긍정' begins another, '긍정적'"),
        (["하나"], "two or more"),
        (["하나", " "], "none empty"),
    ],
)
def test_labels_that_cannot_be_scored_are_named(labels, message):
    with pytest.raises(ClovaError, match=message):
        published(*labels)


@pytest.mark.parametrize(
    ("line", "finish", "found"),
    [
        (" 좋다 (감정: 긍정)", "stop", (" 좋다", "")),
        (" 좋다 (감정: 부정) 정말 (감정: 긍정)", "end", (" 좋다 (감정: 부정) 정말", "")),
        (" 좋다 (ㅋㅋ)", "stop", (" 좋다 (ㅋㅋ)", "broken")),
        (" 좋다 (감정: 긍정) 또", "stop", (" 좋다 (감정: 긍정) 또", "broken")),
        (" ... (감정: 긍정)", "stop", (" ...", "empty")),
        ("", "stop", ("", "empty")),
        (" 좋다 (감정: 긍정)", "length", (" 좋다 (감정: 긍정)", "too long")),
    ],
)
def test_a_text_ends_where_the_last_bracket_opens(line, finish, found):
    assert published("긍정", "부정").split(line, finish) == found


def test_soft_labels_are_plain_scores_normalised(lm):
    contexts = ["text: a (label:", "text: bb (label:"]
    choices = {"good": [" good"], "bad": [" bad"]}
    for context, soft in zip(contexts, soft_labels(lm, contexts, choices), strict=True):
        scores = np.exp(lm.score([context] * 2, [" good", " bad"]))
        assert sum(soft.values()) == pytest.approx(1, abs=1e-12)
        assert list(soft.values()) == pytest.approx(scores / scores.sum(), abs=1e-6)


def test_several_words_of_a_label_are_added(lm):
    choices = {"good": [" 8", " 10"], "bad": [" 1)"]}
    (soft,) = soft_labels(lm, ["text: a"], choices)
    scores = np.exp(lm.score(["text: a"] * 3, [" 8", " 10", " 1)"]))
    assert soft["good"] == pytest.approx(scores[:2].sum() / scores.sum(), abs=1e-6)


def test_a_tokenizer_that_joins_texts_gives_the_same(lm, monkeypatch):
    choices = {"good": [" good"], "bad": [" bad"]}
    apart = soft_labels(lm, ["text: a"], choices)
    monkeypatch.setattr(Bytes, "prefix_stable", False)
    (joined,) = soft_labels(lm, ["text: a"], choices)
    assert joined == pytest.approx(apart[0], abs=1e-6)


def test_labels_of_one_token_follow_the_first_token_rule(lm):
    # A byte after the space that both begin with: the rule looks at the likelihoods of these tokens alone.
    context = "text: a (label:"
    (soft,) = soft_labels(lm, [context], {"x": [" x"], "y": [" y"]})
    logits = lm.logits([lm.tokenizer.encode(context + " ")])[0, -1].astype(np.float64)
    weights = np.exp(logits[[ord("x"), ord("y")]])
    assert list(soft.values()) == pytest.approx(weights / weights.sum(), abs=1e-6)


def test_texts_come_with_prompt_and_soft_label(lm):
    # The characters of a line with a bracket are the likeliest by far; they are drawn as they come, so most lines are refused.
    prompt = dataclasses.replace(published("good", "bad"), opening="(")
    options = {"logit_bias": dict.fromkeys(b"()a\n", 9), "max_new_tokens": 16}
    found = augment(lm, TEXTS, LABELS, count=64, seed=0, prompt=prompt, **options)
    assert found == augment(lm, TEXTS, LABELS, count=64, seed=0, prompt=prompt, **options)
    assert {"", "broken"} <= {one.reason for one in found}
    for one in found:
        assert "(good)\n" in one.prompt
        assert "(bad)\n" in one.prompt
        assert bool(one.soft) == (not one.reason)
        if not one.reason:
            assert sum(one.soft.values()) == pytest.approx(1)


def test_a_classifier_takes_soft_labels():
    soft = [{"good": 0.9, "bad": 0.1}, {"good": 0.2, "bad": 0.8}]
    rows = [
        (text, *pair)
        for text, some in zip(["fun", "dry"], soft, strict=True)
        for pair in some.items()
    ]
    texts, labels, weights = zip(*rows, strict=True)
    assert LinearClassifier(texts, labels, weights).predict(["fun", "dry"]) == ["good", "bad"]
