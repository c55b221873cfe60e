"""Runs the steps as a filter from JSON Lines to JSON Lines: a mapper for Hadoop streaming.

    hadoop jar hadoop-streaming.jar -mapper "clova corpus --executor stream" -reducer NONE …

Given ids are kept; a line without one gets `file:line` of the mapper's input, where Hadoop names the file.
What was dropped is counted on standard error, as `reporter:counter` lines for Hadoop.
"""

import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO, TextIO

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import as_line
from clova_jax.corpus.clean.cleaner import FAILED, cleaner
from clova_jax.corpus.documents import BadLines, Block, Document, LineBlocks, numbered_documents
from clova_jax.corpus.part import as_json
from clova_jax.corpus.run.clean_part import EXCERPT
from clova_jax.corpus.settings import Cleaning


def map_stream(source: BinaryIO, target: BinaryIO, cleaning: Cleaning, log: TextIO) -> Counter:
    """Runs the steps over a stream of lines; returns what was counted.

    Args:
        source: JSON Lines.
        target: gets the documents that are kept, a JSON object per line.
        cleaning: which steps run, and what they do.
        log: gets the messages and the counters.
    """
    clean = cleaner(cleaning)
    name = os.environ.get("mapreduce_map_input_file")  # noqa: SIM112 - as Hadoop spells it
    path = Path(name) if name else Path("stdin.jsonl")
    if ".jsonl" not in path.name:
        path = path.with_name(path.name + ".jsonl")
    total: Counter = Counter()
    bad = BadLines()
    blocks = LineBlocks(path, path.name, on_error=bad)

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
