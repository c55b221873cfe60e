"""An input that was edited, by equal length and within one tick of the clock, never gives back old results."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from clova_jax import cli
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_jsonl
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.report.statistics import count_corpus
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.run.sampling import write_sample_of
from clova_jax.corpus.settings import Cleaning, Job
from clova_jax.data import serialize
from tests.worlds.byte_tokenizer import Bytes

SENTENCES = (
    "바다가 보이는 마을에서 아침을 먹었다. 하늘은 맑고 바람은 찼다.",
    "산길을 걷는 사람들이 노래를 불렀다. 저녁에는 비가 내렸다.",
)


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [{"text": text, "id": str(number)} for number, text in enumerate(SENTENCES)]
    (folder / "a.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
    return folder


def edit(path: Path, before: str = "아침", after: str = "점심") -> None:
    """Changes a word, neither size nor times."""
    status, content = path.stat(), path.read_text()
    assert before in content
    path.write_text(content.replace(before, after))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size


def test_the_corpus_command(tmp_path, corpus):
    job = Job(corpus, tmp_path / "out", Cleaning(), workers=1)
    first = clean_corpus(job)
    assert clean_corpus(job) == first
    edit(corpus / "a.jsonl")
    with pytest.raises(ClovaError, match=r"other files .*a\.jsonl was edited"):
        clean_corpus(job)


@pytest.mark.parametrize("which", ["evaluation", "sources", "against"])
def test_whatever_else_the_corpus_command_reads(tmp_path, corpus, which):
    other = tmp_path / "other"
    other.mkdir()
    (other / "e.jsonl").write_text('{"text": "아침에 만난 사람들과 함께 산을 올랐다"}\n')
    (other / "s.json").write_text('{"아침": {"kind": "blog", "tier": 2}}')
    cleaning = Cleaning(sources=other / "s.json" if which == "sources" else None)
    job = Job(
        corpus,
        tmp_path / "out",
        cleaning,
        workers=1,
        evaluation=(other / "e.jsonl",) if which == "evaluation" else (),
        against=other if which == "against" else None,
    )
    if which == "against":
        (other / "s.json").unlink()
    clean_corpus(job)
    edit(other / ("s.json" if which == "sources" else "e.jsonl"))
    with pytest.raises(ClovaError, match=r"other files .* was edited"):
        clean_corpus(job)


def test_a_token_store(tmp_path, corpus):
    serialize(corpus, Bytes(), tmp_path / "tokens", show=False)
    serialize(corpus, Bytes(), tmp_path / "tokens", show=False)
    edit(corpus / "a.jsonl")
    with pytest.raises(ClovaError, match=r"other inputs .a\.jsonl was edited"):
        serialize(corpus, Bytes(), tmp_path / "tokens", show=False)


def test_a_sample_of_a_corpus(tmp_path, corpus):
    assert write_sample_of(corpus, tmp_path / "s", 1) == write_sample_of(corpus, tmp_path / "s", 1)
    inside = corpus / "sample"  # what it writes is not what it reads
    assert write_sample_of(corpus, inside, 1) == write_sample_of(corpus, inside, 1)
    edit(corpus / "a.jsonl")
    with pytest.raises(ClovaError, match="holds another sample"):
        write_sample_of(corpus, tmp_path / "s", 1)


def test_a_sample_lies_where_it_is_told_to_whatever_its_sources_are_called(tmp_path):
    sources = ["../x", ".x", "/x", "가" * 200, "뉴스"]
    rows = [{"text": f"글 {source}", "id": "1", "source": source} for source in sources]
    (tmp_path / "corpus").mkdir()
    write_jsonl(tmp_path / "corpus" / "a.jsonl", rows)
    made = write_sample_of(tmp_path / "corpus", tmp_path / "deep" / "s", 1)
    assert made["documents"] == len(sources)
    found = {(d.source, d.id, d.text) for d in read_documents(tmp_path / "deep" / "s")}
    assert found == {(row["source"], "1", row["text"]) for row in rows}
    assert {path.name for path in tmp_path.iterdir()} == {"corpus", "deep"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["s"]


def test_a_count_of_a_corpus(tmp_path, corpus):
    counted = count_corpus(corpus, tmp_path / "counts", workers=1)
    edit(corpus / "a.jsonl", "아침", "abc아")  # as long in UTF-8
    again = count_corpus(corpus, tmp_path / "counts", workers=1)
    assert again != counted
    assert again == count_corpus(corpus, tmp_path / "fresh", workers=1)


def test_a_tokenizer(tmp_path, corpus, capsys):
    words = ["tokenizer", "--data", str(corpus), "--kind", "byte", "--vocab-size", "270"]
    words += ["--out", str(tmp_path / "tok")]
    assert cli.main(words) == 0
    assert cli.main(words) == 0
    edit(corpus / "a.jsonl")
    assert cli.main(words) == 2
    assert "of other documents" in capsys.readouterr().err


def test_a_document_is_sampled_by_its_text_too(tmp_path):
    from clova_jax.corpus.documents import Document
    from clova_jax.corpus.run.sampling import sample_documents

    documents = [Document(f"글 {number}", "id", "a") for number in range(2_000)]
    kept = len(list(sample_documents(documents, 0.3)))
    assert abs(kept - 600) < 4 * np.sqrt(2_000 * 0.21)
