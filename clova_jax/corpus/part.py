"""One block cleaned, on disk: what a worker writes and later stages read.

A part has four files: `NAME.jsonl.zst` (the documents that stay so far), `NAME.dropped.jsonl.zst`,
`NAME.npz` (their signatures), and, written last as the mark that it is whole, `NAME.json` (counts).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_lines, whole_file, write_json, write_jsonl
from clova_jax.corpus.clean.cleaner import FAILED, Cleaning, Dropped, cleaner
from clova_jax.corpus.clean.privacy import TYPES
from clova_jax.corpus.dedup.pairs import signatures
from clova_jax.corpus.documents import BadLines, Block, Document, numbered_documents

EXCERPT = 200


@dataclass(frozen=True)
class CleanTask:
    """A block to clean.

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


def clean_part(task: CleanTask) -> str:
    """Cleans a block and writes its part; returns the part's name."""
    clean = cleaner(task.cleaning)
    bad = BadLines()
    kept: list[Document] = []
    tiers: list[int] = []
    dropped: list[dict[str, Any]] = []
    counts: dict[str, Counter] = {}
    changes: dict[str, Counter] = {name: Counter() for name, _ in clean.steps}
    samples: list[dict[str, str]] = []
    numbered = list(numbered_documents(task.block, bad))
    results = clean.many([document for _, document in numbered], changes)
    for (line, document), (step, result) in zip(numbered, results, strict=True):
        count = counts.setdefault(document.source, Counter())
        size = len(document.text.encode("utf-8", "surrogatepass"))
        count["read"] += 1
        count["read_bytes"] += size
        if isinstance(result, Dropped):
            count[f"{step}/{result.reason}"] += 1
            count[f"{step}/{result.reason}/bytes"] += size
            if result.reason == FAILED:
                detail = clean.excerpt(result.detail, EXCERPT)
                bad(ClovaError(f"{task.block.path}:{line}: the step {step!r}: {detail}"))
            dropped.append(
                {
                    "id": document.id,
                    "source": document.source,
                    "step": step,
                    "reason": result.reason,
                    "detail": clean.excerpt(result.detail, EXCERPT),
                    "text": clean.excerpt(document.text, EXCERPT),
                }
            )
            continue
        kept.append(result)
        tiers.append(clean.source(document).tier if task.tier is None else task.tier)
        if len(samples) < 20 and "<|" in result.text:
            samples += _masked(result)
    out = task.out
    write_jsonl(out.with_name(out.name + ".jsonl.zst"), map(as_json, kept))
    write_jsonl(out.with_name(out.name + ".dropped.jsonl.zst"), dropped)
    names = list(counts)
    ids = [document.id.encode("utf-8", "surrogatepass") for document in kept]
    signed = signatures([document.text for document in kept]) if kept else None
    with whole_file(out.with_name(out.name + ".npz"), "wb") as file:
        np.savez(
            file,
            digests=signed.digests if signed else np.zeros((len(kept), 2), np.uint64),
            minhashes=signed.minhashes if signed else np.zeros((len(kept), 64), np.uint32),
            tiers=np.array(tiers, np.uint8),
            sources=np.array([names.index(document.source) for document in kept], np.int32),
            bytes=np.array(
                [len(document.text.encode("utf-8", "surrogatepass")) for document in kept], np.int64
            ),
            ids=np.frombuffer(b"".join(ids), np.uint8),
            id_lengths=np.array([len(name) for name in ids], np.int32),
        )
    write_json(
        out.with_name(out.name + ".json"),
        {
            "kept": len(kept),
            "bad_lines": bad.count,
            "bad_line_messages": bad.first,
            "sources": counts,
            "changes": {name: dict(sorted(count.items())) for name, count in changes.items()},
            "masked": samples,
        },
    )
    return out.name


_TAG = re.compile(r"<\|(?:" + "|".join(TYPES) + r")\|>")


def _masked(document: Document) -> list[dict[str, str]]:
    """The first places of a document that were masked, with the words around them."""
    places = [match.start() for match in _TAG.finditer(document.text)][:3]
    return [{"id": document.id, "text": document.text[max(0, at - 40) : at + 50]} for at in places]


def as_json(document: Document) -> dict[str, Any]:
    """A document as the object of its line."""
    return {
        "text": document.text,
        "id": document.id,
        "source": document.source,
        "meta": document.meta,
    }


def part_lines(out: Path) -> Iterator[str]:
    """The documents of a part, a JSON object a line."""
    for _, line in read_lines(out.with_name(out.name + ".jsonl.zst")):
        yield line


def part_counts(out: Path) -> dict[str, Any]:
    """The counts of a part."""
    return read_json(out.with_name(out.name + ".json"))


def is_whole(out: Path) -> bool:
    """Whether the part was finished."""
    return out.with_name(out.name + ".json").is_file()
