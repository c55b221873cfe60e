"""Cleans one block on a worker and writes its part."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file, write_json, write_jsonl
from clova_jax.corpus.clean.cleaner import FAILED, Cleaner, cleaner
from clova_jax.corpus.clean.privacy import TYPES
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.dedup.signatures import signatures
from clova_jax.corpus.documents import BadLines, Block, Document, numbered_documents
from clova_jax.corpus.part import as_json
from clova_jax.corpus.read.blocks import group_blocks
from clova_jax.corpus.settings import Cleaning
from clova_jax.corpus.sources import read_sources

EXCERPT = 200  # characters of a dropped document that the reports show
_SAMPLES = 20  # of masked places
_TAG = re.compile(r"<\|(?:" + "|".join(TYPES) + r")\|>")


@dataclass(frozen=True)
class CleanTask:
    """Names a block to clean.

    Args:
        block: some lines of the input.
        cleaning: what the steps do.
        out: the part's path without a suffix.
        tier: of all documents, instead of their sources' (an existing corpus has 0).
    """

    block: Block
    cleaning: Cleaning
    out: Path
    tier: int | None = None


def group_tasks(
    number: int,
    group: list[Path],
    base: Path,
    cleaning: Cleaning,
    folder: Path,
    on_error: Callable[[ClovaError], None],
) -> Iterator[CleanTask]:
    """Yields the tasks of a group of files; their names sort in the order of reading."""
    registry = read_sources(cleaning.sources)
    for count, block in enumerate(group_blocks(group, base, on_error, registry)):
        yield CleanTask(block, cleaning, folder / f"{number:05d}-{count:05d}")


def clean_part(task: CleanTask) -> str:
    """Cleans a block and writes its part; returns the part's name."""
    clean = cleaner(task.cleaning)
    bad = BadLines()
    numbered = list(numbered_documents(task.block, bad))
    outcomes = clean.many([document for _, document in numbered])
    kept: list[Document] = []
    tiers: list[int] = []
    dropped: list[dict[str, Any]] = []
    counts: dict[str, Counter] = {}
    samples: list[dict[str, str]] = []
    for (line, document), (step, result) in zip(numbered, outcomes, strict=True):
        count = counts.setdefault(document.source, Counter())
        size = len(_bytes(document.text))
        count["read"] += 1
        count["read_bytes"] += size
        if isinstance(result, Dropped):
            count[f"{step}/{result.reason}"] += 1
            count[f"{step}/{result.reason}/bytes"] += size
            dropped.append(_drop(clean, document, step, result))
            if result.reason == FAILED:
                place = f"{task.block.path}:{line}"
                bad(ClovaError(f"{place}: the step {step!r}: {dropped[-1]['detail']}"))
            continue
        kept.append(result)
        tiers.append(clean.context.source(document).tier if task.tier is None else task.tier)
        if len(samples) < _SAMPLES and "<|" in result.text:
            samples += _masked(result)
    out = task.out
    write_jsonl(out.with_name(out.name + ".jsonl.zst"), map(as_json, kept))
    write_jsonl(out.with_name(out.name + ".dropped.jsonl.zst"), dropped)
    _write_arrays(out.with_name(out.name + ".npz"), kept, tiers, list(counts))
    summary = {
        "kept": len(kept),
        "bad_lines": bad.count,
        "bad_line_messages": bad.first,
        "sources": counts,
        "changes": {name: dict(sorted(count.items())) for name, count in clean.changes.items()},
        "masked": samples,
    }
    write_json(out.with_name(out.name + ".json"), summary)
    return out.name


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _drop(clean: Cleaner, document: Document, step: str, dropped: Dropped) -> dict[str, str]:
    """Returns the line of a dropped document."""
    return {
        "id": document.id,
        "source": document.source,
        "step": step,
        "reason": dropped.reason,
        "detail": clean.context.excerpt(dropped.detail, EXCERPT),
        "text": clean.context.excerpt(document.text, EXCERPT),
    }


def _write_arrays(
    path: Path, kept: Sequence[Document], tiers: Sequence[int], sources: Sequence[str]
) -> None:
    """Writes what the later stages read of each document (`part_arrays`)."""
    ids = [_bytes(document.id) for document in kept]
    signed = signatures([document.text for document in kept])
    with whole_file(path, "wb") as file:
        np.savez(
            file,
            digests=signed.digests,
            minhashes=signed.minhashes,
            tiers=np.array(tiers, np.uint8),
            sources=np.array([sources.index(document.source) for document in kept], np.int32),
            bytes=np.array([len(_bytes(document.text)) for document in kept], np.int64),
            ids=np.frombuffer(b"".join(ids), np.uint8),
            id_lengths=np.array([len(name) for name in ids], np.int32),
        )


def _masked(document: Document) -> list[dict[str, str]]:
    """Returns the first places of a document that were masked, with the words around them."""
    places = [match.start() for match in _TAG.finditer(document.text)][:3]
    return [{"id": document.id, "text": document.text[max(0, at - 40) : at + 50]} for at in places]
