"""Writes what the other stages found: shards of documents, what was dropped, matches and the report."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import as_line, whole_file, write_lines
from clova_jax.common.progress import progress
from clova_jax.common.stop import StopSignals
from clova_jax.common.workers import Workers
from clova_jax.corpus.dedup.stage import write_matches
from clova_jax.corpus.part import kept_sizes, part_counts, part_lines
from clova_jax.corpus.report.figures import Cleaned, build
from clova_jax.corpus.report.page import write_page
from clova_jax.corpus.settings import Selector


@dataclass(frozen=True)
class WriteTask:
    """Names a part to write, with how often each of its documents is written (int32[n])."""

    part: Path
    copies: np.ndarray
    out: Path


def write_part(task: WriteTask) -> str:
    """Writes the shard of a part; copies after the first get `#2`, `#3` … at their ids."""

    def lines() -> Iterable[str]:
        for line, copies in zip(part_lines(task.part), task.copies.tolist(), strict=True):
            if copies:
                yield line
            for copy in range(2, copies + 1):
                row = json.loads(line)
                yield as_line(row | {"id": f"{row['id']}#{copy}"})

    if task.copies.any():
        write_lines(task.out, lines())
    return task.out.name


def write_results(
    cleaned: Cleaned, select: Selector | None, workers: Workers, stop: StopSignals
) -> dict[str, Any]:
    """Runs the write stage; returns the report.

    Raises:
        Stopped: a stop was requested.
    """
    out, parts, verdict = cleaned.job.out, cleaned.parts, cleaned.verdict
    counts = [part_counts(part) for part in parts]
    sizes = [part_counts(part)["kept"] for part in cleaned.written]
    if cleaned.pages:
        copies = np.ones(sum(sizes), np.int32)
    else:  # before the parts stand the documents of the corpus compared with
        copies = verdict.keep[len(verdict.keep) - sum(sizes) :].astype(np.int32)
    if select is not None:
        sources, weights, names = kept_sizes(cleaned.written)
        chosen = np.flatnonzero(copies)
        copies[chosen] = select(sources[chosen], weights[chosen], names)
    ends = np.cumsum(sizes)
    (out / "documents").mkdir(exist_ok=True)

    def tasks() -> Iterator[WriteTask]:
        for part, cleaned_part, end, size in zip(cleaned.written, parts, ends, sizes, strict=True):
            shard = out / "documents" / f"{part.name}.jsonl.zst"
            _copy_dropped(cleaned_part, out / "dropped" / f"{part.name}.jsonl.zst")
            if stop.requested:
                return
            if size and not shard.is_file():
                yield WriteTask(part, copies[end - size : end], shard)

    for _ in progress(workers.map(write_part, tasks()), desc="write", unit=" shards"):
        pass
    stop.check()
    write_matches([*cleaned.external, *parts], verdict, out / "matches.jsonl.zst")
    report = build(cleaned, counts, copies)
    write_page(report, out / "report.html")
    return report


def _copy_dropped(part: Path, target: Path) -> None:
    if not target.is_file():
        target.parent.mkdir(exist_ok=True)
        source = part.with_name(part.name + ".dropped.jsonl.zst")
        with source.open("rb") as whole, whole_file(target, "wb") as copy:
            shutil.copyfileobj(whole, copy)
