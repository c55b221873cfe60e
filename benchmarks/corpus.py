"""Measures the speed of the corpus pipeline beside datatrove on equivalent steps, and whether its cost stays linear.

    python -m benchmarks.corpus --data DIR [--megabytes 30] [--grow 30,300,3000]

The peer does what both can do: JSON Lines in, a repetition filter, masking of e-mails and addresses,
MinHash duplicates (16 buckets of 4), JSON Lines out, each side with the same number of processes. datatrove splits words at
spaces here; its own choice for Korean, Kiwi, is many times slower. `ours` masks eight types of identifiers instead of two. `--grow`
repeats the corpus with a third of its syllables changed, and runs all default steps.
"""

import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from benchmarks.ratios import compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.files import read_json
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.corpus.documents import document_files, parse_block, read_blocks
from clova_jax.corpus.part import as_json as document_as_json

STEPS = "repetition,privacy"
GOAL = 3.0


@dataclass(frozen=True)
class Options:
    """Measures megabytes per second of ours and of datatrove, and the growth of time and memory."""

    data: Path | None = None
    """a corpus folder (default: the sample world)"""
    megabytes: float = 30.0
    """of text that both clean"""
    rounds: int = option(5, least=1)
    """timed rounds, taking turns; their median counts"""
    workers: int = 2
    """processes"""
    grow: tuple[float, ...] = ()
    """megabytes of the growth test, such as 30,300,3000"""
    seed: int = 0
    """of the changes"""
    out: Path = Path("runs/benchmark_corpus")
    """result folder"""


def run(options: Options) -> None:
    """Runs both sides in turn and prints the table."""
    data = options.data
    if data is None:
        from clova_jax.sample import write_sample

        data = write_sample(options.out / "sample", options.megabytes, options.seed)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if options.megabytes:
            size = write_text(data, work / "in", options.megabytes, 0, options.workers)
            times: dict[str, list[float]] = {}
            for _ in range(options.rounds):
                for name, command in _sides(work, options.workers).items():
                    shutil.rmtree(work / "out", ignore_errors=True)
                    start = time.perf_counter()
                    subprocess.run(command, check=True, capture_output=True)
                    times.setdefault(name, []).append(time.perf_counter() - start)
            for name, seconds in times.items():
                rows.append(_row(name, STEPS, size, float(np.median(seconds))))
            if len(rows) == 2:
                rates = [[size / 1e6 / one for one in seconds] for seconds in times.values()]
                name = f"corpus, {size / 1e6:.0f} MB"
                ratio = compare(name, "datatrove", *rates, "MB/s", goal=GOAL)
                write_ratios(options.out, [ratio])
                rows[0]["times_the_peer"] = ratio.ratio
        for megabytes in options.grow:
            rows.append(_growth(data, work, megabytes, options))
    notes = ["seconds are of whole processes, start-up included"]
    Report("benchmark_corpus", as_json(options), rows, notes=notes).write(options.out)


def _row(name: str, steps: str, size: int, seconds: float) -> dict[str, Any]:
    return {
        "side": name,
        "steps": steps,
        "megabytes": size / 1e6,
        "seconds": seconds,
        "mb_per_second": size / 1e6 / seconds,
    }


def _sides(work: Path, workers: int) -> dict[str, list[str]]:
    words = [str(work / "in"), str(work / "out"), str(workers)]
    ours = [sys.executable, "-m", "clova_jax", "corpus", "--data", words[0], "--out", words[1]]
    sides = {"ours": [*ours, "--workers", words[2], "--steps", STEPS]}
    if importlib.util.find_spec("datatrove"):
        sides["datatrove"] = [sys.executable, "-m", "benchmarks.corpus_datatrove", *words]
    return sides


def changed(text: str, turn: int, rng: np.random.Generator) -> str:
    """Replaces a third of the Hangul syllables of a text, others on every turn; on turn 0 none."""
    if not turn:
        return text
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    chosen = (codes >= 0xAC00) & (codes <= 0xD7A3) & (rng.random(len(codes)) < 1 / 3)
    codes[chosen] = (
        0xAC00 + (codes[chosen] - 0xAC00 + 28 * rng.integers(1, 99, chosen.sum())) % 11172
    )
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def write_text(data: Path, out: Path, megabytes: float, seed: int, files: int) -> int:
    """Writes about so many megabytes of text, sources in proportion, repeated with changes; returns the bytes."""
    out.mkdir(parents=True)
    whole = [(path, path.stat().st_size) for path in document_files(data)]
    rng = np.random.default_rng(seed)
    target, written = int(1e6 * megabytes), 0
    handles = [
        zstandard.ZstdCompressor(3).stream_writer((out / f"part{n}.jsonl.zst").open("wb"))
        for n in range(files)
    ]
    try:
        for turn in range(1_000_000):
            have = sum(size for _, size in whole)
            for path, size in whole:
                share, mine = (target - written if turn else target) * size / have, 0
                for number, document in enumerate(_documents(path)):
                    if mine >= share or written >= target:
                        break
                    text = changed(document.text, turn, rng)
                    row = document_as_json(document) | {"text": text, "id": f"{turn}-{document.id}"}
                    handles[number % files].write(
                        json.dumps(row, ensure_ascii=False).encode() + b"\n"
                    )
                    count = len(text.encode("utf-8", "surrogatepass"))
                    mine, written = mine + count, written + count
            if written >= target:
                return written
    finally:
        for handle in handles:
            handle.close()
    return written


def _documents(path: Path) -> Iterator[Any]:
    for block in read_blocks(path):
        yield from parse_block(block)


def _growth(data: Path, work: Path, megabytes: float, options: Options) -> dict[str, Any]:
    shutil.rmtree(work / "grown", ignore_errors=True)
    shutil.rmtree(work / "out", ignore_errors=True)
    size = write_text(data, work / "grown", megabytes, options.seed, 2 * options.workers)
    command = [sys.executable, "-m", "clova_jax", "corpus", "--data", str(work / "grown")]
    command += ["--out", str(work / "out"), "--workers", str(options.workers)]
    if options.data is not None and (options.data / "safety").is_dir():
        command += ["--safety", str(options.data / "safety")]
    start, before = time.perf_counter(), processor_seconds()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    memory = Memory(process.pid)
    status, peak = process.wait(), memory.stop()
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    seconds = time.perf_counter() - start
    report = read_json(work / "out" / "report.json")
    return _row("ours", "all", size, seconds) | {
        "cpu_seconds": processor_seconds() - before,  # a busy machine changes these less
        "documents": report["documents"]["read"],
        "kept_percent": 100 * report["bytes"]["kept"] / report["bytes"]["read"],
        "peak_gb": peak / 1e9,
    }


def processor_seconds() -> float:
    """Returns the processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Memory:
    """Watches a process and those it started; `peak` is the largest sum of their private memory, in bytes."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Ends the watch; returns the peak."""
        self._done.set()
        self._thread.join()
        return self.peak

    def _watch(self) -> None:
        while not self._done.wait(0.3):
            self.peak = max(self.peak, sum(_anonymous(pid) for pid in _family(self.pid)))


def _family(pid: int) -> list[int]:
    found, at = [pid], 0
    while at < len(found):
        for task in Path(f"/proc/{found[at]}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
        at += 1
    return found


def _anonymous(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().split("\n"):
            if line.startswith("RssAnon:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
