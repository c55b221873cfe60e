"""Runs the steps as a filter from JSON Lines to JSON Lines: a mapper for Hadoop streaming.

    hadoop jar hadoop-streaming.jar -mapper "clova corpus --executor stream" -reducer NONE …

Given ids are kept; a line without one gets `file:line` of the mapper's input, where Hadoop names the file (for a later split of a
file, the line is counted from the split's first). What was dropped is counted on standard error, as `reporter:counter` lines for Hadoop.
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import as_line
from clova_jax.corpus.clean.cleaner import FAILED, cleaner
from clova_jax.corpus.documents import BadLines, Block, Document, LineBlocks, numbered_documents
from clova_jax.corpus.part import as_json
from clova_jax.corpus.run.clean_part import EXCERPT
from clova_jax.corpus.settings import Cleaning


@dataclass(frozen=True)
class Split:
    """Names what a mapper reads: a file, or some consecutive lines of one.

    Args:
        path: of the file, as Hadoop spells it, or as this machine does.
        start: stored byte at which the split begins.
        length: of the split in stored bytes; None for all that follows.
    """

    path: Path
    start: int = 0
    length: int | None = None

    @property
    def extent(self) -> dict[str, int | None]:
        """Returns start and length, as JSON values."""
        return {"start": self.start, "length": self.length}

    @property
    def shown(self) -> Path:
        """Returns the path for messages, whose lines count from `start`."""
        return self.path.with_name(f"{self.path.name}@{self.start}") if self.start else self.path


def split_of_mapper() -> Split:
    """Returns the split that standard input holds, by the environment of a mapper of Hadoop streaming.

    Raises:
        ClovaError: its extent is no number.
    """
    found = {
        key: os.environ.get(f"mapreduce_map_input_{key}") for key in ("file", "start", "length")
    }
    path = Path(found.pop("file") or "stdin.jsonl")
    if ".jsonl" not in path.name:
        path = path.with_name(path.name + ".jsonl")
    for key, value in found.items():
        if value and not (value.isascii() and value.isdigit()):
            raise ClovaError(f"mapreduce_map_input_{key} is {value!r}, no number of bytes")
    return Split(path, int(found["start"] or 0), int(found["length"]) if found["length"] else None)


def map_stream(source: BinaryIO, target: BinaryIO, cleaning: Cleaning, log: TextIO) -> Counter:
    """Runs the steps over a stream of lines; returns what was counted.

    Args:
        source: JSON Lines.
        target: gets the documents that are kept, a JSON object per line.
        cleaning: which steps run, and what they do.
        log: gets the messages and the counters.
    """
    clean = cleaner(cleaning)
    split = split_of_mapper()
    path, total, bad = split.shown, Counter(), BadLines()
    blocks = LineBlocks(path, split.path.name, on_error=bad)

    def clean_block(block: Block) -> None:
        numbered = list(numbered_documents(block, bad))
        results = clean.many([document for _, document in numbered])
        for (line, _), (step, result) in zip(numbered, results, strict=True):
            if isinstance(result, Document):
                total["kept"] += 1
                target.write(as_line(as_json(result)).encode("utf-8", "backslashreplace") + b"\n")
                continue
            total[f"{step}/{result.reason}"] += 1
            if result.reason == FAILED:
                detail = clean.context.excerpt(result.detail, EXCERPT)
                bad(ClovaError(f"{path}:{line}: the step {step!r}: {detail}"))

    while piece := source.read(1 << 20):
        for block in blocks.add(piece):
            clean_block(block)
    for block in blocks.end():
        clean_block(block)
    target.flush()
    total["bad_lines"] += bad.count
    for message in bad.first:
        print(f"clova corpus: {message}", file=log)
    for name, count in sorted(total.items()):
        print(f"reporter:counter:clova corpus,{name},{count}", file=log)
    return total
