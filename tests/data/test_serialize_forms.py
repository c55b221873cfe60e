"""A token store of documents in the form of their sites' pages."""

import functools
import json

import pytest

from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import read_blocks
from clova_jax.data import serialize, serializer
from clova_jax.train.options import PretrainOptions
from tests.worlds.byte_tokenizer import Bytes

make = functools.partial(serialize, show=False, workers=1, validation=0.2)
STARS = {"rated_reviews": 1.0}


@pytest.fixture
def reviews(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [
        {"text": f"영화 {film}의 감상 {n}", "meta": {"movie": str(film), "rating": 1 + n % 10}}
        for film in range(30)
        for n in range(20)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "reviews_movie.jsonl").write_text(lines)
    (folder / "law.jsonl").write_text('{"text": "제1조 목적"}\n')
    return folder


def texts(store, split):
    return [
        bytes(store.document(split, source, number).tolist()[:-1]).decode()
        for source in store.sources(split)
        for number in range(store.count(split, source).documents)
    ]


def test_reviews_stand_with_their_stars_and_a_film_on_one_side(tmp_path, reviews, monkeypatch):
    monkeypatch.setattr(serializer, "read_blocks", functools.partial(read_blocks, size=4_000))
    store = make(reviews, Bytes(), tmp_path / "tokens", forms=STARS)
    train, validation = texts(store, "train"), texts(store, "validation")
    pages = [text for text in train + validation if "감상" in text]
    assert sum(text.count("(별점 ") for text in pages) == 600
    assert "제1조 목적" in train + validation
    films = [
        {text.split("의")[0] for text in side if "감상" in text} for side in (train, validation)
    ]
    assert films[1]
    assert len(films[0] & films[1]) <= 1  # the film at the border of the two may lie on both
    again = make(reviews, Bytes(), tmp_path / "again", forms=STARS)
    assert again.fingerprint == store.fingerprint


def test_the_forms_are_part_of_the_store(tmp_path, reviews):
    make(reviews, Bytes(), tmp_path / "tokens", forms=STARS)
    for other in (None, {"rated_reviews": 0.5}):
        with pytest.raises(ClovaError, match="holds a store with forms"):
            make(reviews, Bytes(), tmp_path / "tokens", forms=other)
    make(reviews, Bytes(), tmp_path / "bare")
    with pytest.raises(ClovaError, match="holds a store with forms"):
        make(reviews, Bytes(), tmp_path / "bare", forms=STARS)


def test_a_form_that_fits_nothing_is_named_with_what_it_needs(tmp_path, reviews):
    with pytest.raises(
        ClovaError, match=r"petitions fits no document .* meta.category, meta.num_agree"
    ):
        make(reviews, Bytes(), tmp_path / "tokens", forms={"petitions": 1.0})


def test_the_commands_take_forms(tmp_path, reviews, capsys):
    out = tmp_path / "tokens"
    words = ["--data", str(reviews), "--tokenizer", str(tmp_path), "--out", str(out)]
    assert main(["serialize", *words, "--forms", "stars=1"]) == 2
    assert "no form 'stars'" in capsys.readouterr().err
    with pytest.raises(ClovaError, match="no form 'stars'"):
        PretrainOptions("data", tmp_path, steps=1, forms=("stars",))
