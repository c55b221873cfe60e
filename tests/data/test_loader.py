import itertools

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.data import Loader, bytes_per_token, serialize, validation_batches
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.corpora import write_corpus

LENGTH, BATCH = 64, 12


@pytest.fixture
def loader(store):
    return Loader(store, length=LENGTH, global_batch=BATCH, seed=3)


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def joined(parts):
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def test_shapes_types_and_shifted_targets(loader):
    batch = loader.batch(0)
    for key in ("ids", "targets", "positions", "segment_ids"):
        assert batch[key].shape == (BATCH, LENGTH)
        assert batch[key].dtype == np.int32
    assert batch["loss_mask"].dtype == np.float32
    assert np.array_equal(batch["ids"][:, 1:], batch["targets"][:, :-1])
    assert (batch["loss_mask"] == 1).all()


def test_the_step_alone_decides(store, loader):
    again = Loader(store, length=LENGTH, global_batch=BATCH, seed=3)
    later = again.batch(9)
    assert same(loader.batch(9), later)
    assert same(loader.batch(9), loader.batch(9))
    assert not same(loader.batch(9), loader.batch(10))
    other = Loader(store, length=LENGTH, global_batch=BATCH, seed=4)
    assert not same(other.batch(9), later)


def test_reading_ahead_gives_the_same_batches(loader):
    ahead = loader.iterate(5)
    for step, batch in zip(range(5, 15), ahead, strict=False):
        assert same(batch, loader.batch(step))
    ahead.close()


def test_an_error_while_reading_ahead_is_raised(tmp_path, loader):
    ahead = loader.iterate()
    next(ahead)
    for path in (tmp_path / "tokens" / "train").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ClovaError, match="ends before byte"):
        for _ in range(10):
            next(ahead)


@pytest.mark.parametrize("hosts", [2, 3, 4, 12])
def test_hosts_take_the_global_batch_apart_and_their_number_may_change(store, loader, hosts):
    for step in (0, 7):
        parts = [
            Loader(
                store, length=LENGTH, global_batch=BATCH, seed=3, host_index=host, host_count=hosts
            ).batch(step)
            for host in range(hosts)
        ]
        assert same(joined(parts), loader.batch(step))


def test_growing_batches_see_the_same_samples(store, loader):
    sizes = [4, 4, 8, 8, 12, 12]
    firsts = [0, *itertools.accumulate(sizes)]
    growing = Loader(
        store,
        length=LENGTH,
        global_batch=BATCH,
        seed=3,
        span=lambda step: (firsts[step], sizes[step]),
    )
    assert same(
        joined([growing.batch(step) for step in range(6)]),
        joined([loader.batch(step) for step in range(4)]),
    )


def test_an_epoch_of_a_source_has_every_window_once(store):
    source = "blog"
    total = store.count("train", source).tokens
    windows = total // LENGTH
    loader = Loader(store, length=LENGTH, global_batch=1, weights={source: 1})
    stream = [store.end_of_text, *store.read("train", source, 0, total).tolist()]
    for epoch in (0, 1, 5):
        seen = np.concatenate(
            [loader.batch(epoch * windows + number)["targets"] for number in range(windows)]
        )
        shifts = [
            shift
            for shift in range(total % LENGTH + 1)
            if sorted(map(tuple, seen.tolist()))
            == sorted(
                tuple(stream[1 + shift + w * LENGTH : 1 + shift + (w + 1) * LENGTH])
                for w in range(windows)
            )
        ]
        assert len(shifts) == 1
    orders = {
        tuple(loader.batch(epoch * windows + number)["targets"][0, 5] for number in range(9))
        for epoch in range(3)
    }
    assert len(orders) == 3


def test_shares_of_sources_are_kept_in_every_stretch(tmp_path):
    weights = {"a": 0.5, "b": 0.3, "c": 0.2}
    for source in weights:
        text = "".join(f'{{"text": "{source * (20 + number)}"}}\n' for number in range(50))
        (tmp_path / f"{source}.jsonl").write_text(text)
    store = serialize(tmp_path, Bytes(), tmp_path / "tokens", show=False)
    loader = Loader(store, length=LENGTH, global_batch=10, weights=weights)
    for start in (0, 30):
        rows = np.concatenate([loader.batch(step)["ids"] for step in range(start, start + 20)])
        for source, weight in weights.items():
            assert abs((rows == ord(source)).any(axis=1).sum() - 200 * weight) <= 3


