"""Raw input of any form as blocks of JSON Lines: the unit of work of the pipeline.

`.jsonl` is read as it is; `.txt` is one document a file; `.csv` and `.tsv` one a row, with a column
of text; `.html` one page a file, extracted later by a worker. Each plain, `.gz` or `.zst`. A place is a file, a
folder (its `corpus/`, where it has one, is meant) or a glob.
"""

import glob
import json
from collections.abc import Iterator
from pathlib import Path

import zstandard

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import SUFFIXES, open_binary
from clova_jax.common.lines import split_lines, table_rows
from clova_jax.corpus.documents import BLOCK_BYTES, Block, read_blocks

_FORMATS = (".jsonl", ".txt", ".csv", ".tsv", ".html", ".htm")
_TEXT_COLUMNS = (
    "text",
    "document",
    "content",
    "body",
    "comments",
    "sentence",
    "본문",
    "내용",
    "문장",
)
_CHARSETS = ("utf-8-sig", "cp949", "utf-16")


def plain_suffix(path: Path) -> str:
    """`.jsonl` of `a.jsonl.zst`."""
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    return Path(name).suffix.lower()


def input_files(place: str | Path) -> list[Path]:
    """The files of a place, in order of name.

    Raises:
        ClovaError: nothing there, or nothing that can be read.
    """
    place = Path(place)
    if any(char in str(place) for char in "*?["):
        found = [Path(name) for name in glob.glob(str(place), recursive=True)]
    elif place.is_file():
        found = [place]
    elif place.is_dir():
        inner = place / "corpus"
        folder = inner if inner.is_dir() else place
        found = list(folder.rglob("*"))
    else:
        raise ClovaError(f"{place}: no such file or folder")
    files = sorted(path for path in found if path.is_file() and plain_suffix(path) in _FORMATS)
    if not files:
        raise ClovaError(f"{place}: no file of a form that can be read ({', '.join(_FORMATS)})")
    return files


def base_of(files: list[Path]) -> Path:
    """The folder that the names of pages and texts are relative to."""
    parents = [str(path.parent) for path in files]
    prefix = Path(parents[0])
    while any(not Path(parent).is_relative_to(prefix) for parent in parents):
        prefix = prefix.parent
    return prefix


def file_groups(files: list[Path]) -> list[list[Path]]:
    """Work for one reader: a large file alone, small pages and texts of a folder together."""
    groups: list[list[Path]] = []
    for path in files:
        small = plain_suffix(path) in (".txt", ".html", ".htm")
        if small and groups and len(groups[-1]) < 1000 and groups[-1][0].parent == path.parent:
            before = groups[-1][0]
            if plain_suffix(before) in (".txt", ".html", ".htm"):
                groups[-1].append(path)
                continue
        groups.append([path])
    return groups


def group_blocks(group: list[Path], base: Path, on_error) -> Iterator[Block]:
    """The blocks of a group of files; always the same ones for the same content.

    Args:
        group: of `file_groups`.
        base: names of pages and texts are relative to it.
        on_error: called with a ClovaError for each file or row that cannot be read.
    """
    first = group[0]
    suffix = plain_suffix(first)
    try:
        if suffix == ".jsonl":
            yield from read_blocks(first)
            return
        lines = (
            _rows(first, suffix, on_error)
            if suffix in (".csv", ".tsv")
            else _files(group, base, on_error)
        )
        parts: list[bytes] = []
        size, start = 0, 1
        for line in lines:
            parts.append(line)
            size += len(line)
            if size >= BLOCK_BYTES:
                yield Block(first, start, 0, b"".join(parts))
                start += len(parts)
                parts, size = [], 0
        if parts:
            yield Block(first, start, 0, b"".join(parts))
    except ClovaError as error:
        on_error(error)


def _decoded(data: bytes, path: Path) -> str:
    """Text in UTF-8, or else in the charsets that Korean files of old are in."""
    for charset in _CHARSETS:
        if charset == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    raise ClovaError(f"{path}: neither UTF-8 nor CP949; convert it first")


def _content(path: Path) -> str:
    try:
        with open_binary(path) as file:
            return _decoded(file.read(), path)
    except (EOFError, OSError, zstandard.ZstdError) as error:
        raise ClovaError(f"{path}: cannot be read ({error})") from None


def _line(value: dict) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _files(group: list[Path], base: Path, on_error) -> Iterator[bytes]:
    for path in group:
        try:
            text = _content(path)
        except ClovaError as error:
            on_error(error)
            continue
        name = path.relative_to(base).as_posix()
        source = name.split("/")[0] if "/" in name else (base.name or "corpus")
        meta = {"format": "html"} if plain_suffix(path) in (".html", ".htm") else {}
        yield _line({"text": text, "id": name, "source": source, "meta": meta})


def _rows(path: Path, suffix: str, on_error) -> Iterator[bytes]:
    name = path.name
    for ending in (*SUFFIXES[1:], suffix):
        name = name.removesuffix(ending)
    rows = table_rows(split_lines(_content(path)), "\t" if suffix == ".tsv" else ",", str(path))
    _, columns = next(rows, (1, []))
    column = next((columns.index(known) for known in _TEXT_COLUMNS if known in columns), None)
    if column is None:
        raise ClovaError(
            f"{path}:1: no column of text; expected one of {', '.join(_TEXT_COLUMNS)}, got {', '.join(map(str, columns))[:100]}"
        )
    for number, cells in rows:
        if len(cells) <= column:
            on_error(ClovaError(f"{path}:{number}: too few columns"))
            continue
        meta = {key: cell for key, cell in zip(columns, cells, strict=False) if cell}
        meta.pop(columns[column], None)
        yield _line(
            {
                "text": cells[column],
                "id": f"{path.name}:{number}",
                "source": name,
                "meta": meta,
            }
        )


def external_blocks(place: str | Path) -> Iterator[Block]:
    """The blocks of an existing corpus, to compare with; anything unreadable is an error."""

    def stop(error: ClovaError) -> None:
        raise error

    files = input_files(place)
    for group in file_groups(files):
        yield from group_blocks(group, base_of(files), stop)
