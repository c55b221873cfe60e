"""Measures the privacy step on two generated sets, and on real text whose finds were labelled one by one.

    python -m benchmarks.privacy --data DIR                 the figures, from the labels in docs/results
    python -m benchmarks.privacy --data DIR --draw 300      a new draw to read, in OUT/to_read.jsonl

The labels name a file, a document, a span and what was read there, never the text: `person` (somebody's, a company's
too), `example` (of the form, but invented), `foreign` (of a form of another country), `no`. What is masked is computed
again from the data, so that a label changes its side when the rules do. Three readings, none in a document that the rules were tuned on: `drawn` (300 masked and
300 other places, before the last mending of the rules), `rest` (every other masked place, after it), `likely` (every other
place that begins as a telephone number, has the shape of an address, or stands behind a word such as 전화).
"""

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_jsonl
from clova_jax.common.options import as_json, option, seed_option
from clova_jax.common.report import Report
from clova_jax.corpus.clean.privacy import Finding, find
from clova_jax.corpus.documents import Document, document_files, parse_block, read_blocks
from clova_jax.corpus.trials.privacy_cases import Case, positives
from clova_jax.corpus.trials.privacy_look_alikes import negatives
from clova_jax.corpus.trials.privacy_scenes import scenes
from clova_jax.corpus.trials.privacy_score import measure, share

LABELS = Path(__file__).resolve().parents[1] / "docs" / "results" / "privacy_labels.json"

# Number-like: seven digits or more in a stretch with separators, or words around a sign for @.
_MARKS = r"\s\-.~/()\[\]+,:;|=_*·…ㆍ–—"
_NUMBER_LIKE = re.compile(
    rf"\d(?:[{_MARKS}]{{0,3}}\d){{6,}}|[\w.+\-]*[@＠]\w[\w.\-]*|\w+ ?골뱅이 ?\w+"
)

Span = tuple[str, int, int, int]  # file, document, start, end


@dataclass(frozen=True)
class Options:
    """Measures recall and precision of the privacy step, by type."""

    data: Path | None = None
    """a corpus folder (default: generated sets only)"""
    draw: int = option(0, least=0)
    """draw so many masked and so many other places to read"""
    seed: int = seed_option()
    """of the generated sets and of the draw"""
    out: Path = Path("runs/benchmark_privacy")
    """result folder"""


def run(options: Options) -> None:
    """Prints the table, or draws places to read."""
    if options.draw:
        if options.data is None:
            raise ClovaError("--draw needs --data DIR, the text to draw from")
        _draw(options)
        return
    sets: dict[str, list[Case]] = {
        "sentences": [
            *positives(5_000, options.seed),
            *negatives(20_000, options.seed + 1),
        ],
        "documents": scenes(2_000, options.seed),
    }
    rows = []
    for name, cases in sets.items():
        for row in measure(cases):
            del row["missed"], row["false_alarms"]
            rows.append({"set": name, **row})
    if options.data is not None:
        rows += _real(options.data)
    Report("benchmark_privacy", as_json(options), rows).write(options.out)


def _documents(data: Path) -> Iterator[tuple[str, int, Document]]:
    for path in document_files(data):
        number = 0
        for block in read_blocks(path):
            for document in parse_block(block):
                yield path.name, number, document
                number += 1


def number_like(text: str, found: list[Finding]) -> Iterator[tuple[int, int]]:
    """Yields the number-like places of a text that no finding touches."""
    place = 0
    for match in _NUMBER_LIKE.finditer(text):
        while place < len(found) and found[place].end <= match.start():
            place += 1
        if place == len(found) or found[place].start >= match.end():
            yield match.span()


def _draw(options: Options) -> None:
    """Writes places to read: `span`, `type` (null: not masked), and the words around it."""
    seen = {tuple(row) for row in read_json(LABELS)["tuned_on"]} if LABELS.is_file() else set()
    masked: list[tuple[Span, str | None, str]] = []
    other: list[tuple[Span, str | None, str]] = []
    assert options.data is not None
    for name, number, document in _documents(options.data):
        if (name, number) in seen:
            continue
        text, found = document.text, find(document.text)
        for start, end, kind in [(f.start, f.end, f.type) for f in found] + [
            (start, end, None) for start, end in number_like(text, found)
        ]:
            words = f"{text[max(0, start - 40) : start]}⟦{text[start:end]}⟧{text[end : end + 25]}"
            (other if kind is None else masked).append(((name, number, start, end), kind, words))
    rng = random.Random(options.seed)
    rows = [
        {"span": span, "type": kind, "text": words}
        for places in (masked, other)
        for span, kind, words in rng.sample(places, min(options.draw, len(places)))
    ]
    write_jsonl(options.out / "to_read.jsonl", rows)
    print(f"{len(masked):,} masked, {len(other):,} others; drawn: {options.out / 'to_read.jsonl'}")


def _real(data: Path) -> list[dict[str, Any]]:
    """Returns the rows of the labels: precision by reading and by type, and recall."""
    labels = read_json(LABELS)
    seen = {tuple(row) for row in labels["tuned_on"]}
    read: dict[tuple[str, int], list[Any]] = {}
    for row in labels["read"]:
        read.setdefault((row[0], row[1]), []).append(row)
    masked = others = size = 0
    seconds = 0.0
    first: Counter[str] = Counter()  # as it was when it was read
    now: Counter[tuple[str, str]] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    for name, number, document in _documents(data):
        size += len(document.text.encode("utf-8", "surrogatepass"))
        start = time.process_time()
        found = find(document.text)
        seconds += time.process_time() - start
        if (name, number) in seen:
            continue
        masked += len(found)
        others += sum(1 for _ in number_like(document.text, found))
        for _, _, begin, end, masked_as, label, reading in read.get((name, number), []):
            hit = [f for f in found if f.start < end and begin < f.end]
            if masked_as is not None and reading == "drawn":
                first[label] += 1
            if hit:
                now[hit[0].type, label] += 1
            else:
                missed[reading if masked_as is None else "no longer masked", label] += 1
    right = first["person"] + first["example"]
    rows = [_row("as drawn", right, first["example"], first.total())]
    for kind in [*sorted({kind for kind, _ in now}), "all"]:
        count = Counter[str]()
        for (other, label), number in now.items():
            if kind in (other, "all"):
                count[label] += number
        rows.append(_row(kind, count.total() - count["no"], count["example"], count.total()))
    hits = sum(number for (_, label), number in now.items() if label != "no")
    for reading in ("drawn", "likely", "no longer masked"):
        count = Counter[str]()
        for (other, label), number in missed.items():
            if other == reading:
                count[label] += number
        lost = count["person"] + count["example"]
        row = {"set": f"real text, not masked: {reading}", "read": count.total()}
        rows.append(row | {"missed": lost, "missed_foreign": count["foreign"]})
        if reading == "likely":
            rows[-1] |= share("recall", hits, hits + lost)
    speed = size / 1e6 / seconds
    rows.append(
        {"set": f"{masked:,} masked, {others:,} others; {size / 1e6:.0f} MB, {speed:.1f} MB/s"}
    )
    return rows


def _row(kind: str, right: int, invented: int, whole: int) -> dict[str, Any]:
    row = {"set": "real text", "type": kind, "finds": whole, "invented": invented}
    return row | share("precision", right, whole)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
