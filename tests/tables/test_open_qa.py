"""Open questions: which passages stand above a question, what silence costs, and the sentence that proves an answer."""

import numpy as np
import pytest

from clova_jax.evaluate import Item
from clova_jax.tables.open_qa import OpenQuestions, _by_coverage, _evidence


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
    found = {row["metric"]: row["value"] for row in _by_coverage(rows)}
    assert found["f1 of the surest 25%"] == found["f1 of the surest 50%"] == 100
    assert found["f1 of the surest 75%"] == pytest.approx(100 * 6 / 9)


def test_an_answer_leads_to_its_sentence(asked):
    # Nothing in the question says which sentence it is of: the answer does.
    items = [
        Item("1", "q:1", "질문: 어디가 더 유명한가?\n\n답:", (PLACES[0][2],), lead=asked.texts[0])
    ]
    right = _evidence(asked.texts[:1], items, [{"prediction": PLACES[0][2]}])
    wrong = _evidence(asked.texts[:1], items, [{"prediction": PLACES[0][1]}])
    assert right["value"] == 100
    assert wrong["value"] == 0
    assert np.isfinite(right["baseline"])
