"""Reads labelled files: rows with their places (`file:line`), and every text that a file holds (`read_items`).

Formats: tab-separated with a header, CSV, JSON lists, JSON Lines, plain text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_json, read_jsonl, read_lines
from clova_jax.common.lines import table_rows


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


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Streams `(file:line, row)` of a CSV file with a header; a cell in double quotes may run over several lines.

    Raises:
        ClovaError: not CSV, two columns of one name, a column that is missing, or a row with another number of cells.
    """
    found = table_rows((line for _, line in read_lines(path)), ",", str(path))
    number, header = next(found, (1, []))
    if twice := [name for name in header if header.count(name) > 1]:
        raise ClovaError(f"{path}:{number}: two columns are called {twice[0]!r}")
    _check(f"{path}:{number}", header, columns)
    for number, cells in found:
        if len(cells) != len(header):
            raise ClovaError(
                f"{path}:{number}: {len(cells)} cells where the header has {len(header)}: {cells[0][:60]!r}"
            )
        yield f"{path}:{number}", dict(zip(header, cells, strict=True))


READERS = ("csv", "tsv", "jsonl", "json")


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Streams `(place, row)` of a labelled file by its suffix: `.csv`, `.tsv`, `.jsonl` or `.json`, compressed or not.

    Raises:
        ClovaError: another suffix; as the reader of that format.
    """
    kind = path.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2].lower()
    readers = dict(zip(READERS, (csv_rows, tsv_rows, jsonl_rows, json_rows), strict=True))
    if kind not in readers:
        raise ClovaError(f"{path}: labelled rows come as .{', .'.join(READERS)} (plain, .gz, .zst)")
    return readers[kind](path, columns)


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


@dataclass(frozen=True, slots=True)
class Item:
    """Holds a text of an evaluation set.

    Args:
        text: the text, or a complete row of the file.
        short: whether it is searched for even if it has few words. Texts from columns of labels, names and answers
            are not: `미국` on a line of its own reveals nothing of the evaluation set.
    """

    text: str
    short: bool


def read_items(path: str | Path) -> list[Item]:
    """Reads every text of a labelled file: strings of JSON, cells of CSV and TSV, lines of text, and complete rows.

    Raises:
        ClovaError: the file cannot be read, or does not have the format of its suffix.
    """
    columns: dict[Any, list[str]] = {}  # by the key in JSON, by the number in a table
    rows: list[str] = []
    name = Path(path).name.removesuffix(".gz").removesuffix(".zst")
    kind = name.rpartition(".")[2]
    if kind in ("json", "jsonl"):
        values = [read_json(path)] if kind == "json" else [value for _, value in read_jsonl(path)]
        for value in values:
            _leaves(value, "", columns, rows)
    else:
        lines = (line for _, line in read_lines(path))
        _table(table_rows(lines, "," if kind == "csv" else "\t", str(path)), columns, rows)
    items = [Item(row, True) for row in rows]
    for key, texts in columns.items():
        # In a column of texts, half of the cells have three words or more; names, labels and most answers have fewer.
        short = median(len(text.split()) for text in texts) >= _WORDS_OF_TEXT
        items += [Item(text, short) for text in texts]
        if short and isinstance(key, str):
            items += [Item(f"{key} {text}", True) for text in texts]  # a line of indented JSON
    return items


_WORDS_OF_TEXT = 3
_TAGGED = re.compile(r"<([^<>:]+):[A-Z]{2,3}>")


def _table(
    rows: Iterator[tuple[int, list[str]]], columns: dict[Any, list[str]], whole: list[str]
) -> None:
    tagged = False  # a character and its tag a line, sentences under their comments (KLUE-NER)
    for _, cells in rows:
        if cells[0].startswith("##"):
            tagged = True
            cells = [_TAGGED.sub(r"\1", cell) for cell in cells[1:]]
        elif tagged and len(cells) == 2 and len(cells[0]) <= 1:
            continue
        for column, cell in enumerate(cells):
            columns.setdefault(column, []).append(cell)
        if len(cells) > 1:
            whole.append(" ".join(cells))


def _leaves(value: Any, key: str, columns: dict[Any, list[str]], rows: list[str]) -> None:
    if isinstance(value, str):
        columns.setdefault(key, []).append(value)
    elif isinstance(value, dict):
        plain = [(k, v) for k, v in value.items() if isinstance(v, str | int | float)]
        rows.append(" ".join(f"{k} {v}" for k, v in plain))
        for k, part in value.items():
            _leaves(part, k, columns, rows)
    elif isinstance(value, list):
        for part in value:
            _leaves(part, key, columns, rows)
