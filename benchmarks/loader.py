"""Measures how fast batches are read, beside a bare memory map and grain alone, and memory and start-up.

    python -m benchmarks.loader [--tokens 2e8] [--batch 32] [--length 2048] [--out runs/benchmark_loader]

All readers take random windows from the same shards, in one process; `ours` makes whole training batches (ids,
targets, positions, segments, mask), the others ids and targets only. Single batches take turns, and their median
counts (the quickest tenth stands beside it: on a busy machine it says more); readers that work ahead in
threads are timed in rounds. Memory is read over an epoch; start-up is a fresh process from nothing to
its first batch, on a sparse store of 100 GB. The share of a step is the wait for the next batch in a
real training loop on this machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.files import write_json
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.config import SIZES
from clova_jax.data import Loader, TokenStore
from clova_jax.data.files import LocalFolder
from clova_jax.data.store import FORMAT, MANIFEST, seal

VOCAB, END = 4_096, 0
SEGMENTS, CONCATENATE, AHEAD = (
    *("ours, segments", "ours, concatenate"),
    "ours, segments, read ahead by its thread",
)
MAP, GRAIN, GRAIN_AHEAD = "bare memmap", "grain alone", "grain alone, 1 thread"
SOURCES = {"blog": 0.5, "cafe": 0.2, "comments": 0.1, "news": 0.2}


@dataclass(frozen=True)
class Options:
    """Measures batches per second of the loader and of its peers, its memory and its start-up."""

    tokens: int = 200_000_000
    """tokens in the store that is read"""
    batch: int = 32
    """rows a batch"""
    length: int = 2_048
    """tokens a row"""
    batches: int = option(300, least=10)
    """single batches timed of each reader without threads"""
    rounds: int = option(5, least=1)
    """timed rounds; their median counts"""
    seconds: float = 1.0
    """length of a round"""
    size: str = "tiny"
    """model whose step is timed; a name in SIZES, or none"""
    sparse: int = 100_000_000_000
    """bytes of the sparse store of the start-up test"""
    seed: int = 0
    """of tokens and shuffles"""
    out: Path = Path("runs/benchmark_loader")
    """result folder"""


def write_store(folder: Path, tokens: int, seed: int) -> TokenStore:
    """Writes random ids in documents of 600 tokens, by the serializer's own writer."""
    random = np.random.default_rng(seed)
    local = LocalFolder(folder)
    writer = local.writer(np.dtype("<u2"), {}, 1 << 26)
    for number, (source, share) in enumerate(SOURCES.items()):
        left = int(tokens * share)
        while left > 0:
            count = min(left, 1 << 22) // 600 * 600 or 600
            ids = random.integers(1, VOCAB, count, np.uint16)
            ends = np.arange(600, count + 1, 600)
            ids[ends - 1] = END
            writer.append(f"train/{number:02d}-{source}", ids, ends, 3 * count)
            left -= count
    return _finish(local, writer.finish(lambda count: None))


def sparse_store(folder: Path, size: int) -> TokenStore:
    """Makes shards of 1 GiB that take no room; their hashes are not checked."""
    local, streams = LocalFolder(folder), {}
    for number, (source, share) in enumerate(SOURCES.items()):
        shards = []
        for shard in range(max(1, round(size * share / (1 << 30)))):
            name = f"train/{number:02d}-{source}-{shard:05d}"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            tokens, documents = 1 << 29, 1 << 20
            for suffix, length in ((".bin", 2 * tokens), (".idx", 8 * documents)):
                with (folder / (name + suffix)).open("wb") as file:
                    file.truncate(length)
            shards.append(
                {"file": name, "tokens": tokens, "documents": documents, "sha256": "0" * 64}
                | {"index_sha256": "0" * 64}
            )
        streams[f"train/{number:02d}-{source}"] = {"bytes": 0, "shards": shards}
    return _finish(local, streams)


def _finish(local: LocalFolder, streams: dict[str, Any]) -> TokenStore:
    for name, stream in streams.items():
        stream |= {"split": "train", "source": name.partition("-")[2]}
    manifest = {
        "format": FORMAT,
        "tokenizer": {"kind": "none", "vocab_size": VOCAB, "end_of_text": END, "fingerprint": ""},
        "dtype": "<u2",
        "empty_documents": 0,
        "streams": streams,
    }
    write_json(local.path / MANIFEST, manifest | {"fingerprint": seal(manifest)})
    return TokenStore.open(local.path)


def shard_maps(store: TokenStore) -> list[np.ndarray]:
    """Maps each shard of a store into memory."""
    return [
        np.memmap(f"{store.path}/{shard['file']}.bin", store.dtype, "r")
        for stream in store.manifest["streams"].values()
        for shard in stream["shards"]
    ]


