import json

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.data import Loader, TokenStore, serialize
from clova_jax.data.objects import ObjectFolder, ObjectWriter
from tests.worlds.byte_tokenizer import Bytes


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_reading_crosses_shards(store):
    total = store.count("train", "blog").tokens
    whole = store.read("train", "blog", 0, total)
    chance = np.random.default_rng(0)
    for _ in range(50):
        start, stop = sorted(chance.integers(0, total + 1, 2))
        assert np.array_equal(store.read("train", "blog", start, stop), whole[start:stop])


def test_windows_have_the_token_before_and_fill_up_behind(store):
    total, end = store.count("train", "law").tokens, store.end_of_text
    whole = [end, *store.read("train", "law", 0, total).tolist(), *[end] * 100]
    starts = np.array([0, 1, 7, total - 3, total - 1])
    rows = store.windows("train", "law", starts, 50)
    assert rows.tolist() == [whole[start : start + 51] for start in starts]
    assert store.windows("train", "law", np.array([0]), total + 5).shape == (1, total + 6)


def test_what_is_not_there_is_told(store):
    with pytest.raises(ClovaError, match="no source 'cafe' in train; there are: blog, law, news"):
        store.read("train", "cafe", 0, 1)
    with pytest.raises(ClovaError, match="law has 4 documents, no 4"):
        store.document("train", "law", 4)
    with pytest.raises(ClovaError, match="tokens, not 0 to"):
        store.read("train", "law", 0, 10**9)


def test_a_whole_store_passes(store):
    store.verify(show=False)
    TokenStore.open(store.path, Bytes()).verify(show=False)


@pytest.mark.parametrize("name", ["train/00-blog-00001.bin", "validation/00-blog-00000.idx"])
def test_one_flipped_bit_is_found_and_named(tmp_path, store, name):
    flip(tmp_path / "tokens" / name, 100 if name.endswith("bin") else 3)
    with pytest.raises(ClovaError, match=rf"tokens/{name}: damaged \(the hash"):
        TokenStore.open(store.path).verify(show=False)


def test_wrong_sizes_and_missing_files_are_seen_on_opening(tmp_path, store):
    path = tmp_path / "tokens" / "train" / "00-blog-00001.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-2])
    with pytest.raises(ClovaError, match=rf"00-blog-00001.bin: {len(data) - 2} bytes where"):
        TokenStore.open(store.path)
    with pytest.raises(ClovaError, match="00-blog-00001.bin: ends before byte"):
        store.read("train", "blog", 0, store.count("train", "blog").tokens)  # was open before
    path.unlink()
    with pytest.raises(ClovaError, match="00-blog-00001.bin: missing"):
        TokenStore.open(store.path)


def test_a_changed_or_foreign_manifest_is_refused(tmp_path, store):
    path = tmp_path / "tokens" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["streams"]["train/01-law"]["source"] = "laws"
    path.write_text(json.dumps(manifest))
    with pytest.raises(ClovaError, match="changed after it was written"):
        TokenStore.open(store.path)
    path.write_text('{"format": "x"}')
    with pytest.raises(ClovaError, match="format 'x', not"):
        TokenStore.open(store.path)
    with pytest.raises(ClovaError, match="no token store here"):
        TokenStore.open(tmp_path)


def test_another_tokenizer_is_refused_with_both_values(store):
    with pytest.raises(ClovaError, match="vocab_size is 257, the one given has 400"):
        TokenStore.open(store.path, Bytes(400))
    other = Bytes()
    other.fingerprint = "0" * 64
    with pytest.raises(ClovaError, match=rf"{Bytes().fingerprint}.*{other.fingerprint}"):
        store.check_tokenizer(other)


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_an_object_store_holds_the_same(tmp_path, corpus, store, scheme):
    url = f"{scheme}://{tmp_path}/objects"
    made = serialize(corpus, Bytes(), url, show=False)
    made.verify(show=False)
    there = TokenStore.open(url, Bytes())
    for split in ("train", "validation"):
        assert there.sources(split) == store.sources(split)
        for source in store.sources(split):
            assert there.count(split, source) == store.count(split, source)
            for number in (0, store.count(split, source).documents - 1):
                document = there.document(split, source, number)
                assert np.array_equal(document, store.document(split, source, number))
    ours, theirs = (Loader(one, length=64, global_batch=8) for one in (store, there))
    for step in (0, 5):
        for key, value in ours.batch(step).items():
            assert np.array_equal(value, theirs.batch(step)[key])
    with pytest.raises(ClovaError, match="tokenizer"):
        serialize(corpus, Bytes(400), url, show=False)


def test_an_object_store_goes_on_where_it_was_cut_off(tmp_path, corpus):
    folder = ObjectFolder(f"memory://{tmp_path}/cut")
    ids, ends = np.arange(10, dtype=np.uint16), np.array([4, 10])
    writer = ObjectWriter(folder, np.dtype("<u2"), {})
    writer.append("train/00-a", ids, ends, 10)
    state = json.loads(json.dumps(writer.commit()))
    writer.append("train/00-a", ids + 50, ends, 10)
    writer.commit()  # its state is lost
    writer = ObjectWriter(folder, np.dtype("<u2"), state)
    writer.append("train/00-a", ids + 10, ends, 10)
    writer.commit()
    streams = writer.finish(lambda count: None)
    reader = folder.reader(np.dtype("<u2"), streams)
    out, marks = np.zeros(20, np.uint16), np.zeros(4, np.int64)
    reader.read("train/00-a", [0], [out])
    reader.read_ends("train/00-a", 0, marks)
    assert out.tolist() == list(range(20))
    assert marks.tolist() == [4, 10, 14, 20]


def test_damage_in_an_object_is_named(tmp_path, corpus):
    serialize(corpus, Bytes(), f"file://{tmp_path}/objects", show=False)
    flip(tmp_path / "objects" / "train" / "00-blog" / "tokens" / "c" / "0", 2_000)
    with pytest.raises(ClovaError, match="train/00-blog/tokens: damaged"):
        TokenStore.open(f"file://{tmp_path}/objects").verify(show=False)


def test_an_unknown_kind_of_url_is_told():
    with pytest.raises(ClovaError, match="gz://bucket/: .*unsupported URL scheme"):
        TokenStore.open("gz://bucket")
