"""Reads raw input of any form as blocks of JSON Lines: the unit of work of the pipeline.

`.jsonl` is read as it is; `.txt` is one document a file; `.csv` and `.tsv` one a row, with a column
of text; `.html` one page a file, extracted later by a worker; `.json` a corpus of the National Institute of
Korean Language or of AI Hub (`json_corpora`). Each plain, `.gz` or `.zst`. `.parquet`, and the `.arrow` files of
a folder of `datasets`, are one document a row (`columnar`). A place is a file, a folder (its `corpus/`, where it has
one, is meant) or a glob (`places`).

Everything is read in bounded memory: a document of over 32 MiB is named, and passed over.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import READ_ERRORS, as_line, open_binary, read_chunks, read_whole
from clova_jax.common.lines import LongRow, table_rows
from clova_jax.corpus import documents
from clova_jax.corpus.clean.privacy import excerpt
from clova_jax.corpus.documents import LONGEST, Block, read_blocks
from clova_jax.corpus.places import OnError, find_files, plain_stem, plain_suffix, shown_name, stop
from clova_jax.corpus.read.columnar import (
    COLUMNAR,
    TEXT_COLUMNS,
    need_arrow,
    table_documents,
    without_bookkeeping,
)
from clova_jax.corpus.read.json_corpora import INSTITUTE, json_documents
from clova_jax.corpus.sources import Registry, source_of

_FORMATS = (".jsonl", ".json", ".txt", ".csv", ".tsv", ".html", ".htm", *COLUMNAR)
_PAGES = (".txt", ".html", ".htm")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def input_files(
    place: str | Path, on_error: OnError = stop, without: Path | None = None
) -> list[Path]:
    """Lists the files of a place, in order of name (`places.find_files`).

    Raises:
        ClovaError: nothing there, or nothing that can be read; Parquet without its package.
    """
    files = without_bookkeeping(find_files(place, _FORMATS, on_error, without))
    if columnar := next((path for path in files if plain_suffix(path.name) in COLUMNAR), None):
        need_arrow(columnar)  # now, not file by file
    return files


def file_groups(files: list[Path]) -> list[list[Path]]:
    """Groups files into work for one reader: a large file alone, small pages and texts of a folder together."""
    groups: list[list[Path]] = []
    for path in files:
        small = plain_suffix(path.name) in _PAGES
        if small and groups and len(groups[-1]) < 1000 and groups[-1][0].parent == path.parent:
            before = groups[-1][0]
            if plain_suffix(before.name) in _PAGES:
                groups[-1].append(path)
                continue
        groups.append([path])
    return groups


def group_blocks(
    group: list[Path], base: Path, on_error: OnError, registry: Registry | None = None
) -> Iterator[Block]:
    """Yields the blocks of a group of files; always the same ones for the same content.

    Args:
        group: of `file_groups`.
        base: names of files are relative to it.
        on_error: called with a ClovaError for each file or row that cannot be read.
        registry: the user's sources (`read_sources`): a source that is registered keeps its name.
    """
    first = group[0]
    suffix = plain_suffix(first.name)
    try:
        if suffix == ".jsonl":
            yield from read_blocks(first, base=base, on_error=on_error)
        elif suffix == ".json":
            yield from _blocks(
                first, _until_damage(_json(first, base, on_error, registry), on_error)
            )
        elif suffix in COLUMNAR:
            name, source = shown_name(first.relative_to(base)), _source(first, base)
            rows = table_documents(first, name, source, on_error)
            yield from _blocks(first, _until_damage(rows, on_error))
        elif suffix in (".csv", ".tsv"):
            yield from _blocks(first, _until_damage(_rows(first, base, on_error), on_error))
        else:
            yield from _blocks(first, _files(group, base, on_error))
    except ClovaError as error:
        on_error(error)


def _until_damage(rows: Iterator[dict[str, Any]], on_error: OnError) -> Iterator[dict[str, Any]]:
    """Yields rows up to what ends their file, so that the block they are in is not lost."""
    try:
        yield from rows
    except ClovaError as error:
        on_error(error)


def _blocks(path: Path, rows: Iterator[dict[str, Any]]) -> Iterator[Block]:
    parts: list[bytes] = []
    size, start = 0, 1
    for row in rows:
        line = as_line(row).encode("utf-8", "backslashreplace") + b"\n"
        parts.append(line)
        size += len(line)
        if size >= documents.BLOCK_BYTES:
            yield Block(path, start, 0, b"".join(parts))
            start += len(parts)
            parts, size = [], 0
    if parts:
        yield Block(path, start, 0, b"".join(parts))


def _source(path: Path, base: Path) -> str:
    """Returns the first folder of a file's name, or the one that all files are in."""
    name = shown_name(path.relative_to(base))
    return name.split("/")[0] if "/" in name else (shown_name(base.resolve().name) or "corpus")