def bare_memmap(store: TokenStore, options: Options) -> Iterator[Any]:
    """Reads as nanoGPT does: random places of a map, stacked; shards by their size, no epochs."""
    maps = shard_maps(store)
    shares = np.array([len(one) for one in maps]) / sum(len(one) for one in maps)
    random = np.random.default_rng(options.seed)
    while True:
        rows = []
        for one in random.choice(len(maps), options.batch, p=shares):
            start = random.integers(len(maps[one]) - options.length)
            rows.append(maps[one][start : start + options.length + 1].astype(np.int32))
        tokens = np.stack(rows)
        yield tokens[:, :-1], tokens[:, 1:]


def grain_alone(store: TokenStore, options: Options, threads: int) -> Iterator[Any]:
    """Reads as grain's manual recommends: a source over the maps, shuffle, map, batch."""
    import grain

    class Windows:
        def __init__(self) -> None:
            self.maps = shard_maps(store)
            self.counts = [(len(one) - 1) // options.length for one in self.maps]
            self.starts = np.concatenate([[0], np.cumsum(self.counts)])

        def __len__(self) -> int:
            return int(self.starts[-1])

        def __getitem__(self, index: int) -> np.ndarray:
            one = int(np.searchsorted(self.starts, index, "right")) - 1
            start = (index - int(self.starts[one])) * options.length
            return self.maps[one][start : start + options.length + 1]

    def shift(tokens: np.ndarray) -> dict[str, np.ndarray]:
        tokens = tokens.astype(np.int32)
        return {"ids": tokens[:-1], "targets": tokens[1:]}

    dataset = grain.MapDataset.source(Windows()).seed(options.seed).shuffle().repeat().map(shift)
    reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=8 * threads)
    return iter(dataset.batch(options.batch).to_iter_dataset(reading))


def through_grain(loader: Loader) -> Iterator[Any]:
    """Reads our batches ahead by grain instead of by our own thread."""
    import grain

    class Steps:
        def __len__(self) -> int:
            return 1 << 40

        def __getitem__(self, step: int) -> dict[str, np.ndarray]:
            return loader.batch(step)

    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=4)
    return iter(grain.MapDataset.source(Steps()).to_iter_dataset(reading))


def plainly(loader: Loader) -> Iterator[Any]:
    """Yields the loader's batches, each made when it is asked for."""
    step = 0
    while True:
        yield loader.batch(step)
        step += 1


