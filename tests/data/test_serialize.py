import errno
import functools
import json
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import read_blocks, read_documents
from clova_jax.data import TokenStore, serialize, serializer
from clova_jax.data.files import LocalWriter
from clova_jax.data.split import id_hash
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.corpora import content, write_corpus

make = functools.partial(serialize, shard_tokens=3_000, show=False)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(serializer, "read_blocks", functools.partial(read_blocks, size=2_000))


def test_every_document_is_there_once_closed_by_one_end_of_text(tmp_path, corpus):
    tokenizer = Bytes()
    store = make(corpus, tokenizer, tmp_path / "tokens")
    found = {}
    for split in ("train", "validation"):
        for source in store.sources(split):
            count = store.count(split, source)
            for number in range(count.documents):
                *ids, last = store.document(split, source, number).tolist()
                assert last == tokenizer.end_of_text not in ids
                found[bytes(ids).decode()] = source
            whole = store.read(split, source, 0, count.tokens)
            assert (whole == tokenizer.end_of_text).sum() == count.documents
            assert count.bytes == count.tokens - count.documents
    documents = list(read_documents(corpus))
    assert found == {document.text: document.source for document in documents}
    assert store.count().documents == len(documents)


def test_shards_are_full_but_for_the_last_and_end_with_a_document(tmp_path, corpus):
    store = make(corpus, Bytes(), tmp_path / "tokens")
    shards = store.manifest["streams"]["train/00-blog"]["shards"]
    assert len(shards) > 2
    assert all(3_000 <= shard["tokens"] < 3_400 for shard in shards[:-1])
    for shard in shards:
        ids = np.fromfile(tmp_path / "tokens" / (shard["file"] + ".bin"), "<u2")
        ends = np.fromfile(tmp_path / "tokens" / (shard["file"] + ".idx"), "<i8")
        assert np.array_equal(np.flatnonzero(ids == Bytes().end_of_text) + 1, ends)


def test_large_vocabularies_take_four_bytes(tmp_path, corpus):
    for size, dtype in ((65_535, "<u2"), (65_536, "<u4")):
        store = make(corpus, Bytes(size), tmp_path / str(size))
        assert store.manifest["dtype"] == dtype
        assert store.read("train", "law", 0, 5).tolist() == list(b"law 0")
        assert store.document("train", "law", 0)[-1] == size - 1


def test_the_bytes_do_not_depend_on_blocks(tmp_path, corpus, small_blocks):
    make(corpus, Bytes(), tmp_path / "small")
    serializer.read_blocks = read_blocks  # the fixture puts it back
    make(corpus, Bytes(), tmp_path / "large")
    assert content(tmp_path / "small") == content(tmp_path / "large")


