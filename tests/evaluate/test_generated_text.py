"""Openings, what models make of them, a discriminator that judges unseen texts, and the bits of a judge."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import (
    Passage,
    continue_passages,
    distinguish,
    draw_passages,
    generated_text,
    judged_bits,
    percent,
    score_documents,
)
from tests.worlds.models import make_lm

LONG = "어제 저녁에 본 영화는 {} 정말 재미있어서 다시 보고 싶은 그런 영화였다고 말하고 싶다."
TEXTS = {
    "reviews": [LONG.format(number) for number in range(30)],
    "news": [
        f"오늘 아침 서울 시내에 {n} 번째 눈이 내려 길이 매우 미끄러웠다고 한다." for n in range(3)
    ],
    "short": ["짧은 글", "네 어절은 되는 글", "가" * 500],
}


@pytest.fixture(scope="module")
def model():
    return make_lm()


def test_passages_are_beginnings_of_documents_balanced_over_sources():
    drawn = draw_passages(TEXTS, 8, seed=1)
    assert drawn == draw_passages(TEXTS, 8, seed=1)
    assert drawn != draw_passages(TEXTS, 8, seed=2)
    everything = [text for some in TEXTS.values() for text in some]
    for passage in drawn:
        assert len(passage.opening.split(" ")) == generated_text.OPENING_WORDS
        assert passage.rest.startswith(" ")
        assert any(text.startswith(passage.opening + passage.rest) for text in everything)
    assert sum(passage.opening.startswith("오늘") for passage in drawn) == 3
    assert len(draw_passages(TEXTS, 1_000, seed=1)) == 33
    assert draw_passages({}, 4, seed=0) == []


def test_continuations_begin_at_whitespace_and_are_no_longer_than_the_authors(model):
    passages = draw_passages(TEXTS, 6, seed=0)
    found = continue_passages(model, passages, seed=0)
    assert found == continue_passages(model, passages, seed=0)
    for passage, written in zip(passages, found, strict=True):
        assert written.opening.startswith(passage.opening)
        assert not written.rest or written.rest[0].isspace()
        assert len(written.rest) <= len(passage.rest)


def passages(words, count, seed):
    """Passages of random words."""
    random = np.random.default_rng(seed)
    return [Passage("가", " " + " ".join(random.choice(words, 12))) for _ in range(count)]


def test_a_discriminator_knows_other_words_and_is_lost_among_the_same():
    words = ["영화", "재미", "배우", "음악", "결말", "감독"]
    human = passages(words, 200, 0)
    same = distinguish(human, passages(words, 200, 1))
    other = distinguish(human, passages([*words, "서버", "설정"], 200, 2))
    assert percent(same.area.sum(axis=0)) == pytest.approx(50, abs=12)
    assert percent(other.area.sum(axis=0)) > 95
    assert percent(other.accuracy.sum(axis=0)) > 85
    assert len(same.area) == len(same.accuracy) == 100
    with pytest.raises(ClovaError, match="3 passages: a discriminator wants 4 or more"):
        distinguish(human[:3], human[:3])


def test_the_area_is_that_under_the_roc_curve(monkeypatch):
    scores = np.random.default_rng(0).random((20, 1)).round(1)

    class Fixed:
        fit = classmethod(lambda cls, *words, **more: lambda texts: scores)

    monkeypatch.setattr(generated_text, "NgramModel", Fixed)
    found = distinguish(*[passages(["가"], 20, 0)] * 2)
    wanted = roc_auc_score(np.repeat([0, 1], 10), scores[:, 0])
    assert percent(found.area.sum(axis=0)) == pytest.approx(100 * wanted)


def test_a_judge_pays_for_what_follows_the_opening_only(model):
    written = [Passage("오늘 아침", " 눈이 왔다."), Passage("오늘 아침", "")]
    bits = judged_bits(model, written, 24)
    whole = score_documents(model, ["오늘 아침 눈이 왔다.", "오늘 아침"], 24).bits
    assert bits[0] == pytest.approx([whole[0] - whole[1], len(" 눈이 왔다.".encode())])
    assert bits[1] == pytest.approx([0, 0], abs=1e-4)
