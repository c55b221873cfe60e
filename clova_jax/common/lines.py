"""Splits text into lines and tables into cells: a line ends at `\\n` or `\\r\\n`, and at nothing else.

`str.splitlines()` also cuts at U+2028, U+2029, U+0085 and some control characters, and text files of Python
turn a lone `\\r` into `\\n`. All of these occur inside Korean texts of the web, where they belong to the text.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clova_jax.common.errors import ClovaError

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
_RETURN = "\udc0d"  # stands for a lone `\r`, at which `csv` ends a row; no decoded text holds it


def split_lines(text: str) -> Iterator[str]:
    """Streams the lines of a text without their ends; an end after the last line adds no empty one."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text[at:end].removesuffix("\r")
        at = end + 1


def table_rows(
    lines: Iterable[str],
    delimiter: str,
    place: str,
    on_error: Callable[[ClovaError], None] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Streams `(number of the row's last line, cells)` of CSV or of tab-separated text; empty rows left out.

    In CSV a cell in double quotes may run over several lines; in tab-separated text quotes are plain
    characters. A lone `\\r` belongs to its cell, unless the first row has one: then rows end so.

    Args:
        lines: without their ends (`read_lines`, `split_lines`).
        delimiter: `,` or a tab.
        place: the file, for messages.
        on_error: called for a row that is not CSV; reading continues with the next line. By default the error is raised.

    Raises:
        ClovaError: not CSV (named `file:line`).
    """
    source, before = iter(lines), 0
    reader = _reader(source, delimiter)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            before += reader.line_num + isinstance(error, LongRow)
            found = ClovaError(f"{place}:{before}: not CSV ({error})")
            if on_error is None:
                raise found from None
            on_error(found)
            reader = _reader(source, delimiter)
            continue
        if row is None:
            return
        if row:
            yield before + reader.line_num, [cell.replace(_RETURN, "\r") for cell in row]


class LongRow(csv.Error):
    """Stands for a line that would make a row too long; a source of lines raises it."""


def _reader(lines: Iterator[str], delimiter: str) -> Any:
    marked = (line.replace("\r", _RETURN) + "\n" for line in _of_any_system(lines))
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    return csv.reader(marked, delimiter=delimiter, quoting=quoting)


def _of_any_system(lines: Iterable[str]) -> Iterator[str]:
    """Streams the lines, also those of a file of old Macs, whose rows end in a lone `\\r`."""
    old = None
    for line in lines:
        if old is None:
            old = "\r" in line
        if old:
            yield from line.removesuffix("\r").split("\r")
        else:
            yield line