def single_batches(readers: dict[str, Iterator[Any]], count: int) -> dict[str, list[float]]:
    """Returns milliseconds of single batches in their order, one reader after the other for each."""
    found: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(count):
        for name, reader in readers.items():
            start = time.perf_counter()
            next(reader)
            found[name].append(1e3 * (time.perf_counter() - start))
    return {name: values[count // 10 :] for name, values in found.items()}  # warm


def rates(
    readers: dict[str, Callable[[], Iterator[Any]]], options: Options
) -> dict[str, list[float]]:
    """Returns batches per second of readers that work ahead, one figure a round, each alone.

    A reader is made for its turn and closed after it: the threads of all at once would wait for each other.
    """
    found: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(options.rounds):
        for name, make in readers.items():
            reader = make()
            next(reader)
            count, start = 0, time.perf_counter()
            while (taken := time.perf_counter() - start) < options.seconds:
                next(reader)
                count += 1
            found[name].append(count / taken)
            getattr(reader, "close", lambda: None)()
            del reader
    return found


def ratios_of(
    single: dict[str, list[float]], threaded: dict[str, list[float]], rounds: int
) -> list[Ratio]:
    """Compares ours with the peers; single batches in as many rounds, each the median of its share."""
    size = -(-len(single[SEGMENTS]) // rounds)
    shares = {
        name: [statistics.median(ms[at : at + size]) for at in range(0, len(ms), size)]
        for name, ms in single.items()
    }
    pairs = ((CONCATENATE, MAP), (SEGMENTS, GRAIN))
    found = [
        compare(f"a batch, {own}", peer, shares[own], shares[peer], "ms", lower=True)
        for own, peer in pairs
    ]
    own, peer = threaded[AHEAD], threaded[GRAIN_AHEAD]
    return [*found, compare("batches, read ahead", GRAIN_AHEAD, own, peer, "batches/s")]


def resident() -> float:
    """Returns the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory_over_an_epoch(loader: Loader, options: Options) -> dict[str, float]:
    """Measures resident MB at ten places of an epoch."""
    steps = loader.store.count("train").tokens // (options.length * options.batch)
    places, batches = [], loader.iterate()
    for step in range(steps):
        next(batches)
        if step % max(1, steps // 10) == max(1, steps // 10) - 1:
            places.append(resident())
    batches.close()
    return {"batches": steps, "first_mb": places[0], "last_mb": places[-1], "most_mb": max(places)}


def start_up(options: Options) -> dict[str, float]:
    """Measures seconds of a fresh process, from its start to its first batch on a sparse store."""
    with tempfile.TemporaryDirectory() as folder:
        sparse_store(Path(folder), options.sparse)
        script = (
            "import time; began = time.perf_counter()\n"
            "from clova_jax.data import Loader, TokenStore\n"
            "imported = time.perf_counter()\n"
            f"store = TokenStore.open({folder!r})\n"
            f"loader = Loader(store, length={options.length}, global_batch={options.batch})\n"
            "loader.batch(1_000_000)\n"
            "ended = time.perf_counter()\n"
            "print(imported - began, ended - imported, store.count().tokens)"
        )
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        whole = time.perf_counter() - start
    imports, opening, tokens = done.stdout.split()
    return {
        "tokens": int(tokens),
        "process_s": whole,
        "imports_s": float(imports),
        "open_and_first_batch_s": float(opening),
    }


def share_of_a_step(store: TokenStore, options: Options) -> dict[str, Any]:
    """Measures how long a training loop waits for batches, as a share of its steps."""
    from clova_jax.train import LearningRate, TrainStep, adamw

    config = SIZES[options.size].replace(vocab_size=VOCAB)
    step = TrainStep(config, adamw(LearningRate(1e-3, 10, 1_000)))
    state = step.init(options.seed)
    batches = Loader(store, length=256, global_batch=8, seed=options.seed).iterate()
    waits, steps = [], []
    for number in range(14):
        start = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter()
        state, metrics = step(state, batch)
        float(metrics["loss"])
        if number >= 4:  # compiled, and the queue is full
            waits.append(waited - start)
            steps.append(time.perf_counter() - start)
    batches.close()
    return {
        "model": options.size,
        "tokens_a_step": 8 * 256,
        "step_ms": 1e3 * statistics.median(steps),
        "wait_ms": 1e3 * statistics.median(waits),
        "percent_of_step": 100 * sum(waits) / sum(steps),
    }


def run(options: Options) -> None:
    """Measures and writes the report."""
    with tempfile.TemporaryDirectory() as folder:
        store = write_store(Path(folder), options.tokens, options.seed)
        shape = {"length": options.length, "global_batch": options.batch, "seed": options.seed}
        make: Callable[..., Loader] = lambda **more: Loader(store, **shape, **more)  # noqa: E731
        memory = memory_over_an_epoch(make(), options)  # before the maps of others take room
        single = single_batches(
            {
                SEGMENTS: plainly(make()),
                CONCATENATE: plainly(make(packing="concatenate")),
                MAP: bare_memmap(store, options),
                GRAIN: grain_alone(store, options, 0),
            },
            options.batches,
        )
        threaded = rates(
            {
                AHEAD: lambda: make().iterate(),
                "ours, segments, read ahead by grain": lambda: through_grain(make()),
                GRAIN_AHEAD: lambda: grain_alone(store, options, 1),
                "grain alone, 16 threads": lambda: grain_alone(store, options, 16),
            },
            options,
        )
        step = share_of_a_step(store, options) if options.size != "none" else {}
    started = start_up(options)
    tokens = options.batch * options.length
    report = Report("benchmark_loader", as_json(options))
    report.rows = [
        {
            "reader": name,
            "batches_per_second": 1e3 / statistics.median(values),
            "million_tokens_per_second": tokens / statistics.median(values) / 1e3,
            "quickest_tenth_ms": sorted(values)[len(values) // 10],
        }
        for name, values in single.items()
    ] + [
        {
            "reader": name,
            "batches_per_second": statistics.median(values),
            "million_tokens_per_second": statistics.median(values) * tokens / 1e6,
        }
        for name, values in threaded.items()
    ]
    report.notes = [
        f"A batch is {options.batch} rows of {options.length} tokens; the store holds "
        f"{options.tokens:,} tokens in {len(SOURCES)} sources and is in the page cache.",
        f"Resident memory over an epoch of {memory['batches']} batches: {memory['first_mb']:.0f} MB after "
        f"a tenth, {memory['last_mb']:.0f} MB at the end, {memory['most_mb']:.0f} MB at most.",
        f"Start-up on a sparse store of {started['tokens']:,} tokens: {started['process_s']:.2f} s for the whole "
        f"process, of which imports {started['imports_s']:.2f} s, opening and the first batch "
        f"{started['open_and_first_batch_s']:.2f} s.",
    ]
    if step:
        report.notes.append(
            f"A training loop of {step['model']} ({step['tokens_a_step']} tokens a step, "
            f"{step['step_ms']:.0f} ms) waits {step['wait_ms']:.3f} ms for a batch: "
            f"{step['percent_of_step']:.2f}% of its time."
        )
    write_json(options.out / "measured.json", {"memory": memory, "start_up": started, "step": step})
    write_ratios(options.out, ratios_of(single, threaded, options.rounds))
    report.write(options.out)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