def test_the_mixture_tells_the_epochs_and_heeds_the_cap(store):
    counts = {source: store.count("train", source).tokens for source in store.sources()}
    loader = Loader(
        store, length=LENGTH, global_batch=BATCH, weights={"law": 1, "blog": 1}, steps=20
    )
    epochs = {share.source: share.epochs for share in loader.mixture}
    assert epochs["law"] == pytest.approx(120 / (counts["law"] // LENGTH))
    capped = Loader(
        store,
        length=LENGTH,
        global_batch=BATCH,
        weights={"law": 1, "blog": 1},
        steps=5,
        max_epochs=2,
    )
    assert {share.source: share.epochs for share in capped.mixture}["law"] == pytest.approx(2)
    with pytest.raises(ClovaError, match="allow more epochs or make the run shorter"):
        Loader(store, length=LENGTH, global_batch=BATCH, steps=10_000, max_epochs=1)


def expected(row, end_of_text):
    """Segments and positions, by a loop."""
    segments, positions, segment, position = [], [], 1, 0
    for place, token in enumerate(row):
        if token == end_of_text and place:
            segment, position = segment + 1, 0
        segments.append(segment)
        positions.append(position)
        position += 1
    return segments, positions


def test_segments_begin_at_end_of_text(store, loader):
    for step in range(20):
        batch = loader.batch(step)
        for ids, segments, positions in zip(
            batch["ids"].tolist(), batch["segment_ids"], batch["positions"], strict=True
        ):
            assert (segments.tolist(), positions.tolist()) == expected(ids, store.end_of_text)


def test_concatenation_is_one_segment(store, loader):
    plain = Loader(store, length=LENGTH, global_batch=BATCH, seed=3, packing="concatenate").batch(4)
    assert np.array_equal(plain["ids"], loader.batch(4)["ids"])
    assert (plain["segment_ids"] == 1).all()
    assert (plain["positions"] == np.arange(LENGTH)).all()


@pytest.mark.parametrize("length", [16, 1000])
def test_validation_predicts_every_token_once(store, length):
    table = bytes_per_token(Bytes())
    for source in store.sources("validation"):
        count = store.count("validation", source)
        batches = list(validation_batches(store, source, length=length, global_batch=5))
        assert all(batch["ids"].shape == (5, length) for batch in batches)
        whole = joined(batches)
        real = whole["loss_mask"] == 1
        assert (
            whole["targets"][real].tolist()
            == store.read("validation", source, 0, count.tokens).tolist()
        )
        assert np.array_equal(real, whole["segment_ids"] > 0)
        assert table[whole["targets"][real]].sum() == count.bytes
        hosts = [
            joined(
                list(
                    validation_batches(
                        store, source, length=length, global_batch=6, host_index=host, host_count=3
                    )
                )
            )
            for host in range(3)
        ]
        assert sum(part["loss_mask"].sum() for part in hosts) == count.tokens
        assert len({part["ids"].shape for part in hosts}) == 1


def test_a_limit_takes_windows_from_the_whole_source(store):
    total = store.count("train", "blog").tokens
    batches = validation_batches(
        store, "blog", length=32, global_batch=4, limit=total // 4, split="train"
    )
    whole = joined(list(batches))
    found = whole["targets"][whole["loss_mask"].any(axis=1)]
    assert total / 4 - 64 < whole["loss_mask"].sum() <= total / 4
    tail = store.read("train", "blog", total * 3 // 4, total).tobytes()
    assert any(row.astype("<u2").tobytes() in tail for row in found)


def test_a_source_smaller_than_a_window_is_one_masked_window(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", {"one": 2})
    store = serialize(corpus, Bytes(), tmp_path / "tokens", show=False)
    total = store.count("train").tokens
    batch = Loader(store, length=100, global_batch=4).batch(3)
    assert batch["loss_mask"].sum(axis=1).tolist() == [total] * 4
    assert np.array_equal(batch["loss_mask"] == 1, batch["segment_ids"] > 0)
    assert batch["targets"][0, :total].tolist() == store.read("train", "one", 0, total).tolist()
    exact = Loader(store, length=total, global_batch=1).batch(0)
    assert exact["targets"][0].tolist() == store.read("train", "one", 0, total).tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "length 0"),
        ({"global_batch": 0}, "global batch 0"),
        ({"host_index": 2, "host_count": 2}, "host 2 of 2"),
        ({"host_count": 5}, "12 rows does not divide among 5 hosts"),
        ({"split": "test"}, "test split is empty"),
        ({"weights": {"cafe": 1}}, "no source 'cafe'"),
    ],
)
def test_impossible_loaders_are_told(store, options, message):
    with pytest.raises(ClovaError, match=message):
        Loader(store, **{"length": LENGTH, "global_batch": BATCH, **options})


def test_bytes_per_token():
    table = bytes_per_token(Bytes(260))
    assert table.dtype == np.int32
    assert table.tolist() == [1] * 256 + [0] * 4
