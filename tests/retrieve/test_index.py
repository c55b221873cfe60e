"""The index: scores are BM25's, a deleted document is gone, a saved index is the same, mistakes are one line each."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.retrieve import FEATURES, Hit, Index, Passage
from clova_jax.retrieve.index import _fused
from clova_jax.retrieve.vectors import mean_states
from tests.worlds.models import make_lm

TEXTS = [
    "한강은 서울을 지나 서해로 흐른다.",
    "낙동강은 부산으로 흐르는 강이다.",
    "세종대왕은 한글을 만들었다.",
    "서울의 지하철은 아홉 개 노선이 있다.",
]
WORDS = st.lists(st.sampled_from("가나다라마"), max_size=8).map("".join)


def bm25(texts: list[list[str]], query: list[str], k1: float = 1.5, b: float = 0.75) -> list[float]:
    """Okapi BM25 with Lucene's idf, feature by feature (Robertson and Zaragoza, 2009)."""
    mean = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for feature in query:
            having = sum(feature in other for other in texts)
            idf = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            length = k1 * (1 - b + b * len(text) / mean)
            score += idf * counts[feature] / (counts[feature] + length)
        scores.append(score)
    return scores


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_scores_are_those_of_the_formula(texts, query):
    index = Index.build(texts)
    *rows, asked = FEATURES["bigrams"]([*texts, query])
    if not any(rows):
        assert index.search(query) == []
        return
    wanted = bm25(rows, asked)
    hits = index.search(query, k=len(texts))
    assert {hit.index for hit in hits} == {n for n, score in enumerate(wanted) if score > 0}
    for hit in hits:
        assert hit.score == pytest.approx(wanted[hit.index], rel=1e-4)
        assert hit.passage.text == texts[hit.index]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_best_is_first_and_indices_are_into_the_texts():
    hits = Index.build(TEXTS).search("서울에 흐르는 강", k=3)
    assert [hit.index for hit in hits] == [1, 0, 3]
    assert hits[0] == Hit(1, hits[0].score, Passage(TEXTS[1]))
    assert Index.build(TEXTS).search("영어 XYZ") == []
    assert Index().search("서울") == []
    assert Index.build(["같다", "같다"]).search("같다", 2)[0].index == 0


def test_spacing_and_case_make_no_difference():
    index = Index.build(["Seoul 지하철 노선", "부산 시내 버스"])
    for query in ("SEOUL", "지하철노선", "지 하 철"):
        assert index.search(query)[0].index == 0, query


def test_a_text_of_one_character_has_a_feature():
    assert [hit.index for hit in Index.build(["강", "산"]).search("산")] == [1]


DOCUMENTS = st.lists(
    st.tuples(st.sampled_from("ㄱㄴㄷ"), WORDS.filter(bool)), min_size=1, max_size=9
)


@given(DOCUMENTS, st.sampled_from("ㄱㄴㄷ"), WORDS)
def test_a_deleted_document_is_gone_and_leaves_nothing_behind(documents, deleted, query):
    passages = [Passage(text, name) for name, text in documents]
    left = [passage for passage in passages if passage.document != deleted]
    index = Index()
    for passage in passages:  # one by one, with a query between
        index.add([passage])
        index.search(query)
    if len(left) == len(passages):
        with pytest.raises(ClovaError, match="no document"):
            index.delete(deleted)
    else:
        assert index.delete(deleted) == len(passages) - len(left)
    hits = index.search(query, 20)
    assert all(hit.passage.document != deleted for hit in hits)
    fresh = Index.build(left).search(query, 20)
    assert {h.index: pytest.approx(h.score, rel=1e-5) for h in hits} == {
        h.index: h.score for h in fresh
    }
    assert index.passages == left


def test_a_deleted_document_is_not_in_the_file(tmp_path):
    index = Index.build([Passage("비밀번호는 사과", "가"), Passage("날씨가 맑다", "나")])
    index.delete("가")
    index.save(tmp_path / "index.safetensors")
    content = (tmp_path / "index.safetensors").read_bytes()
    assert "비밀".encode() not in content
    assert "날씨".encode() in content


@pytest.fixture(scope="module")
def model():
    return make_lm()


@pytest.mark.parametrize(
    "by", [("bigrams",), ("morphemes",), ("words",), ("vectors",), ("bigrams", "vectors")]
)
def test_a_saved_index_finds_the_same(by, model, tmp_path):
    index = Index.build(
        [Passage(text, f"{n}.txt", "line 1") for n, text in enumerate(TEXTS)], by, model
    )
    index.delete("1.txt")
    index.save(tmp_path / "index.safetensors")
    loaded = Index.load(tmp_path / "index.safetensors", model)
    assert loaded.by == by
    assert loaded.search("서울의 강", 9) == index.search("서울의 강", 9) != []
    for one in (index, loaded):
        one.add(["서울에 강이 있다"])
    assert loaded.search("서울의 강", 9) == index.search("서울의 강", 9)


def test_an_empty_index_is_saved_too(tmp_path):
    Index().save(tmp_path / "index.safetensors")
    index = Index.load(tmp_path / "index.safetensors")
    index.add(TEXTS)
    assert index.search("한글")[0].index == 2


def test_vectors_are_means_over_the_tokens_of_a_text_alone(model):
    alone = mean_states(model, [TEXTS[0][:9]])[0]
    among = mean_states(model, [TEXTS[1], TEXTS[0][:9], "", "가" * 200])
    assert np.allclose(alone, among[1], atol=1e-4)
    assert np.isfinite(among).all()
    index = Index.build(TEXTS, ["vectors"], model)
    assert [index.search(text, 1)[0].index for text in TEXTS] == [0, 1, 2, 3]
    assert len(index.search("아무 글", 9)) == len(TEXTS)


def test_fusion_adds_reciprocal_ranks():
    first, second = np.float32([3, 2, -np.inf]), np.float32([0.1, 0.9, -np.inf])
    fused = _fused([first, second, np.float32([5, 4, -np.inf])])
    assert fused[:2] == pytest.approx([2 / 61 + 1 / 62, 2 / 62 + 1 / 61])
    assert fused[2] == -np.inf


def test_mistakes_are_one_line_each(model, tmp_path):
    path = tmp_path / "index.safetensors"
    with pytest.raises(ClovaError, match="there are bigrams, morphemes, words and vectors"):
        Index(["trigrams"])
    with pytest.raises(ClovaError, match="wants the model"):
        Index(["vectors"])
    with pytest.raises(ClovaError, match="each once"):
        Index(["words", "words"])
    with pytest.raises(ClovaError, match="one ranking or more"):
        Index([])
    with pytest.raises(ClovaError, match="k 0"):
        Index.build(TEXTS).search("강", 0)
    with pytest.raises(ClovaError, match="no such file"):
        Index.load(path)
    Index.build(TEXTS, ["vectors"], model).save(path)
    with pytest.raises(ClovaError, match="wants the model"):
        Index.load(path)
    with pytest.raises(ClovaError, match="vectors of another model"):
        Index.load(path, make_lm(seed=1))
    path.write_text("{}")
    with pytest.raises(ClovaError, match="no index, or a damaged one"):
        Index.load(path)
