"""The map steps as a filter from JSON Lines to JSON Lines: a mapper for Hadoop streaming.

    hadoop jar hadoop-streaming.jar -mapper "clova corpus --executor stream" -reducer NONE …

Ids that are given stay; a line without one gets `file:line` of the mapper's input, as far as Hadoop tells the file.
What was dropped is counted on standard error, for Hadoop as `reporter:counter` lines.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO, TextIO

from clova_jax.corpus.documents import BLOCK_BYTES, BadLines, Block, Document, parse_block
from clova_jax.corpus.parts import as_json
from clova_jax.corpus.steps import Cleaning, cleaner


def map_stream(source: BinaryIO, target: BinaryIO, cleaning: Cleaning, log: TextIO) -> Counter:
    """Runs the map steps over a stream of lines; returns what was counted."""
    clean = cleaner(cleaning)
    name = os.environ.get("mapreduce_map_input_file")  # noqa: SIM112 - as Hadoop spells it
    path = Path(name) if name else Path("stdin.jsonl")
    if ".jsonl" not in path.name:
        path = path.with_name(path.name + ".jsonl")
    total: Counter = Counter()
    bad = BadLines()
    line, rest = 1, b""
    while True:
        piece = source.read(BLOCK_BYTES)
        data, newline, rest = (rest + piece).rpartition(b"\n") if piece else (rest, b"", b"")
        if data or newline:
            block = Block(path, line, 0, data + newline)
            documents = list(parse_block(block, bad))
            changes = {step: Counter() for step, _ in clean.steps}
            for step, result in clean.many(documents, changes):
                if isinstance(result, Document):
                    total["kept"] += 1
                    row = json.dumps(as_json(result), ensure_ascii=False)
                    target.write(row.encode("utf-8", "surrogatepass") + b"\n")
                else:
                    total[f"{step}/{result.reason}"] += 1
            line = block.next_line
        if not piece:
            break
    target.flush()
    total["bad_lines"] += bad.count
    for message in bad.first:
        print(f"clova corpus: {message}", file=log)
    for name, count in sorted(total.items()):
        print(f"reporter:counter:clova corpus,{name},{count}", file=log)
    return total
