"""`clova corpus --forms`: pages of what cleaning and the search for duplicates kept, before the mixture."""

import dataclasses
import json

import pytest

from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import documents
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.settings import Cleaning, Job, Selection
from clova_jax.data import selector

STARS = ("rated_reviews=1",)
STEPS = Cleaning(steps=("normalize",))


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def review(film, n, text=None, **meta):
    text = text or f"영화 {film}에서 {n}번 장면과 {n * 7}번 대사가 좋았다"
    return {
        "id": f"{film}-{n}",
        "text": text,
        "meta": {"movie": str(film), "rating": 1 + n % 10} | meta,
    }


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "BLOCK_BYTES", 4096)
    rows = [review(film, n) for film in range(12) for n in range(9)]
    rows += [
        review(0, 100, rows[0]["text"], rating=3),
        review(99, 1, "별이 없는 감상", rating=None),
    ]
    write(tmp_path / "in/reviews_movie.jsonl", rows)
    write(tmp_path / "in/law.jsonl", [{"text": f"제{n}조 목적과 정의 {n}"} for n in range(9)])
    return Job(tmp_path / "in", tmp_path / "out", STEPS, workers=1, similarity=2, forms=STARS)


def test_what_was_kept_is_shown_in_pages(job):
    report = clean_corpus(job)
    pages = list(read_documents(job.out))
    shown = [page for page in pages if page.meta.get("form")]
    text = "\n".join(page.text for page in pages)
    assert sum(page.meta["documents"] for page in shown) == text.count("(별점 ") == 108
    assert "별이 없는 감상" in text
    assert report["documents"] == {"read": 119, "kept": len(pages)}
    assert report["bytes"]["kept"] == sum(len(page.text.encode()) for page in pages)
    assert report["drops"]["dedup/exact"]["documents"] == 1
    assert report["forms"] == {
        "rated_reviews": {"reviews_movie": {"documents": 109, "fit": 108, "meta.rating": 1}}
    }
    assert (
        "108 of 109 documents of reviews_movie; reviews_movie lacks meta.rating in 1"
        in (job.out / "report.html").read_text()
    )


def test_a_killed_run_ends_with_the_same_bytes(job, tmp_path, monkeypatch):
    clean_corpus(job)
    cut = dataclasses.replace(job, out=tmp_path / "cut")
    from clova_jax.corpus.run import show

    shown = []

    def killed(*names):
        shown.append(names)
        if len(shown) == 3:
            raise KeyboardInterrupt
        return written(*names)

    written = show.write_json
    monkeypatch.setattr(show, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        clean_corpus(cut)
    clean_corpus(cut)
    assert {path.name: path.read_bytes() for path in (job.out / "documents").iterdir()} == {
        path.name: path.read_bytes() for path in (cut.out / "documents").iterdir()
    }


def test_pages_are_what_is_mixed(job):
    selection = Selection(weights=("reviews_movie=1", "law=1"), seed=3)
    report = clean_corpus(job, selector(selection, {}), dataclasses.asdict(selection))
    sizes = {row["source"]: row["kept_bytes"] for row in report["sources"]}
    assert sizes["law"] == pytest.approx(sizes["reviews_movie"], rel=0.1)
    copies = [page for page in read_documents(job.out) if page.id.endswith("#2")]
    assert {page.source for page in copies} == {"law"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"forms": ("petitions",)},
            r"petitions fits no document of .*in: it needs meta.category, meta.num_agree in a source of kind cafe, "
            r"and there is no such source",
        ),
        (
            {"forms": ("recommendations",)},
            r"recommendations fits no document of .*: it needs meta.label in a source of kind comments, and "
            r"reviews_movie lacks meta.label in 109; leave it out",
        ),
        (
            {"cleaning": Cleaning(steps=("normalize", "prefix"))},
            r"a page says what is known of it, as --prefix does; give one",
        ),
        ({"forms": ("stars",)}, "no form 'stars'"),
    ],
)
def test_a_mistake_is_named(job, change, message):
    with pytest.raises(ClovaError, match=f"^--forms: {message}"):
        clean_corpus(dataclasses.replace(job, **change))


def test_a_run_of_before_there_were_forms_is_known_again(job):
    bare = dataclasses.replace(job, forms=())
    report = clean_corpus(bare)
    assert "forms" not in json.loads((job.out / "settings.json").read_text())
    assert clean_corpus(bare) == report
    with pytest.raises(ClovaError, match="other settings .forms."):
        clean_corpus(job)


def test_the_command_says_what_fits_and_a_stream_has_no_pages(job, capsys):
    words = ["corpus", "--data", str(job.data), "--forms", "rated_reviews", "--steps", "normalize"]
    words += ["--similarity", "2"]
    assert main([*words, "--out", str(job.out), "--workers", "1"]) == 0
    assert "form rated_reviews: fits 108 of" in capsys.readouterr().out
    assert main([*words, "--executor", "stream"]) == 2
    assert "give --forms to `clova serialize`" in capsys.readouterr().err
