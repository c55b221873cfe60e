"""The corpora of a study of corpus sources: what is held out is read nowhere, and only the stars differ."""

import json

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.corpus import read_documents
from clova_jax.tables.source_text import (
    CORPORA,
    REVIEWS,
    STARRED,
    read_held_out,
    write_corpora,
)

ASKED = {"megabytes": 0.02, "kilobytes": 2.0, "seed": 0}


@pytest.fixture
def data(tmp_path):
    """300 films of five reviews, one with a label as in the sample world, and other text."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {
            "text": f"영화{film} 감상 {n}" + (" (긍정)" if n == 4 else ""),
            "meta": {"movie": film + 1, "rating": 1 + n},
        }
        for film in range(300)
        for n in range(5)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "reviews_movie.jsonl").write_text("\n".join(lines))
    other = [json.dumps({"text": f"제{n}조 목적은 이러하다"}) for n in range(900)]
    (folder / "law.jsonl").write_text("\n".join(other))
    return folder


def lines(folder):
    return [line for document in read_documents(folder) for line in document.text.split("\n")]


def films(found):
    return {line.split()[0] for line in found if line.startswith("영화")}


def test_only_the_stars_differ(data, tmp_path):
    folders = write_corpora(data, tmp_path / "out", **ASKED)
    rated, bare = lines(folders["rated"]), lines(folders["bare"])
    assert [line.rpartition(" (별점 ")[0] for line in rated] == bare
    assert not any("(긍정)" in line or "별점" in line for line in bare)
    assert [page.text.count("\n") for page in read_documents(folders["rated"])] == [
        page.text.count("\n") for page in read_documents(folders["bare"])
    ]
    assert {document.source for document in read_documents(folders["other"])} == {"law"}


def test_no_film_lies_on_two_sides(data, tmp_path):
    folders = write_corpora(data, tmp_path / "out", **ASKED)
    held_out = read_held_out(tmp_path / "out")
    assert set(held_out) == {REVIEWS, STARRED, "law"}
    kept_out = films(held_out[REVIEWS])
    assert kept_out
    for folder in folders.values():
        assert not films(lines(folder)) & kept_out
        assert not set(lines(folder)) & {line for text in held_out["law"] for line in [text]}
    read = lines(folders["rated"])
    assert all(sum(line.startswith(f"{film} ") for line in read) == 5 for film in films(read))


def test_all_has_half_of_both(data, tmp_path):
    folders = write_corpora(data, tmp_path / "out", **ASKED)
    sizes = {name: sum(map(len, lines(folder))) for name, folder in folders.items()}
    assert sizes["bare"] == pytest.approx(sizes["other"], rel=0.4)
    reviews = [line for line in lines(folders["all"]) if line.startswith("영화")]
    assert films(reviews) < films(lines(folders["rated"]))
    assert len(reviews) == pytest.approx(len(lines(folders["rated"])) / 2, rel=0.4)


def test_a_second_call_finds_them_and_other_settings_are_refused(data, tmp_path):
    folders = write_corpora(data, tmp_path / "out", **ASKED)
    before = {name: lines(folder) for name, folder in folders.items()}
    assert write_corpora(data, tmp_path / "out", **ASKED) == folders
    assert {name: lines(folder) for name, folder in folders.items()} == before
    assert set(folders) == set(CORPORA)
    with pytest.raises(ClovaError, match="other text or settings; give another --out"):
        write_corpora(data, tmp_path / "out", **ASKED | {"seed": 1})


@pytest.mark.parametrize("missing", ["reviews_movie", "law"])
def test_data_without_either_side_are_refused(data, tmp_path, missing):
    (data / f"{missing}.jsonl").unlink()
    with pytest.raises(ClovaError, match=r"wants reviews that have meta.rating and meta.movie"):
        write_corpora(data, tmp_path / "out", **ASKED)


def test_a_film_must_be_held_out(data, tmp_path):
    with pytest.raises(ClovaError, match="--kilobytes: 1e-06 hold out no film"):
        write_corpora(data, tmp_path / "out", **ASKED | {"kilobytes": 1e-6})
