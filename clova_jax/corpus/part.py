"""Reads what cleaning left of a block on disk, for the later stages.

A part has four files: `NAME.jsonl.zst` (the documents kept so far), `NAME.dropped.jsonl.zst`,
`NAME.npz` (their signatures, sources and sizes), and, written last to mark it complete, `NAME.json` (counts).
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import read_json, read_lines
from clova_jax.common.json_values import to_json
from clova_jax.corpus.documents import Document


def as_json(document: Document) -> dict[str, str]:
    """Returns a document as the object of its line.

    `meta` is JSON in a string: lines whose objects have other keys would have other schemas, and `datasets` and
    Parquet want one for all.
    """
    return {
        "text": document.text,
        "id": document.id,
        "source": document.source,
        "meta": to_json(document.meta),
    }


def document_of(line: str) -> Document:
    """Returns the document of a part's line."""
    row = json.loads(line)
    if isinstance(row["meta"], str):  # an object in parts that a version before wrote
        row["meta"] = json.loads(row["meta"])
    return Document(**row)


def part_lines(out: Path) -> Iterator[str]:
    """Yields the documents of a part, a JSON object per line."""
    for _, line in read_lines(out.with_name(out.name + ".jsonl.zst")):
        yield line


def part_counts(out: Path) -> dict[str, Any]:
    """Reads the counts of a part."""
    return read_json(out.with_name(out.name + ".json"))


def part_arrays(out: Path) -> Any:
    """Opens the arrays of a part's documents: `digests, minhashes, tiers, sources, bytes, ids, id_lengths`."""
    return np.load(out.with_name(out.name + ".npz"), allow_pickle=False)


def is_whole(out: Path) -> bool:
    """Checks whether the part was finished."""
    return out.with_name(out.name + ".json").is_file()


def kept_sizes(parts: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Returns, of every document of the parts, its source's number and its bytes, both int64[n]; and the sources' names."""
    names: dict[str, int] = {}
    sources, sizes = [], []
    for part in parts:
        local = part_counts(part)["sources"]
        numbers = np.array([names.setdefault(name, len(names)) for name in local], np.int64)
        with part_arrays(part) as arrays:
            sources.append(numbers[arrays["sources"]] if len(numbers) else np.zeros(0, np.int64))
            sizes.append(arrays["bytes"])
    none = [np.zeros(0, np.int64)]
    return np.concatenate(sources or none), np.concatenate(sizes or none), list(names)
