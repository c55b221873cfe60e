"""Reads documents of a user, from bytes under a name or from a folder, and cuts them into passages.

Text and Markdown are one text, HTML the visible text of the page; a row of CSV and a line of JSON Lines are a text
each, a field a line (`이름: 값`). The charset is UTF-8, or one of older Korean files.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_whole
from clova_jax.common.json_values import parse_json
from clova_jax.common.lines import split_lines, table_rows
from clova_jax.corpus import decode, html_text
from clova_jax.retrieve.cut import cut

LARGEST = 20 << 20
"""Bytes of one document."""
LONGEST = 600
"""Characters of a passage."""

_BINARY = re.compile("[\x00-\x08\x0e-\x1a]").search  # no text of any charset has these


@dataclass(frozen=True)
class Passage:
    """Holds a part of a document.

    Args:
        text: as it stands in the document.
        document: its name.
        place: where it begins, for a reader: `line 12`, `paragraph 3`.
    """

    text: str
    document: str = ""
    place: str = ""


@dataclass(frozen=True)
class Section:
    """Holds a text of a document that no passage reaches beyond.

    Args:
        text: in NFC.
        number: of its first line or paragraph, from 1.
    """

    text: str
    number: int = 1


@dataclass(frozen=True)
class Document:
    """Holds the text of a file.

    Args:
        name: the file's.
        sections: all of it, or a row each.
        unit: what places count: `line` or `paragraph`.
        divider: what stands between two units inside a section; empty where a section has one place.
    """

    name: str
    sections: tuple[Section, ...]
    unit: str = "line"
    divider: str = "\n"

    def passages(self, longest: int = LONGEST) -> Iterator[Passage]:
        """Yields the passages in order, each of at most `longest` characters.

        Raises:
            ClovaError: `longest` is below 1.
        """
        if longest < 1:
            raise ClovaError(f"passages of {longest} characters: wants 1 or more")
        for section in self.sections:
            number, before = section.number, 0
            for start, text in cut(section.text, longest):
                if self.divider:
                    number += section.text.count(self.divider, before, start)
                before = start
                yield Passage(text, self.name, f"{self.unit} {number}")


def read_document(name: str, data: bytes) -> Document:
    """Reads the content of a file.

    Args:
        name: its name, whose suffix says what it is.
        data: its bytes.

    Raises:
        ClovaError: a suffix that is not read, a file over 20 MiB, one that is no text or has none, a row of
            CSV with more or fewer cells than the header, a line that is no JSON object.
    """
    read = _reader(name)
    if len(data) > LARGEST:
        raise ClovaError(
            f"{name}: {len(data) / (1 << 20):,.0f} MiB; a document has at most {LARGEST >> 20} MiB, "
            "cut it in several"
        )
    text = decode(data, name)
    if _BINARY(text):
        raise ClovaError(f"{name}: is no text; give a file of {', '.join(_READERS)}")
    document = read(name, unicodedata.normalize("NFC", text))
    if not any(section.text.strip() for section in document.sections):
        raise ClovaError(f"{name}: has no text")
    return document


def read_folder(folder: str | Path) -> Iterator[Document]:
    """Reads the documents in a folder and below, in order of name; hidden files and other suffixes are passed over.

    Raises:
        ClovaError: no such folder, no document in it, or one that `read_document` refuses.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ClovaError(f"{folder}: no such folder")
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() in _READERS
    )
    names = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    if not names:
        raise ClovaError(f"{folder}: has no document ({', '.join(_READERS)})")
    for name in names:
        remedy = f"a document has at most {LARGEST >> 20} MiB, cut it in several"
        yield read_document(name, read_whole(folder / name, LARGEST, remedy))


def _reader(name: str) -> Callable[[str, str], Document]:
    suffix = Path(name).suffix.lower()
    if suffix not in _READERS:
        raise ClovaError(f"{name}: cannot be read; give a file of {', '.join(_READERS)}")
    return _READERS[suffix]


def _text(name: str, text: str) -> Document:
    return Document(name, (Section(text.replace("\r\n", "\n")),))


def _html(name: str, text: str) -> Document:
    return Document(name, (Section(html_text(text)),), "paragraph", "\n\n")


def _csv(name: str, text: str) -> Document:
    rows = table_rows(split_lines(text), ",", name)
    _, header = next(rows, (0, []))
    sections = []
    for number, cells in rows:
        if not "".join(cells).strip():
            continue
        if len(cells) != len(header):
            raise ClovaError(
                f"{name}:{number}: the row has {len(cells)} cells where the header has {len(header)}; "
                "a comma inside a cell wants quotes around it"
            )
        sections.append(Section(_fields(zip(header, cells, strict=True)), number))
    return Document(name, tuple(sections), divider="")


def _jsonl(name: str, text: str) -> Document:
    sections = []
    for number, line in enumerate(split_lines(text), 1):
        if not line.strip():
            continue
        value = parse_json(line, f"{name}:{number}")
        if not isinstance(value, dict):
            raise ClovaError(f"{name}:{number}: not a JSON object: {line[:60]!r}")
        whole = value.get("text")  # a document of a corpus
        if not isinstance(whole, str):
            plain = ((k, v) for k, v in value.items() if isinstance(v, str | int | float))
            whole = _fields((key, str(field)) for key, field in plain)
        sections.append(Section(unicodedata.normalize("NFC", whole), number))
    return Document(name, tuple(sections), divider="")


def _fields(pairs: Iterator[tuple[str, str]]) -> str:
    cells = ((key.strip(), value.strip()) for key, value in pairs)
    return "\n".join(f"{key}: {value}" if key else value for key, value in cells if value)


_READERS: dict[str, Callable[[str, str], Document]] = {
    ".txt": _text,
    ".md": _text,
    ".html": _html,
    ".htm": _html,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
