"""Cuts of words: nothing is lost, nothing is empty, and what is known spares the analyser."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.tokenizers import morphemes
from clova_jax.tokenizers.base import unpack
from clova_jax.tokenizers.morphemes import Morphemes, cores_of

# The analyser ends the last two in a morpheme without letters.
WORDS = ["영화를", " 사람이", " 2021년에", "GPT-3는", "!!", "hello", "가" * 100, " 하려", "보는대"]
# A word of more than one core, or of one and what is no letter; known cores are beginnings of others.
WORDS += [
    "영화",
    "영화를!",
    " 사람이,",
    "영화A",
    "(영화를)",
    "영화를A.",
    "영화를(사람이)",
    " 2021년에는?",
]


def test_every_word_comes_back_once_in_pieces_with_letters():
    found = list(Morphemes().cut_words(WORDS))
    assert sorted(word for word, _ in found) == sorted(WORDS)
    assert all("".join(pieces) == word for word, pieces in found)
    assert all(all(pieces) for _, pieces in found)
    assert dict(found)["영화를"] == ["영화", "를"]
    assert dict(found)[" 2021년에"] == [" 2021", "년", "에"]
    assert dict(found)["영화를!"] == ["영화", "를", "!"]


def test_a_word_of_a_hundred_characters_is_left_whole():
    word = "!" * 40 + "영화를" + "!" * 57
    assert dict(Morphemes().cut_words([word, word[1:]])) == {
        word: [word],
        word[1:]: ["!" * 39, "영화", "를", "!" * 57],
    }


def test_a_forked_process_has_an_analyser_of_its_own():
    lines = [
        "import os",
        "from clova_jax.tokenizers.morphemes import Morphemes",
        "cut = lambda: dict(Morphemes().cut_words(['영화를']))",
        "expected = cut()",
        "child = os.fork()",
        "assert cut() == expected",
        "if not child: os._exit(0)",
        "assert os.waitpid(child, 0)[1] == 0",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=120)


def test_a_pickled_one_has_its_saved_cuts(monkeypatch):
    known = Morphemes(Morphemes().patterns(["영화를"]))
    monkeypatch.setattr(morphemes, "kiwi", lambda: pytest.fail("analysed"))
    assert dict(pickle.loads(pickle.dumps(known)).cut_words(["영화를"])) == {
        "영화를": ["영화", "를"]
    }


def test_a_cut_inside_a_morpheme_that_comes_later_in_the_analysis_is_dropped():
    assert dict(Morphemes().cut_words([" 떼려야"])) == {" 떼려야": [" 떼", "려야"]}


def test_known_cores_are_not_analysed_and_cut_alike(monkeypatch):
    expected = dict(Morphemes().cut_words(WORDS))
    cores = [core for word in WORDS for core in cores_of(word)]
    known = Morphemes().patterns(cores)
    monkeypatch.setattr(morphemes, "kiwi", lambda: pytest.fail("analysed"))
    assert dict(Morphemes(known).cut_words(WORDS)) == expected


analyser = Morphemes()


@settings(max_examples=300)
@given(st.lists(st.text("가나하려는대다 0aA.!\n한었습니", min_size=1, max_size=12), max_size=8))
def test_the_company_of_a_word_changes_nothing(words):
    together = dict(analyser.cut_words(words))
    for word in words:
        assert dict(Morphemes().cut_words([word])) == {word: together[word]}
        assert "".join(together[word]) == word
        assert all(together[word])


def test_an_empty_piece_takes_nothing_from_its_neighbours(trained):
    words = ["", "영화", "", "", "를"]
    byte = trained["byte"]
    assert [byte.decode(unpack(ids)) for ids in byte._encode_words(words)] == words
    assert list(byte._encode_words([""])) == [b""]
