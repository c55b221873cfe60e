"""Writes what was kept of a part in the form of its sites' pages (`corpus.forms`): a part of pages.

It comes after the search for duplicates, which compares what people wrote, and before the mixture, which counts
what a model will read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clova_jax.common.files import whole_file, write_json, write_jsonl
from clova_jax.corpus.forms import count_fits, in_forms
from clova_jax.corpus.part import as_json, document_of, part_lines
from clova_jax.corpus.sources import read_sources


@dataclass(frozen=True)
class ShowTask:
    """Names a part whose documents are shown.

    Args:
        part: as cleaning left it.
        keep: bool[n], which of its documents are no duplicates.
        forms: share of the documents to show, by form.
        sources: the user's registry.
        out: the path of the part of pages, without a suffix.
    """

    part: Path
    keep: np.ndarray
    forms: Mapping[str, float]
    sources: Path | None
    out: Path


def show_part(task: ShowTask) -> str:
    """Writes a part of pages: its documents, their sources and sizes, and what fitted; returns its name."""
    registry, out = read_sources(task.sources), task.out
    lines = zip(part_lines(task.part), task.keep.tolist(), strict=True)
    documents = [document_of(line) for line, kept in lines if kept]
    pages = list(in_forms(documents, task.forms, registry))
    names = sorted({page.source for page in pages})
    write_jsonl(out.with_name(out.name + ".jsonl.zst"), map(as_json, pages))
    with whole_file(out.with_name(out.name + ".npz"), "wb") as file:
        sizes = [len(page.text.encode("utf-8", "surrogatepass")) for page in pages]
        np.savez(
            file,
            sources=np.array([names.index(page.source) for page in pages], np.int32),
            bytes=np.array(sizes, np.int64),
        )
    counts = {
        "kept": len(pages),
        "sources": names,
        "fits": count_fits(documents, task.forms, registry).counts,
    }
    write_json(out.with_name(out.name + ".json"), counts)
    return out.name
