"""Checks that every text under a folder comes back from a tokenizer as it was.

python -m benchmarks.round_trip --data DIR --tokenizer DIR [DIR …]

Every line of every text file counts: documents decoded from their JSON, labelled sets as the lines
they are. The first failures are shown; any failure ends with status 2.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_lines
from clova_jax.common.options import as_json
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.common.workers import ordered_map
from clova_jax.corpus.documents import document_files, read_documents
from clova_jax.tokenizers import load_tokenizer

BLOCK = 1_000_000  # characters handed to a worker at once
TEXT = (".txt", ".tsv", ".json", ".jsonl", ".csv", ".md")


@dataclass(frozen=True)
class Options:
    """Encodes and decodes all text of a folder."""

    data: Path = None
    """a folder laid out like the real data"""
    tokenizer: tuple[Path, ...] = ()
    """tokenizer folders"""
    workers: int = 2
    """processes"""
    out: Path = Path("runs/round_trip")
    """results"""


def run(options: Options) -> None:
    """Checks one tokenizer after the other."""
    if options.data is None or not options.tokenizer:
        raise ClovaError("--data and --tokenizer are needed: whose text, and which tokenizers")
    rows = [check(folder, options) for folder in options.tokenizer]
    Report("round_trip", as_json(options), rows).write(options.out)
    if failed := sum(row["failures"] for row in rows):
        raise ClovaError(f"{failed} texts did not come back; they are named above")


def check(folder: Path, options: Options) -> dict[str, Any]:
    """Checks one tokenizer; returns its row: documents, megabytes and failures."""
    kind = load_tokenizer(folder).kind
    count, size, failures = 0, 0, []
    start = time.perf_counter()
    with progress(desc=kind, unit="B", unit_scale=True) as bar:
        blocks = ordered_map(checker, (folder,), texts(options.data), options.workers)
        for block, (amount, bad) in blocks:
            count, size, failures = count + len(block), size + amount, failures + bad
            bar.update(amount)
    for text in failures[:5]:
        print(f"{folder}: did not come back: {text[:200]!r}")
    seconds = time.perf_counter() - start
    return {
        "kind": kind,
        "texts": count,
        "MB": size / 1e6,
        "failures": len(failures),
        "seconds": seconds,
    }


def checker(folder: Path) -> Callable[[list[str]], tuple[int, list[str]]]:
    """Returns a function from texts to their bytes, and those that decode to something else."""
    tokenizer = load_tokenizer(folder)

    def check(block: list[str]) -> tuple[int, list[str]]:
        rows = tokenizer.encode_batch(block)
        bad = [text for text, ids in zip(block, rows, strict=True) if tokenizer.decode(ids) != text]
        return sum(len(text.encode()) for text in block), bad

    return check


def texts(data: Path) -> Iterator[list[str]]:
    """Yields documents and lines of all files, in blocks."""
    block, size = [], 0
    for text in every_text(data):
        block.append(text)
        size += len(text)
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def every_text(data: Path) -> Iterator[str]:
    """Yields the text of documents, and every other text file line by line."""
    documents = set(document_files(data))
    for document in read_documents(data):
        yield document.text
    for path in sorted(data.rglob("*")):
        name = path.name.removesuffix(".gz").removesuffix(".zst")
        if path.is_file() and path not in documents and name.endswith(TEXT):
            yield from (line for _, line in read_lines(path))


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
