"""Near duplicates against exact Jaccard similarity, and evaluation sets against plain 13-gram sets."""

import random

import numpy as np
import pytest
from corpus_world import prose
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.evaluation_overlap import WORDS, EvaluationIndex, texts_of
from clova_jax.corpus.near_duplicates import (
    BANDS,
    ROWS,
    candidate_pairs,
    exact_duplicates,
    near_duplicates,
    resolve,
    signatures,
    similarities,
)


def banded(texts: list[str]) -> np.ndarray:
    rows = signatures(texts).minhashes.reshape(-1, BANDS, ROWS)
    return np.ascontiguousarray(rows.transpose(1, 0, 2))


def shingles(text: str) -> set[str]:
    letters = "".join(char for char in text if char.isalnum())
    return {letters[at : at + 4] for at in range(len(letters) - 3)}


def test_similarity_is_close_to_jaccard():
    rng = random.Random(0)
    errors = []
    for _ in range(60):
        base = prose(rng, 10)
        words = base.split()
        for _ in range(rng.randint(0, 25)):
            words[rng.randrange(len(words))] = prose(rng, 1).split()[0]
        other = " ".join(words)
        a, b = shingles(base), shingles(other)
        estimate = similarities(banded([base, other]), np.array([[0, 1]]))[0]
        errors.append(estimate - len(a & b) / len(a | b))
    assert abs(np.mean(errors)) < 0.03
    assert np.std(errors) < 0.08


def test_blanks_capitals_and_punctuation_make_no_difference():
    signed = signatures(
        ["바다에, 갔다! ABC", "바다에 갔다 abc", "산에 갔다 abc", "", "", "!?", "가"]
    )
    assert (signed.digests[0] == signed.digests[1]).all()
    assert (signed.minhashes[0] == signed.minhashes[1]).all()
    assert exact_duplicates(signed.digests).tolist() == [0, 0, 2, 3, 3, 5, 6]


@settings(max_examples=50)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_a_signature_does_not_depend_on_the_batch(texts):
    together = signatures(texts)
    for number, text in enumerate(texts):
        alone = signatures([text])
        assert (alone.minhashes[0] == together.minhashes[number]).all()
        assert (alone.digests[0] == together.digests[number]).all()


def test_each_loss_has_a_witness_that_stays():
    rng = random.Random(3)
    texts = []
    for _ in range(40):
        text = prose(rng, 10)
        texts.append(text)
        for _ in range(4):  # a chain: each a little further from the first
            words = text.split()
            for place in rng.sample(range(len(words)), 4):
                words[place] = prose(rng, 1).split()[0]
            text = " ".join(words)
            texts.append(text)
    table = banded(texts)
    gone = near_duplicates(table, np.ones(len(texts), bool), 0.6)
    assert 40 < len(gone) < 160
    for later, (witness, likeness) in gone.items():
        assert witness < later
        assert witness not in gone
        assert likeness >= 0.6
        assert similarities(table, np.array([[witness, later]]))[0] == pytest.approx(likeness)


def test_planted_copies_are_found():
    rng = random.Random(5)
    texts = [prose(rng, 12) for _ in range(100)]
    copies = [text.replace("바다", "산길", 1) + " 끝." for text in texts]
    gone = near_duplicates(banded(texts + copies), np.ones(200, bool), 0.7)
    assert set(gone) == set(range(100, 200))


def test_candidate_pairs_meet_the_first_and_the_neighbour():
    keys = np.array([7, 5, 7, 7, 9], np.uint64)
    pairs = {tuple(pair) for pair in candidate_pairs(keys, np.arange(5)).tolist()}
    assert pairs == {(0, 2), (0, 3), (2, 3)}


def test_resolve_asks_about_the_witness():
    asked = []

    def compare(a: int, b: int) -> float:
        asked.append((a, b))
        return 0.5

    pairs, like = np.array([[0, 1], [1, 2]]), np.array([0.9, 0.9])
    assert resolve(pairs, like, compare, 0.7) == {1: (0, pytest.approx(0.9))}
    assert asked == [(0, 2)]


def test_evaluation_passages_go_with_their_lines():
    rng = random.Random(9)
    secret = " ".join(f"낱말{number}" for number in range(20))
    index = EvaluationIndex([secret, "이 짧은 평가 문장은 다섯 낱말", "둘 뿐"])
    before, after = prose(rng, 12), prose(rng, 12)
    text = f"{before}\n앞말 {' '.join(secret.split()[3:18])} 뒷말\n{after}"
    cut, matched = index.remove(text)
    assert cut == f"{before}\n{after}"
    assert len(matched) == 1
    assert index.remove(before) == (before, [])
    assert index.remove(f"{secret} 조금 더")[0] is None
    assert (
        index.remove(f"{before}\n이 짧은 평가 문장은, 다섯 낱말!\n{after}")[0]
        == f"{before}\n{after}"
    )
    assert index.remove(" ".join(secret.split()[:12]))[1] == []  # twelve words are no 13-gram


def test_spans_agree_with_sets_of_tuples(tmp_path):
    rng = random.Random(2)
    words = [f"w{number}" for number in range(6)]
    evaluation = [" ".join(rng.choice(words) for _ in range(40)) for _ in range(30)]
    index = EvaluationIndex(evaluation)
    index.save(tmp_path / "i.npz")
    index = EvaluationIndex.load(tmp_path / "i.npz")
    grams = set()
    for text in evaluation:
        split = text.split()
        grams |= {tuple(split[at : at + WORDS]) for at in range(len(split) - WORDS + 1)}
    for _ in range(30):
        source = rng.choice(evaluation).split()
        split = [rng.choice(words) for _ in range(30)]
        split[5 : 5 + rng.randint(8, 20)] = source[3:20]
        expected = any(tuple(split[a : a + WORDS]) in grams for a in range(len(split) - WORDS + 1))
        assert bool(index.spans(" ".join(split))) == expected


def test_texts_of_any_form(tmp_path):
    (tmp_path / "a.json").write_text('{"data": [{"q": "질문", "n": 1}, "답"]}')
    (tmp_path / "b.tsv").write_text("ko\ten\n하나\tone\n")
    (tmp_path / "c.csv").write_text('text,label\n"쉼표, 안",1\n')
    (tmp_path / "d.jsonl").write_text('{"text": "줄"}\n')
    assert list(texts_of(tmp_path / "a.json")) == ["질문", "답"]
    assert "하나" in list(texts_of(tmp_path / "b.tsv"))
    assert "쉼표, 안" in list(texts_of(tmp_path / "c.csv"))
    assert list(texts_of(tmp_path / "d.jsonl")) == ["줄"]
    (tmp_path / "e.json").write_text("{")
    with pytest.raises(ClovaError, match="e.json: not JSON"):
        list(texts_of(tmp_path / "e.json"))
