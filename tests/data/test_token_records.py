"""Documents encoded by mappers (Hadoop streaming, Spark) and joined make the store that one command makes."""

import base64
import gzip
import io
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clova_jax import cli
from clova_jax.common.errors import ClovaError
from clova_jax.data import TokenStore, map_tokens, serialize
from clova_jax.data.spark import map_on_spark
from clova_jax.tokenizers import load_tokenizer, train_tokenizer
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.corpora import content, write_corpus

ROOT = Path(__file__).resolve().parents[2]


def mapped(path: Path, out: Path, start: int = 0, length: int | None = None, uri: str = "") -> str:
    """Runs the mapper over some bytes of a file as Hadoop does; returns what it logged."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    data = data[start:] if length is None else data[start : start + length]
    found = {"file": uri or str(path), "start": str(start)}
    found |= {} if length is None else {"length": str(length)}
    target, log = io.BytesIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for key, value in found.items():
            patch.setenv(f"mapreduce_map_input_{key}", value)
        map_tokens(io.BytesIO(data), target, Bytes(), log)
    out.parent.mkdir(exist_ok=True)
    out.write_bytes(target.getvalue())
    return log.getvalue()


def cut(path: Path, chance: random.Random) -> list[tuple[int, int]]:
    """Cuts a file at ends of lines into splits: start and length of each."""
    ends = [0]
    for line in path.read_bytes().splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    some = sorted({0, ends[-1], *chance.sample(ends, min(2, len(ends)))})
    return [(one, two - one) for one, two in itertools.pairwise(some)]


def store_of(corpus: Path, out: Path, **options) -> dict[str, bytes]:
    serialize(corpus, Bytes(), out, shard_tokens=3_000, show=False, **options)
    return content(out)


def test_files_mapped_one_by_one_join_to_the_same_bytes(tmp_path, corpus):
    (corpus / "more").mkdir()
    (corpus / "news.jsonl").rename(corpus / "more" / "news.jsonl")
    law = corpus / "law.jsonl"
    (corpus / "law.jsonl.gz").write_bytes(gzip.compress(law.read_bytes()))
    law.unlink()
    for number, path in enumerate(p for p in sorted(corpus.rglob("*")) if p.is_file()):
        uri = f"hdfs://name-node:9000/user/kim/{path.relative_to(corpus)}"
        mapped(path, tmp_path / "records" / f"part-{9 - number:05d}", uri=uri)
    (tmp_path / "records" / "_SUCCESS").touch()
    ours = store_of(corpus, tmp_path / "joined", records=tmp_path / "records")
    assert ours == store_of(corpus, tmp_path / "local", workers=1)
    assert TokenStore.open(tmp_path / "joined").count().documents == 424


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_splits_of_a_file_join_to_the_same_bytes_whether_lines_have_ids_or_not(
    tmp_path_factory, chance, count
):
    folder = tmp_path_factory.mktemp("splits")
    lines = []
    for number in range(count):
        row = {"text": chance.choice(["", "글 ", "a\n"]) + str(number)}
        row |= chance.choice([{}, {"id": f"a.jsonl:{number}"}, {"id": "같은 이름"}])
        lines += [json.dumps(row | chance.choice([{}, {"source": "나"}]))] + [""] * chance.randint(
            0, 1
        )
    path = folder / "corpus" / "a.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join([*lines, '{"text": "끝"}' + chance.choice(["", "\n"])]))
    for number, (start, length) in enumerate(cut(path, chance)):
        mapped(path, folder / "records" / str(number), start, length)
    ours = store_of(path.parent, folder / "joined", records=folder / "records", validation=0.3)
    assert ours == store_of(path.parent, folder / "local", workers=1, validation=0.3)


def test_a_mapper_writes_the_same_bytes_each_time_and_counts(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = ['{"text": "가나"}', "no JSON", '{"text": ""}', '{"text": "다", "id": "x"}', "[1]"]
    path.write_text("\n".join(rows))
    log = mapped(path, tmp_path / "r" / "0", start=0, length=path.stat().st_size)
    assert log == mapped(path, tmp_path / "r" / "1", start=0, length=path.stat().st_size)
    assert (tmp_path / "r" / "0").read_bytes() == (tmp_path / "r" / "1").read_bytes()
    told = log.splitlines()
    assert told[0].startswith(f"clova serialize: {path}:2: not JSON")
    assert told[1].startswith(f"clova serialize: {path}:5: a list")
    assert told[2:] == [
        f"reporter:counter:clova serialize,{name},{count}"
        for name, count in (
            *(("documents", 2), ("tokens", 11), ("bytes", 9)),
            *(("empty_documents", 1), ("bad_lines", 2)),
        )
    ]
    first, record, *_, end = map(json.loads, (tmp_path / "r" / "0").read_text().splitlines())
    assert first["split"]["tokenizer"]["vocab_size"] == 257
    assert (record["line"], record["id"], record["source"]) == (1, None, "a")
    ids = np.frombuffer(base64.b64decode(record["tokens"]), "<u2")
    assert ids.tolist() == [*"가나".encode(), 256]
    assert end["end"]["lines"] == 4  # ends of lines


def test_bad_lines_are_named_where_they_stand_and_kept_in_the_manifest(tmp_path, capsys):
    path = tmp_path / "corpus" / "a.jsonl"
    path.parent.mkdir()
    path.write_text('{"text": "하나"}\nno JSON\n{"text": "둘"}\n')
    cut_at = len('{"text": "하나"}\n'.encode())
    mapped(path, tmp_path / "r" / "0", 0, cut_at)
    assert f"{path}@{cut_at}:1: not JSON" in mapped(path, tmp_path / "r" / "1", cut_at)
    serialize(path.parent, Bytes(), tmp_path / "out", records=tmp_path / "r")
    assert f"a.jsonl@{cut_at}:1: not JSON" in capsys.readouterr().err
    store = TokenStore.open(tmp_path / "out")
    assert store.losses() == ["1 lines that hold no document were left out"]
    assert store.count().documents == 2


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: r[:-1], r"0: the records of .*law\.jsonl are cut short; map it again"),
        (lambda r: r[:2] + r[3:], r"0: the records of .*law\.jsonl are cut short"),
        (lambda r: r[1:], "0: holds no token records"),
        (
            lambda r: [r[0].replace("257", "258"), *r[1:]],
            "vocab_size is 258, the one given has 257",
        ),
        (lambda r: [r[0].replace("records-1", "records-9"), *r[1:]], "format '.*records-9', not"),
        (
            lambda r: [r[0], r[1].replace('"tokens": "', '"tokens": "AAA'), *r[2:]],
            "0:2: no token ids",
        ),
        (
            lambda r: [r[0], r[1].replace('"line": 1', '"line": null'), *r[2:]],
            "0:2: 'line' is null",
        ),
        (lambda r: ["{", *r[1:]], "0:1: not JSON"),
    ],
)
def test_damaged_records_are_one_clear_line(tmp_path, damage, message):
    corpus = write_corpus(tmp_path / "corpus", {"law": 4})
    mapped(corpus / "law.jsonl", tmp_path / "r" / "0")
    lines = (tmp_path / "r" / "0").read_text().splitlines()
    (tmp_path / "r" / "0").write_text("\n".join(damage(lines)) + "\n")
    with pytest.raises(ClovaError, match=message):
        store_of(corpus, tmp_path / "out", records=tmp_path / "r")


def test_what_is_missing_twice_or_foreign_is_named(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", {"law": 4, "blog": 4})
    records = tmp_path / "r"
    with pytest.raises(ClovaError, match="r: no such folder of token records"):
        store_of(corpus, tmp_path / "out", records=records)
    law, blog = corpus / "law.jsonl", corpus / "blog.jsonl"
    mapped(law, records / "0", 0, 40)
    with pytest.raises(ClovaError, match=r"no records of .*blog\.jsonl from byte 0 on"):
        store_of(corpus, tmp_path / "out", records=records)
    mapped(blog, records / "1")
    with pytest.raises(ClovaError, match=r"no records of .*law\.jsonl from byte 40 on"):
        store_of(corpus, tmp_path / "out", records=records)
    mapped(law, records / "2", 40)
    mapped(law, records / "3", 0, 40)
    with pytest.raises(ClovaError, match=r"records of .*law\.jsonl from byte 0 twice"):
        store_of(corpus, tmp_path / "out", records=records)
    (records / "3").unlink()
    mapped(law, records / "3", uri=str(corpus / "other.jsonl"))
    with pytest.raises(ClovaError, match=r"records of other\.jsonl, which the corpus"):
        store_of(corpus, tmp_path / "out", records=records)
    (records / "3").unlink()
    with pytest.raises(ClovaError, match="--forms: mappers see one document at a time"):
        store_of(corpus, tmp_path / "out", records=records, forms={"petitions": 1.0})
    assert store_of(corpus, tmp_path / "out", records=records)


def test_a_join_cut_off_begins_again_and_ends_with_the_same_bytes(tmp_path, corpus, monkeypatch):
    for path in corpus.iterdir():
        mapped(path, tmp_path / "r" / path.name)
    whole = store_of(corpus, tmp_path / "local", workers=1)
    from clova_jax.data import join

    monkeypatch.setattr(join, "_BATCH", 500)
    real, calls = join._joined, [0]

    def stumble(members):
        calls[0] += 1
        if calls[0] == 9:
            raise KeyboardInterrupt
        return real(members)

    monkeypatch.setattr(join, "_joined", stumble)
    with pytest.raises(KeyboardInterrupt):
        store_of(corpus, tmp_path / "cut", records=tmp_path / "r")
    with pytest.raises(ClovaError, match="not finished"):
        TokenStore.open(tmp_path / "cut")
    assert store_of(corpus, tmp_path / "cut", records=tmp_path / "r") == whole


def test_the_command_maps_in_a_pipe_and_joins(tmp_path, capsys):
    corpus = write_corpus(tmp_path / "corpus", {"law": 30, "blog": 20})
    texts = [json.loads(line)["text"] for line in (corpus / "blog.jsonl").open()]
    train_tokenizer(texts, kind="byte", vocab_size=300).save(tmp_path / "tok")
    (tmp_path / "records").mkdir()
    words = ["serialize", "--tokenizer", str(tmp_path / "tok")]
    stream = [sys.executable, "-m", "clova_jax", *words, "--executor", "stream"]
    for path in corpus.iterdir():
        found = os.environ | {"mapreduce_map_input_file": str(path), "PYTHONPATH": str(ROOT)}
        with path.open("rb") as source, (tmp_path / "records" / path.name).open("wb") as target:
            done = subprocess.run(stream, stdin=source, stdout=target, stderr=-1, env=found)
        assert done.returncode == 0, done.stderr
        assert b"reporter:counter:clova serialize,documents," in done.stderr
    words += ["--data", str(corpus)]
    join = [*words, "--out", str(tmp_path / "joined"), "--records", str(tmp_path / "records")]
    assert cli.main(join) == 0
    assert cli.main([*words, "--out", str(tmp_path / "local"), "--workers", "1"]) == 0
    assert content(tmp_path / "joined") == content(tmp_path / "local")
    TokenStore.open(tmp_path / "joined", load_tokenizer(tmp_path / "tok")).verify(show=False)
    capsys.readouterr()
    assert cli.main([*words, "--executor", "stream"]) == 2
    assert "reads standard input" in capsys.readouterr().err
    assert cli.main(words) == 2
    assert "--out is required" in capsys.readouterr().err


def test_spark_is_missed_in_one_line(tmp_path, corpus, monkeypatch):
    for name in ("pyspark", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ClovaError, match="--executor spark needs the package pyspark"):
        store_of(corpus, tmp_path / "out", executor="spark")
    with pytest.raises(ClovaError, match="--records is required: a folder that all executors"):
        serialize(corpus, Bytes(), "memory://tokens", executor="spark", show=False)


@pytest.mark.claims("services")
def test_spark_writes_the_same_bytes(tmp_path, corpus, monkeypatch):
    monkeypatch.setenv("MASTER", "local[2]")
    texts = [json.loads(line)["text"] for line in (corpus / "blog.jsonl").open()]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=300)
    serialize(corpus, tokenizer, tmp_path / "local", workers=1, show=False)
    serialize(corpus, tokenizer, tmp_path / "spark", executor="spark", show=False)
    assert content(tmp_path / "spark") == content(tmp_path / "local")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    with pytest.raises(ClovaError, match="mine: is not empty"):
        map_on_spark([corpus / "blog.jsonl"], tokenizer, tmp_path / "mine")