class Failing(Bytes):
    """Stops with an error after some batches of texts."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def encode_batch(self, texts):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().encode_batch(texts)


@pytest.mark.parametrize("seed", range(5))
def test_cut_off_anywhere_it_goes_on_to_the_same_bytes(
    tmp_path, corpus, small_blocks, monkeypatch, seed
):
    make(corpus, Bytes(), tmp_path / "whole")
    chance = random.Random(seed)
    for _ in range(1_000):
        monkeypatch.setattr(LocalWriter, "commit_seconds", chance.choice([0, 0, 1e9]))
        try:
            make(corpus, Failing(chance.randrange(12)), tmp_path / "cut")
            break
        except KeyboardInterrupt:
            assert not (tmp_path / "cut" / "manifest.json").exists()
            with pytest.raises(ClovaError, match="not finished|no token store"):
                TokenStore.open(tmp_path / "cut")
    assert content(tmp_path / "whole") == content(tmp_path / "cut")


def test_a_finished_store_is_not_made_again(tmp_path, corpus):
    make(corpus, Bytes(), tmp_path / "tokens")
    before = (tmp_path / "tokens" / "manifest.json").stat().st_mtime_ns
    store = make(corpus, Failing(0), tmp_path / "tokens")
    assert store.count().documents == 424
    assert (tmp_path / "tokens" / "manifest.json").stat().st_mtime_ns == before


def test_another_tokenizer_corpus_or_share_is_refused_with_both_values(tmp_path, corpus):
    make(corpus, Bytes(), tmp_path / "tokens")
    with pytest.raises(ClovaError, match=r"tokenizer.*257.*asked for.*400"):
        make(corpus, Bytes(400), tmp_path / "tokens")
    with pytest.raises(ClovaError, match=r"validation 0\.01, asked for is 0\.2"):
        make(corpus, Bytes(), tmp_path / "tokens", validation=0.2)
    write_corpus(corpus, {"wiki": 1})
    with pytest.raises(ClovaError, match=r"other inputs .wiki\.jsonl was added"):
        make(corpus, Bytes(), tmp_path / "tokens")


def test_other_peoples_folders_are_left_alone(tmp_path, corpus):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("안녕")
    with pytest.raises(ClovaError, match="holds something that is not a token store"):
        make(corpus, Bytes(), tmp_path / "home")
    with pytest.raises(ClovaError, match="a file; --out takes a folder"):
        make(corpus, Bytes(), tmp_path / "home" / "letter.txt")
    assert content(tmp_path / "home") == {"letter.txt": "안녕".encode()}


def test_empty_texts_are_counted_and_bad_lines_named_before_anything_is_written(tmp_path, corpus):
    with (corpus / "news.jsonl").open("a") as file:
        file.write('{"text": ""}\n{"text": ""}\n')
    assert make(corpus, Bytes(), tmp_path / "a").manifest["empty_documents"] == 2
    with (corpus / "news.jsonl").open("a") as file:
        file.write('{"title": 1}\n')
    with pytest.raises(ClovaError, match=r"news\.jsonl:123: no text string"):
        make(corpus, Bytes(), tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_corpus_of_empty_texts_is_an_empty_corpus(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": ""}\n')
    with pytest.raises(ClovaError, match="an empty corpus"):
        make(tmp_path, Bytes(), tmp_path / "tokens")


def test_a_shard_lost_before_the_end_is_named(tmp_path, corpus, small_blocks, monkeypatch):
    monkeypatch.setattr(LocalWriter, "commit_seconds", 0)
    with pytest.raises(KeyboardInterrupt):
        make(corpus, Failing(8), tmp_path / "tokens")
    (tmp_path / "tokens" / "train" / "00-blog-00000.bin").write_bytes(b"")
    with pytest.raises(ClovaError, match=r"00-blog-00000\.bin: 0 bytes where \d+ had been"):
        make(corpus, Bytes(), tmp_path / "tokens")


def test_a_full_disk_is_one_line_and_the_same_call_goes_on(
    tmp_path, corpus, small_blocks, monkeypatch
):
    make(corpus, Bytes(), tmp_path / "whole")
    room = iter([True] * 10)

    def fsync(handle, real=os.fsync):
        if not next(room, False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fsync)
        with pytest.raises(
            OSError, match="No space left"
        ):  # `exit_status.guard` makes one line of it
            make(corpus, Bytes(), tmp_path / "cut")
    make(corpus, Bytes(), tmp_path / "cut")
    assert content(tmp_path / "whole") == content(tmp_path / "cut")


def test_a_signal_stops_when_the_work_is_on_the_disk(tmp_path, corpus, small_blocks):
    class Signalled(Bytes):
        def encode_batch(self, texts):
            os.kill(os.getpid(), signal.SIGTERM)
            return super().encode_batch(texts)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            make(corpus, Signalled(), tmp_path / "tokens")
    state = json.loads((tmp_path / "tokens" / "progress.json").read_text())
    assert state["position"]["text"] > 3_000  # two blocks of 2,000 bytes or so
    assert make(corpus, Bytes(), tmp_path / "tokens").count().documents == 424


def test_two_writers_do_not_meet(tmp_path, corpus):
    class Nosy(Bytes):
        def encode_batch(self, texts):
            with ThreadPoolExecutor() as pool:
                second = pool.submit(make, corpus, Bytes(), tmp_path / "tokens")
                with pytest.raises(
                    ClovaError, match=f"process {os.getpid()} has been working here"
                ):
                    second.result()
            return super().encode_batch(texts)

    make(corpus, Nosy(), tmp_path / "tokens").verify(show=False)


def test_an_end_of_text_inside_a_document_is_refused(tmp_path, corpus):
    class Leaky(Bytes):
        def encode_batch(self, texts):
            return [[*ids, self.end_of_text] for ids in super().encode_batch(texts)]

    with pytest.raises(ClovaError, match="end of text inside a document"):
        make(corpus, Leaky(), tmp_path / "tokens")


def test_sources_with_strange_names_stay_apart(tmp_path):
    rows = [
        {"text": f"글 {n}", "source": source}
        for n in range(5)
        for source in ("a/b", "a_b", "../가")
    ]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = make(tmp_path / "corpus", Bytes(), tmp_path / "out" / "tokens")
    assert store.sources() == ["../가", "a/b", "a_b"]
    assert all(store.count("train", source).documents == 5 for source in store.sources())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tokens"]


def test_validation_is_the_lowest_hashes_of_each_source(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", {"large": 3_000, "small": 35, "few": 9}, length=80)
    store = make(corpus, Bytes(), tmp_path / "tokens")
    shares = {
        source: store.count("validation", source).bytes / store.count(None, source).bytes
        for source in ("large", "small", "few")
    }
    assert 0.04 < shares["large"] <= 0.05  # 1% of it would be a few kilobytes: too little
    assert store.count("validation", "small").documents == 3
    assert shares["few"] <= 0.05
    documents = [document for document in read_documents(corpus) if document.source == "large"]
    held = {
        bytes(store.document("validation", "large", number)[:-1].tolist()).decode()
        for number in range(store.count("validation", "large").documents)
    }
    lowest = sorted(documents, key=lambda document: id_hash(document.id))[: len(held)]
    assert held == {document.text for document in lowest}
    assert make(corpus, Bytes(), tmp_path / "none", validation=0).sources("validation") == []
    more = make(corpus, Bytes(), tmp_path / "more", validation=0.3)
    assert 0.28 < more.count("validation", "large").bytes / more.count(None, "large").bytes <= 0.3


def test_one_document_is_enough(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", {"one": 1})
    store = make(corpus, Bytes(), tmp_path / "tokens")
    assert store.count("train").documents == 1
    assert store.sources("validation") == []