def _files(group: list[Path], base: Path, on_error: OnError) -> Iterator[dict[str, Any]]:
    for path in group:
        try:
            text = decode(read_whole(path, LONGEST, "cut it in several documents"), path)
        except ClovaError as error:
            on_error(error)
            continue
        html = plain_suffix(path.name) in (".html", ".htm")
        yield {
            "text": text,
            "id": shown_name(path.relative_to(base)),
            "source": _source(path, base),
            "meta": {"format": "html"} if html else {},
        }


def decode(data: bytes, place: str | Path) -> str:
    """Decodes UTF-8, or else a charset of older Korean files.

    Args:
        data: a complete file.
        place: its name, for the message.

    Raises:
        ClovaError: it is in none of them.
    """
    for charset in _charsets(data):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    raise _no_charset(place)


def _charsets(head: bytes) -> tuple[str, ...]:
    return ("utf-16",) if head[:2] in _UTF_16 else ("utf-8-sig", "cp949")


def _no_charset(place: str | Path) -> ClovaError:
    return ClovaError(f"{place}: neither UTF-8 nor CP949; convert it first")


def _charset(path: Path) -> str:
    """The charset of a whole file, found in a pass of its own: none of it is kept."""
    decoders: dict[str, codecs.IncrementalDecoder] = {}
    pieces = read_chunks(path)
    try:
        for number, piece in enumerate(pieces):
            if not number:
                decoders = {name: codecs.getincrementaldecoder(name)() for name in _charsets(piece)}
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    del decoders[name]
                    if not decoders:
                        raise _no_charset(path) from None
    except ClovaError:
        if not decoders:
            raise
    # Else damaged: its intact part is read, and the damage is reported.
    return next(iter(decoders), "utf-8-sig")


class _Lines:
    """The lines of a text file without their ends, and an end to what one row may take.

    Raises:
        LongRow: more than 32 Mi characters since `taken` was set to 0.
        ClovaError: the file is damaged from here on.
    """

    def __init__(self, path: Path, file: io.TextIOBase) -> None:
        self._path, self._file = path, file
        self._number = 0  # of the line that was read last
        self.taken = 0  # characters since the last row

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self._number += 1
        rest = line
        while len(rest) == LONGEST and not rest.endswith("\n"):
            rest = self._read()
        if self.taken > LONGEST:
            self.taken = 0
            raise LongRow(f"a row of over {LONGEST >> 20} million characters; an open quote?")
        return line.removesuffix("\n").removesuffix("\r")

    def _read(self) -> str:
        try:
            part = self._file.readline(LONGEST)
        except READ_ERRORS as error:
            place = f"{self._path}:{self._number + 1}"
            raise ClovaError(f"{place}: cannot be read from here on ({error})") from None
        self.taken += len(part)
        return part


def _rows(path: Path, base: Path, on_error: OnError) -> Iterator[dict[str, Any]]:
    charset = _charset(path)
    with open_binary(path) as binary:
        lines = _Lines(path, io.TextIOWrapper(binary, charset, errors="replace", newline="\n"))
        delimiter = "\t" if plain_suffix(path.name) == ".tsv" else ","
        rows = table_rows(lines, delimiter, str(path), on_error)
        _, columns = next(rows, (0, []))
        column = next((columns.index(name) for name in TEXT_COLUMNS if name in columns), None)
        if column is None:
            raise ClovaError(
                f"{path}:1: no column of text; expected one of {', '.join(TEXT_COLUMNS)}, "
                f"got {excerpt(', '.join(columns), 100)}"
            )
        name, source = shown_name(path.relative_to(base)), plain_stem(shown_name(path.name))
        for number, cells in rows:
            lines.taken = 0
            if len(cells) <= column or any(cells[len(columns) :]):
                told = f"{len(cells)} columns where the header has {len(columns)}"
                on_error(ClovaError(f"{path}:{number}: {told}"))
                continue
            named = enumerate(zip(columns, cells, strict=False))
            meta = {key: cell for at, (key, cell) in named if cell and at != column}
            yield {"text": cells[column], "id": f"{name}:{number}", "source": source, "meta": meta}


def _json(
    path: Path, base: Path, on_error: OnError, registry: Registry | None
) -> Iterator[dict[str, Any]]:
    name, source = shown_name(path.relative_to(base)), _source(path, base)
    for number, key, row in json_documents(path, _charset(path), on_error):
        named = source
        if (
            key == INSTITUTE
            and source not in (registry or {})
            and source_of(source).kind == "others"
        ):
            named = f"modu_{source}"  # the file says whose it is, its folder does not
        yield {"text": row["text"], "id": row.get("id", f"{name}:{number}"), "source": named} | {
            "meta": row["meta"]
        }
