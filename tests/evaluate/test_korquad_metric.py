"""KorQuAD EM and F1 against the official algorithm, written out again here step by step."""

import random
import re
import string
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.evaluate import load_task
from clova_jax.evaluate.korquad_metric import best, exact_match, f1, normalize
from clova_jax.evaluate.metrics import Prediction, character_f1
from clova_jax.evaluate.metrics import exact_match as exact_match_metric


def official_normalize(text: str) -> str:
    """evaluate-v1.0: marks to blanks one by one, lower case, punctuation out, blanks joined."""
    for mark in ["'", '"', "《", "》", "<", ">", "〈", "〉", r"\(", r"\)", "‘", "’"]:
        text = re.sub(mark, " ", text)
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(text.split())


def official_f1(prediction: str, answer: str) -> float:
    ours = [c for word in official_normalize(prediction).split() for c in word]
    gold = [c for word in official_normalize(answer).split() for c in word]
    same = sum((Counter(ours) & Counter(gold)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(ours), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def official_exact(prediction: str, answer: str) -> float:
    return float(official_normalize(prediction) == official_normalize(answer))


def predictions_for(answers: list[str], contexts: list[str]) -> list[str]:
    """What a model could say: the answer bent in many ways, a piece of the text, nothing."""
    chosen = random.Random(7)
    made = []
    for answer, context in zip(answers, contexts, strict=True):
        at = chosen.randrange(max(len(context) - 20, 1))
        made.append(
            chosen.choice(
                [
                    answer,
                    unicodedata.normalize("NFD", answer),
                    f"《{answer}》",
                    f"({answer})",
                    f"'{answer}'는",
                    f"{answer}, {answer}.",
                    answer[: len(answer) // 2],
                    answer.replace(" ", ""),
                    answer.upper() + "!",
                    f"〈{answer}〉 - <{context[at : at + 9]}>",
                    context[at : at + chosen.randrange(1, 20)],
                    "",
                    "?!",
                ]
            )
        )
    return made


def test_equal_to_the_official_script_on_real_pairs(real_data) -> None:
    items = load_task("korquad").load(real_data).items
    answers = [item.answers[0] for item in items]
    predictions = predictions_for(answers, [item.lead for item in items])
    assert len(predictions) >= 3_000
    for prediction, answer in zip(predictions, answers, strict=True):
        for gold in (answer, unicodedata.normalize("NFD", answer)):
            assert exact_match(prediction, gold) == official_exact(prediction, gold)
            assert f1(prediction, gold) == pytest.approx(official_f1(prediction, gold), abs=1e-12)
    results = [Prediction(p, (a,)) for p, a in zip(predictions, answers, strict=True)]
    count = len(answers)
    # Metrics see NFC, whatever a model or a file writes.
    pairs = [
        (unicodedata.normalize("NFC", p), unicodedata.normalize("NFC", a))
        for p, a in zip(predictions, answers, strict=True)
    ]
    assert exact_match_metric(results) == pytest.approx(
        100 * sum(official_exact(p, a) for p, a in pairs) / count, abs=1e-9
    )
    assert character_f1(results) == pytest.approx(
        100 * sum(official_f1(p, a) for p, a in pairs) / count, abs=1e-9
    )


TEXT = st.text(
    st.sampled_from("가각나한글 AbÉ《》<>〈〉()‘’'\"!?.,-·“”…\u1100\u1161\u11a8\u3000\n1")
)


@given(TEXT, TEXT)
def test_equal_to_the_official_script_on_any_text(prediction: str, answer: str) -> None:
    assert normalize(prediction) == official_normalize(prediction)
    assert exact_match(prediction, answer) == official_exact(prediction, answer)
    assert f1(prediction, answer) == pytest.approx(official_f1(prediction, answer), abs=1e-12)


def test_both_empty_match_exactly_but_share_no_character() -> None:
    assert (exact_match("", "()"), f1("", "()")) == (1.0, 0.0)


def test_the_best_answer_counts() -> None:
    assert best(exact_match, "서울시", ("부산", "서울시")) == 1.0
