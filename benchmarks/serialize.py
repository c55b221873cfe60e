"""Measures how tokenisation gains from processes: the local command, Hadoop streaming mappers with their join, Spark.

    python -m benchmarks.serialize [--data DIR] [--tokenizer DIR] [--processes 1,2]

All sides make the same store from the same documents, whole processes with their start. `stream` runs the mapper of
`clova serialize --executor stream` once a file, so many at a time as there are processes, as a cluster does with splits; the
join is the serial part. `spark` runs where PySpark is installed. The talk reports about 170 times, from seven days to an
hour, without the number of its machines.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corpus import processor_seconds, write_text
from clova_jax.common.command import main
from clova_jax.common.files import read_chunks
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.corpus.documents import document_files, read_documents
from clova_jax.data import TokenStore
from clova_jax.paper import SERIALIZER_SECONDS
from clova_jax.sample import write_sample
from clova_jax.tokenizers import train_tokenizer

CLOVA = [sys.executable, "-m", "clova_jax", "serialize"]
TALK = [
    {
        "side": f"the talk, {name}",
        "seconds": seconds,
        "speed_up": SERIALIZER_SECONDS["before"] / seconds,
    }
    for name, seconds in SERIALIZER_SECONDS.items()
]
COLUMNS = ["side", "processes", "map_seconds", "join_seconds", "seconds", "mb_per_second"]
COLUMNS += ["speed_up", "map_cpu_seconds", "join_cpu_seconds"]
Spent = tuple[float, float]  # seconds by the clock, and of all processors


@dataclass(frozen=True)
class Options:
    """Measures the seconds of a token store, by executor and number of processes."""

    data: Path | None = None
    """a corpus folder (default: the sample world)"""
    tokenizer: Path | None = None
    """folder of a tokenizer (default: a byte BPE trained on the documents)"""
    megabytes: float = option(8.0, above=0)
    """of text"""
    processes: tuple[int, ...] = option((1, 2), least=1)
    """numbers of processes; the first is what the others are compared with"""
    rounds: int = option(3, least=1)
    """timed rounds, taking turns; their median counts"""
    seed: int = 0
    """of changes in text that is repeated"""
    out: Path = Path("runs/benchmark_serialize")
    """result folder"""


def run(options: Options) -> None:
    """Runs all sides in turn and prints the table."""
    data = options.data or write_sample(options.out / "sample", options.megabytes, options.seed)
    corpus, tokenizer = options.out / "corpus", options.tokenizer
    shutil.rmtree(corpus, ignore_errors=True)
    size = write_text(data, corpus, options.megabytes, options.seed, 2 * max(options.processes))
    for path in document_files(corpus):  # mappers get plain lines
        path.with_suffix("").write_bytes(b"".join(read_chunks(path)))
        path.unlink()
    if tokenizer is None:
        tokenizer = options.out / "tokenizer"
        texts = (document.text for document in read_documents(corpus))
        train_tokenizer(texts, kind="byte", vocab_size=8_192).save(tokenizer)
    sides = {"local": _local, "stream": _stream}
    if importlib.util.find_spec("pyspark"):
        sides["spark"] = _spark
    times: dict[tuple[str, int], list[tuple[Spent, Spent | None]]] = {}
    made: set[str] = set()
    for _ in range(options.rounds):
        for count in options.processes:
            for name, side in sides.items():
                out = options.out / "tokens"
                shutil.rmtree(out, ignore_errors=True)
                times.setdefault((name, count), []).append(side(corpus, tokenizer, out, count))
                made.add(TokenStore.open(out).fingerprint)
    if len(made) > 1:
        raise SystemExit(f"the sides made {len(made)} different stores")
    rows = _rows(times, size)
    Report("benchmark_serialize", as_json(options), rows, TALK, _notes(rows, size)).write(
        options.out, COLUMNS
    )


def _run(words: list[str], **options: Any) -> None:
    subprocess.run([*CLOVA, *words], check=True, **options)


def _timed(call: Callable[[], Any]) -> Spent:
    start, before = time.perf_counter(), processor_seconds()
    call()
    return time.perf_counter() - start, processor_seconds() - before


def _made(corpus: Path, tokenizer: Path, out: Path) -> list[str]:
    return ["--data", str(corpus), "--tokenizer", str(tokenizer), "--out", str(out)]


def _local(corpus: Path, tokenizer: Path, out: Path, count: int) -> tuple[Spent, Spent | None]:
    words = [*_made(corpus, tokenizer, out), "--workers", str(count)]
    return _timed(lambda: _run(words, capture_output=True)), None


def _stream(corpus: Path, tokenizer: Path, out: Path, count: int) -> tuple[Spent, Spent | None]:
    """Maps each file in a process of its own, then joins."""
    records = out.with_name("records")
    shutil.rmtree(records, ignore_errors=True)
    records.mkdir()
    words = ["--executor", "stream", "--tokenizer", str(tokenizer)]

    def encode(path: Path) -> None:
        found = os.environ | {"mapreduce_map_input_file": str(path)}
        found |= {"TOKENIZERS_PARALLELISM": "false"}
        with path.open("rb") as source, (records / path.name).open("wb") as target:
            _run(words, stdin=source, stdout=target, stderr=subprocess.DEVNULL, env=found)

    with ThreadPoolExecutor(count) as pool:
        mapping = _timed(lambda: list(pool.map(encode, document_files(corpus))))
    words = [*_made(corpus, tokenizer, out), "--records", str(records)]
    return mapping, _timed(lambda: _run(words, capture_output=True))


def _spark(corpus: Path, tokenizer: Path, out: Path, count: int) -> tuple[Spent, Spent | None]:
    found = os.environ | {"MASTER": f"local[{count}]"}
    words = [*_made(corpus, tokenizer, out), "--executor", "spark"]
    return _timed(lambda: _run(words, capture_output=True, env=found)), None


def _rows(
    times: dict[tuple[str, int], list[tuple[Spent, Spent | None]]], size: int
) -> list[dict[str, Any]]:
    """Makes a row of each side and number of processes, from the round whose total is the median."""
    rows: list[dict[str, Any]] = []
    first: dict[str, float] = {}
    for (name, count), found in sorted(times.items()):
        found = sorted(found, key=lambda one: one[0][0] + (one[1] or (0, 0))[0])
        mapping, joining = found[len(found) // 2]
        seconds = mapping[0] + (joining[0] if joining else 0)
        first.setdefault(name, seconds)
        row = {"side": name, "processes": count, "map_seconds": mapping[0]}
        row |= {"join_seconds": joining[0]} if joining else {}
        row |= {"seconds": seconds, "mb_per_second": size / 1e6 / seconds}
        row |= {"speed_up": first[name] / seconds, "map_cpu_seconds": mapping[1]}
        rows.append(row | ({"join_cpu_seconds": joining[1]} if joining else {}))
    return rows


def _notes(rows: list[dict[str, Any]], size: int) -> list[str]:
    cores = len(os.sched_getaffinity(0))
    notes = [
        f"{size / 1e6:.1f} MB of text on {cores} CPU cores: more processes than that gain nothing here.",
        "All sides made the same store, byte for byte.",
        "speed_up: against the fewest processes of the same side. The talk does not say how many machines it had.",
    ]
    one = next((row for row in rows if row["side"] == "stream"), None)
    if one is not None:
        mapping, joining = one["map_cpu_seconds"], one["join_cpu_seconds"]
        part = joining / (mapping + joining)
        notes.append(
            f"The join is serial and takes {part:.1%} of the processor time of mapping and joining: mappers alone gain at "
            f"most {1 / part:.0f} times on so little text (Amdahl). Start-up, once a mapper and once a join, weighs less on more."
        )
    return notes


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
