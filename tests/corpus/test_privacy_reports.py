"""Nothing that a run leaves behind shows what the privacy step masks: documents, drops, samples, messages."""

import html
import json
import random
import re

import pytest
import zstandard
from corpus_world import prose

from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.steps import STEP_NAMES
from clova_jax.corpus.documents import Document
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.settings import Cleaning, Job

PHONE, MAIL = "010-2345-6789", "hong@naver.com"
SECRET = re.compile(r"2345|6789|hong")


def written(folder):
    """The files of a folder by name, decompressed, entities resolved."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".zst":
                data = zstandard.ZstdDecompressor().stream_reader(data).read()
            yield str(path.relative_to(folder)), html.unescape(data.decode("utf-8", "replace"))


def clean(meta, steps=STEP_NAMES):
    document = Document(prose(random.Random(0), 5), "a", "blogs", meta)
    return Cleaner(Cleaning(steps=steps))(document)[1]


def test_the_prefix_and_the_rest_of_meta_are_masked():
    meta = {"title": f"상담 {PHONE}", "category": MAIL, "views": 3, "tags": [{"by": MAIL}, None]}
    result = clean(meta)
    assert result.text.split("\n")[0] == "[블로그 | <|email|> | 상담 <|phone|>]"
    assert result.meta == {
        "title": "상담 <|phone|>",
        "category": "<|email|>",
        "views": 3,
        "tags": [{"by": "<|email|>"}, None],
    }


def test_without_the_privacy_step_nothing_is_masked():
    result = clean({"title": PHONE}, ("prefix",))
    assert result.text.startswith(f"[블로그 | {PHONE}]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over documents that go for every kind of reason, each with a number and an address in it."""
    folder = tmp_path_factory.mktemp("privacy")
    rng = random.Random(1)
    doubled = prose(rng, 6) + f" 문의 {PHONE} {MAIL}"
    texts = [
        f"{PHONE} {MAIL}",  # too short
        f"문의 {PHONE} " * 30,  # repeated
        "가" * 190 + f" {PHONE} {MAIL} " + "!" * 400,  # the number lies where the excerpt is cut
        f"call {PHONE} or write to {MAIL} for more about the garden and the house and the sea " * 2,
        doubled,
        doubled,
        doubled.replace("문의", "연락"),
        *(prose(rng, 6) + f" 연락처 {PHONE}" for _ in range(5)),
    ]
    lines = [
        json.dumps(
            {"text": text, "id": f"d{i}", "meta": {"title": f"제목 {MAIL}"}}, ensure_ascii=False
        )
        for i, text in enumerate(texts)
    ]
    lines += [
        f"연락처 {PHONE} {MAIL}",
        json.dumps({"text": [f"연락처 {PHONE}"]}, ensure_ascii=False),
    ]
    (folder / "in").mkdir()
    (folder / "in" / "blogs.jsonl").write_text("\n".join(lines) + "\n")
    report = clean_corpus(Job(folder / "in", folder / "out", Cleaning(min_letters=30), workers=1))
    return report, folder / "out"


def test_every_reason_has_its_sample(finished):
    report, _ = finished
    assert report["bad_lines"]["count"] == 2
    assert len(report["drops"]) >= 4
    assert set(report["samples"]) == set(report["drops"])


def test_no_file_shows_what_was_masked(finished):
    _, out = finished
    names = []
    for name, text in written(out):
        names.append(name)
        assert not SECRET.search(text), (
            name,
            text[max(0, SECRET.search(text).start() - 80) :][:160],
        )
    assert {"report.html", "report.json"} <= set(names)
    assert any(name.startswith("dropped/") for name in names)
    assert any(name.startswith("documents/") for name in names)
