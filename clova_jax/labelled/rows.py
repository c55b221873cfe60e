"""Reads task files: tab-separated with a header, JSON lists, JSON Lines; every row knows its place."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_json, read_jsonl, read_lines


def tsv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Streams `(file:line, row)` of a tab-separated file with a header; quotes are plain characters.

    Raises:
        ClovaError: a column is missing from the header, or a row has another number of fields.
    """
    header: list[str] = []
    for number, line in read_lines(path):
        fields = line.split("\t")
        if not header:
            header = fields
            _check(f"{path}:{number}", header, columns)
        elif line:
            if len(fields) != len(header):
                raise ClovaError(
                    f"{path}:{number}: {len(fields)} fields where the header has {len(header)}: {line[:60]!r}"
                )
            yield f"{path}:{number}", dict(zip(header, fields, strict=True))


def json_rows(path: Path, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Streams `(file: entry N, row)` of a JSON list of objects, N from 0.

    Raises:
        ClovaError: not a list of objects, or a key is missing.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise ClovaError(f"{path}: not a JSON list")
    for number, row in enumerate(rows):
        place = f"{path}: entry {number}"
        if not isinstance(row, dict):
            raise ClovaError(f"{place}: not a JSON object: {str(row)[:60]!r}")
        if isinstance(row.get("guid"), str):
            place += f" ({row['guid']})"
        _check(place, row, keys)
        yield place, row


def jsonl_rows(path: Path, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Streams `(file:line, object)` of a JSON Lines file.

    Raises:
        ClovaError: a line is not an object, or a key is missing.
    """
    for number, row in read_jsonl(path):
        _check(f"{path}:{number}", row, keys)
        yield f"{path}:{number}", row


def optional_file(folder: Path, name: str) -> Path | None:
    """Returns the file `name` under `folder` (plain, `.gz`, `.zst`), or None where it is absent."""
    try:
        return find_file(folder, name)
    except ClovaError:
        return None


def text(place: str, row: Mapping[str, Any], key: str) -> str:
    """Returns a field that must be text, without whitespace at its ends.

    Raises:
        ClovaError: it is something else.
    """
    value = row[key]
    if not isinstance(value, str):
        raise ClovaError(f"{place}: {key} is {value!r}, not text")
    return value.strip()


def number(place: str, value: Any, low: float, high: float, name: str) -> float:
    """Returns a field that must be a number between `low` and `high`.

    Raises:
        ClovaError: it is not.
    """
    try:
        result = float(value)
    except (TypeError, ValueError):
        result = float("nan")
    if not low <= result <= high:
        raise ClovaError(f"{place}: {name} {value!r} is not a number from {low:g} to {high:g}")
    return result


def label(place: str, value: Any, labels: Mapping[str, str]) -> str:
    """Returns a gold label, one of `labels`.

    Raises:
        ClovaError: it is not.
    """
    gold = unicodedata.normalize("NFC", str(value))
    if gold not in labels:
        raise ClovaError(f"{place}: label {value!r} is none of {', '.join(labels)}")
    return gold


def not_empty(items: list, path: Path) -> list:
    """Returns the items of a file, if there are any.

    Raises:
        ClovaError: there are none.
    """
    if not items:
        raise ClovaError(f"{path}: has no rows")
    return items


def _check(place: str, present: Any, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in present]
    if missing:
        raise ClovaError(
            f"{place}: no {', '.join(map(repr, missing))}; it has {', '.join(map(repr, present)):.200}"
        )
