"""Maps documents to token records, JSON Lines: tokenisation on many machines, a mapper for Hadoop streaming and Spark.

    hadoop jar hadoop-streaming.jar -mapper "clova serialize --executor stream --tokenizer tok" -reducer NONE …

A mapper reads a split, a whole corpus file or some consecutive lines of one, and writes one file of records: first the
split, then a record a document in the order of its lines, last the counts, which say that nothing was cut off.

    {"split": {"format": …, "tokenizer": {…}, "file": …, "start": 0, "length": null}}
    {"line": 1, "id": "…", "source": "…", "bytes": 345, "text_hash": 1234, "tokens": "base64 of the ids"}
    {"end": {"lines": 1, "documents": 1, "tokens": 99, "bytes": 345, "empty_documents": 0, "bad_lines": 0, "messages": []}}

What hangs on the whole corpus is settled when the records are joined (`data.join`): which documents are kept for
validation, and the ids of lines that have none (null here).
"""

import base64
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from clova_jax.common.files import as_line, write_lines
from clova_jax.corpus import (
    BadLines,
    Block,
    Document,
    LineBlocks,
    Split,
    numbered_documents,
    read_blocks,
    shown_name,
    split_of_mapper,
)
from clova_jax.data.encoding import encode_texts
from clova_jax.data.split import row_of
from clova_jax.data.store import Tokenizer, describe

FORMAT = "clova-token-records-1"
COUNTS = ("documents", "tokens", "bytes", "empty_documents", "bad_lines")
_NO_ID = "\0/"  # begins the name of a block, and so the ids of the lines that have none


class Mapper:
    """Encodes the blocks of one split.

    Args:
        split: what is read.
        tokenizer: closes each document with its `end_of_text`.
    """

    def __init__(self, split: Split, tokenizer: Tokenizer) -> None:
        self.split, self.tokenizer = split, tokenizer
        self.bad, self.counts = BadLines(), Counter(dict.fromkeys(COUNTS, 0))

    def begin(self) -> str:
        """Returns the first line."""
        about = {"format": FORMAT, "tokenizer": describe(self.tokenizer)}
        place = {"file": shown_name(self.split.path)} | self.split.extent
        return as_line({"split": about | place})

    def block(self, block: Block) -> Iterator[str]:
        """Yields the records of a block's documents."""
        block = replace(block, name=_NO_ID + shown_name(self.split.path.name))
        numbered = list(numbered_documents(block, self.bad))
        filled = [(line, document) for line, document in numbered if document.text]
        self.counts["empty_documents"] += len(numbered) - len(filled)
        if not filled:
            return
        encoded = encode_texts(self.tokenizer, [document.text for _, document in filled])
        start = 0
        for (line, document), end in zip(filled, encoded.ends.tolist(), strict=True):
            yield as_line(_record(line, document, encoded.ids[start:end]))
            start = end
        self.counts["documents"] += len(filled)
        self.counts["tokens"] += len(encoded.ids)
        self.counts["bytes"] += encoded.text_bytes

    def end(self, lines: int) -> str:
        """Returns the last line.

        Args:
            lines: ends of lines in the split, of bad and empty ones too.
        """
        self.counts["bad_lines"] = self.bad.count
        return as_line({"end": {"lines": lines} | self.counts | {"messages": self.bad.first[:10]}})


def _record(line: int, document: Document, ids: Any) -> dict[str, Any]:
    row = row_of(document)
    return {
        "line": line,
        "id": None if row.id.startswith(_NO_ID) else row.id,
        "source": row.source,
        "bytes": row.size,
        "text_hash": row.text_hash,
        "tokens": base64.b64encode(ids.tobytes()).decode(),
    }


def map_tokens(source: BinaryIO, target: BinaryIO, tokenizer: Tokenizer, log: TextIO) -> Counter:
    """Encodes a stream of JSON Lines; returns what was counted.

    Args:
        source: the lines of the split that the environment names (`corpus.split_of_mapper`).
        target: gets the records.
        tokenizer: encodes.
        log: gets a line for each bad line of the input, 100 at most, and the counts, as `reporter:counter` lines for Hadoop.
    """
    mapper = Mapper(split_of_mapper(), tokenizer)
    blocks = LineBlocks(mapper.split.shown, mapper.split.path.name, on_error=mapper.bad)

    def write(lines: Iterable[str]) -> None:
        for line in lines:
            target.write(line.encode("utf-8", "backslashreplace") + b"\n")

    write([mapper.begin()])
    while piece := source.read(1 << 20):
        for block in blocks.add(piece):
            write(mapper.block(block))
    for block in blocks.end():
        write(mapper.block(block))
    write([mapper.end(blocks.line - 1)])
    target.flush()
    for message in mapper.bad.first:
        print(f"clova serialize: {message}", file=log)
    for name in COUNTS:
        print(f"reporter:counter:clova serialize,{name},{mapper.counts[name]}", file=log)
    return mapper.counts


@dataclass(frozen=True)
class FileTask:
    """Names a corpus file to encode as one split, and the file of its records."""

    path: Path
    out: Path


def map_file(task: FileTask, tokenizer: Tokenizer) -> None:
    """Writes the records of a whole corpus file; appears under its name when it is finished.

    Raises:
        ClovaError: the file cannot be read to its end.
    """
    mapper = Mapper(Split(task.path), tokenizer)

    def lines() -> Iterator[str]:
        yield mapper.begin()
        for block in read_blocks(task.path, on_error=mapper.bad):
            yield from mapper.block(block)
        yield mapper.end(0)

    write_lines(task.out, lines())
    for message in mapper.bad.first:
        print(f"clova serialize: {message}", file=sys.stderr)
