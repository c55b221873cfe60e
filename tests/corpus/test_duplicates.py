"""Near duplicates against exact Jaccard similarity, and evaluation sets against plain 13-gram sets."""

import random

import numpy as np
import pytest
from corpus_world import prose
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.corpus.dedup.pairs import (
    candidate_pairs,
    exact_duplicates,
    near_duplicates,
    resolve,
    similarities,
)
from clova_jax.corpus.dedup.signatures import BANDS, ROWS, signatures


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


def test_a_document_like_a_dropped_one_is_compared_with_the_kept_one():
    pairs, like = np.array([[0, 1], [1, 2]]), np.array([0.9, 0.9])
    gone = resolve(pairs, like, lambda earlier, later: 0.8, 0.7)
    assert gone == {1: (0, pytest.approx(0.9)), 2: (0, pytest.approx(0.8))}


def test_resolve_asks_about_the_witness():
    asked = []

    def compare(a: int, b: int) -> float:
        asked.append((a, b))
        return 0.5

    pairs, like = np.array([[0, 1], [1, 2]]), np.array([0.9, 0.9])
    assert resolve(pairs, like, compare, 0.7) == {1: (0, pytest.approx(0.9))}
    assert asked == [(0, 2)]
