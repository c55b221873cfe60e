"""Mixed examples: the prompt, soft labels beside plain scores, and labels that cannot be told from one another."""

import numpy as np
import pytest

from clova_jax.apps.augmentation import LinearClassifier, MixPrompt, augment, soft_labels
from clova_jax.common.errors import ClovaError
from tests.worlds.models import make_lm

TEXTS, LABELS = ["good film", "fine film", "bad film", "dull film"], ["good", "good", "bad", "bad"]


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=512)


def test_the_prompt_ends_where_a_text_begins():
    text = MixPrompt(["긍정", "부정"], "리뷰", "감정").text([("좋다", "긍정"), ("별로", "부정")])
    assert text.endswith("\n\n리뷰: 좋다 (감정: 긍정)\n리뷰: 별로 (감정: 부정)\n리뷰:")
    assert text.startswith("다음은 리뷰 목록입니다. 괄호 안은 감정입니다 ('긍정', '부정' 중 하나).")


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
        MixPrompt(labels)


def test_soft_labels_are_plain_scores_normalised(lm):
    contexts = ["text: a (label:", "text: bb (label:"]
    for context, soft in zip(contexts, soft_labels(lm, contexts, ["good", "bad"]), strict=True):
        scores = np.exp(lm.score([context] * 2, [" good", " bad"]))
        assert sum(soft.values()) == pytest.approx(1, abs=1e-12)
        assert list(soft.values()) == pytest.approx(scores / scores.sum(), abs=1e-6)


def test_labels_of_one_token_follow_the_first_token_rule(lm):
    # A byte after the space that both begin with: the rule looks at the likelihoods of these tokens alone.
    context = "text: a (label:"
    (soft,) = soft_labels(lm, [context], ["x", "y"])
    logits = lm.logits([lm.tokenizer.encode(context + " ")])[0, -1].astype(np.float64)
    weights = np.exp(logits[[ord("x"), ord("y")]])
    assert list(soft.values()) == pytest.approx(weights / weights.sum(), abs=1e-6)


def test_texts_end_where_the_bracket_opens(lm):
    # `(` is the likeliest by far; the rest of the bracket is drawn as it comes, so most texts are refused.
    options = {"logit_bias": dict.fromkeys(b" (:c", 9), "max_new_tokens": 40}
    found = augment(lm, TEXTS, LABELS, count=12, seed=0, text_type="t", label_type="c", **options)
    again = augment(lm, TEXTS, LABELS, count=12, seed=0, text_type="t", label_type="c", **options)
    assert found == again
    for one in found:
        assert one.prompt.count("(c:") == 2
        assert {"(c: good)", "(c: bad)"} <= {
            one.prompt[i : i + n] for n in (8, 9) for i in range(300)
        }
        if one.reason:
            assert not one.soft
        else:
            assert " (c:" not in one.text
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
