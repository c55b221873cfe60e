"""Joins token records of mappers (`data.records`) into the streams of a token store.

The records are read in the order of the corpus: files by name, lines as they stand. A first pass settles what is
kept for validation, a second one hands the ids on. So the store has the bytes of one that was made in one place.
"""

import base64
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.json_values import fields
from clova_jax.corpus import Split, base_of, shown_name
from clova_jax.data.encoding import Encoded, unknown_tokens
from clova_jax.data.records import FORMAT
from clova_jax.data.split import Limits, Row, SourceSizes, measure
from clova_jax.data.store import Tokenizer, describe, dtype_for

_BATCH = 1 << 20  # tokens that are handed on at once
_SPLIT = {"format": str, "tokenizer": dict, "file": str, "start": int, "length": int | None}
_RECORD = {"line": int, "id": str | None, "source": str, "bytes": int, "text_hash": int}
_END = {"lines": int, "documents": int, "empty_documents": int, "bad_lines": int, "messages": list}


@dataclass(frozen=True)
class _Part:
    """Names a file of records, and what it was made of."""

    path: Path
    file: str
    split: Split


class Records:
    """Reads the records of a corpus.

    Args:
        folder: holds a file a split; hidden ones and Hadoop's own (`_SUCCESS`) are passed over.
        files: those of the corpus.
        tokenizer: has made the records.

    Raises:
        ClovaError: no records, those of another tokenizer, or a part of a corpus file without any.
    """

    def __init__(self, folder: Path, files: Sequence[Path], tokenizer: Tokenizer) -> None:
        self.folder, self.tokenizer = folder, tokenizer
        self.counts: Counter = Counter()
        self.messages: list[str] = []
        self._parts = _in_order(folder, files, [_head(path, tokenizer) for path in _listed(folder)])

    def survey(self) -> dict[str, SourceSizes]:
        """Counts by source, in a first pass.

        Raises:
            ClovaError: a file of records is damaged or cut short.
        """
        self.counts.clear()
        sources: dict[str, SourceSizes] = {}
        rows = (row for row, _ in self._rows())
        while some := list(itertools.islice(rows, 10_000)):
            for source, sizes in measure(some).items():
                sources.setdefault(source, SourceSizes()).add(sizes)
        return sources

    def encoded(
        self, limits: dict[str, Limits]
    ) -> Iterator[tuple[dict[tuple[str, str], Encoded], Counter]]:
        """Yields, in a second pass, what goes to each split and source, and counts of what got lost."""
        rows = self._rows()
        dtype = dtype_for(self.tokenizer.vocab_size)
        while some := list(_some(rows, dtype)):
            streams: dict[tuple[str, str], list[tuple[Row, np.ndarray]]] = {}
            for row, ids in some:
                split = "validation" if limits[row.source].hold_out(row) else "train"
                streams.setdefault((split, row.source), []).append((row, ids))
            joined = {key: _joined(members) for key, members in streams.items()}
            unknown = sum(unknown_tokens(self.tokenizer, part.ids) for part in joined.values())
            yield joined, Counter(unknown_tokens=unknown)

    def _rows(self) -> Iterator[tuple[Row, bytes]]:
        """Yields each document with the bytes of its ids, and sums up the counts of the splits."""
        for _, parts in itertools.groupby(self._parts, lambda part: part.file):
            before = 0  # lines of the file in the splits before
            for part in parts:
                end = yield from self._rows_of(part, before)
                before += end["lines"]
                for name in ("empty_documents", "bad_lines"):
                    self.counts[name] += end[name]
                self.messages += end["messages"]

    def _rows_of(self, part: _Part, before: int) -> Iterator[tuple[Row, bytes]]:
        end, count = None, 0
        for number, found in read_jsonl(part.path):
            place = f"{part.path}:{number}"
            if "end" in found:
                end = fields(found["end"], place, _END)
            elif "split" not in found:
                row = fields(found, place, _RECORD | {"tokens": str})
                identifier = row["id"] or f"{part.file}:{before + row['line']}"
                ids = self._ids(row["tokens"], place)
                yield Row(row["source"], identifier, row["text_hash"], row["bytes"]), ids
                count += 1
        if end is None or end["documents"] != count:
            raise ClovaError(
                f"{part.path}: the records of {part.split.shown} are cut short; map it again"
            )
        return end

    def _ids(self, tokens: str, place: str) -> bytes:
        dtype = dtype_for(self.tokenizer.vocab_size)
        try:
            ids = base64.b64decode(tokens, validate=True)
            last = np.frombuffer(ids[-dtype.itemsize :], dtype)
            whole = len(ids) % dtype.itemsize == 0 and last == self.tokenizer.end_of_text
        except ValueError:
            whole = False
        if not whole:
            raise ClovaError(f"{place}: no token ids that end a document; map its split again")
        return ids


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ClovaError(f"{folder}: no such folder of token records")
    names = sorted(path for path in folder.iterdir() if path.name[0] not in "._")
    found = [path for path in names if path.is_file()]
    if not found:
        raise ClovaError(f"{folder}: no token records in it")
    return found


def _head(path: Path, tokenizer: Tokenizer) -> _Part:
    """Reads the first line of a file of records."""
    first: dict[str, Any] = next((row for _, row in read_jsonl(path)), {})
    if "split" not in first:
        raise ClovaError(f"{path}: holds no token records of `clova serialize --executor stream`")
    split = fields(first["split"], path, _SPLIT)
    if split["format"] != FORMAT:
        raise ClovaError(f"{path}: format {split['format']!r:.40}, not {FORMAT!r}")
    ours = describe(tokenizer)
    for key, value in split["tokenizer"].items():
        if ours.get(key) != value:
            raise ClovaError(
                f"{path}: made with a tokenizer whose {key} is {value!r}, the one given has "
                f"{ours.get(key)!r}; map again with it"
            )
    return _Part(path, split["file"], Split(Path(split["file"]), split["start"], split["length"]))


def _in_order(folder: Path, files: Sequence[Path], parts: list[_Part]) -> list[_Part]:
    """Brings the parts into the corpus' order, with the names of its files; nothing is missing and nothing twice."""
    base, their_base = base_of(list(files)), base_of([part.split.path for part in parts])
    of_file: dict[str, list[_Part]] = {}
    for part in parts:
        name = shown_name(part.split.path.relative_to(their_base))
        of_file.setdefault(name, []).append(_Part(part.path, name, part.split))
    ordered: list[_Part] = []
    for path in files:
        name, size = shown_name(path.relative_to(base)), path.stat().st_size
        at = 0
        for part in sorted(of_file.pop(name, []), key=lambda part: part.split.start):
            if part.split.start < at:
                raise ClovaError(
                    f"{part.path}: records of {path} from byte {part.split.start} twice"
                )
            if part.split.start > at:
                break
            at += size - at if part.split.length is None else part.split.length
            ordered.append(part)
        if at < size:
            raise ClovaError(f"{folder}: no records of {path} from byte {at} on; map it again")
    for name, (part, *_) in of_file.items():
        raise ClovaError(f"{part.path}: records of {name}, which the corpus {base} does not have")
    return ordered


def _some(rows: Iterator[tuple[Row, bytes]], dtype: np.dtype) -> Iterator[tuple[Row, np.ndarray]]:
    """Yields rows until they hold enough tokens."""
    tokens = 0
    for row, ids in rows:
        yield row, np.frombuffer(ids, dtype)
        tokens += len(ids) // dtype.itemsize
        if tokens >= _BATCH:
            return


def _joined(members: list[tuple[Row, np.ndarray]]) -> Encoded:
    ids = [of_document for _, of_document in members]
    ends = np.cumsum([len(some) for some in ids], dtype=np.int64)
    return Encoded(np.concatenate(ids), ends, sum(row.size for row, _ in members))
