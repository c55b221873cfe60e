"""Documents: what the corpus pipeline writes, and what tokenizer, serializer and statistics read.

A corpus is a folder of `*.jsonl`, `*.jsonl.gz` or `*.jsonl.zst` files (or a folder whose `corpus/`
holds them): an object a line, with a `text` and, where known, an `id`, a `source` and `meta`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import SUFFIXES, open_binary
from clova_jax.corpus.privacy import excerpt

BLOCK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Document:
    """One text and where it comes from.

    Args:
        text: the text itself; may be empty.
        id: unique in the corpus; `file:line` where the line names none.
        source: the kind it is counted under; the file's name without `.jsonl…` where none is named.
        meta: whatever else is known.
    """

    text: str
    id: str
    source: str
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass
class BadLines:
    """An `on_error` that goes on: counts the bad lines and keeps the first messages."""

    count: int = 0
    first: list[str] = field(default_factory=list)
    keep: int = 100

    def __call__(self, error: ClovaError) -> None:
        """Takes note of one line."""
        self.count += 1
        if len(self.first) < self.keep:
            self.first.append(str(error))


def stop(error: ClovaError) -> None:
    """The usual `on_error`: the first bad line ends the reading."""
    raise error


def document_files(data_dir: str | Path) -> list[Path]:
    """The corpus files of a folder, in order of name.

    Raises:
        ClovaError: no such folder, no corpus file in it, or one file stored twice.
    """
    folder = Path(data_dir)
    if not folder.is_dir():
        what = "a file" if folder.exists() else "no such folder"
        raise ClovaError(
            f"{folder}: {what}; expected the folder that holds *.jsonl[.gz|.zst] files"
        )
    for place in (folder / "corpus", folder):
        found = [
            path for suffix in SUFFIXES for path in place.glob("*.jsonl" + suffix) if path.is_file()
        ]
        if found:
            break
    else:
        raise ClovaError(
            f"{folder}: an empty corpus: no *.jsonl, *.jsonl.gz or *.jsonl.zst file in it "
            "or in its corpus/"
        )
    stems: dict[str, Path] = {}
    for path in sorted(found):
        stem = path.name[: path.name.rindex(".jsonl")]
        if stem in stems:
            raise ClovaError(f"{stems[stem]} and {path}: the same file twice? remove or rename one")
        stems[stem] = path
    return [stems[stem] for stem in sorted(stems)]


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a corpus file, not yet parsed: the unit that is handed to a worker.

    Args:
        path: the file.
        line: number, from 1, of the first line.
        offset: where the block ends in the decompressed file.
        data: the lines.
    """

    path: Path
    line: int
    offset: int
    data: bytes

    @property
    def next_line(self) -> int:
        """Number of the line after the block."""
        return self.line + self.data.count(b"\n")


def read_blocks(
    path: Path, offset: int = 0, line: int = 1, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Streams a file in blocks of about `size` bytes that end at a line's end.

    Args:
        path: the file, decompressed by its suffix.
        offset: bytes of the decompressed file to pass over: the `offset` of an earlier block,
            whose `next_line` is `line`.
        line: number of the line that begins there.
        size: bytes read at a time.

    Raises:
        ClovaError: the file is missing or cut short.
    """
    try:
        with open_binary(path) as file:
            if path.suffix not in (".gz", ".zst"):
                file.seek(offset)
            else:
                left = offset
                while left:
                    left -= len(file.read(min(left, size)))
            parts: list[bytes] = []
            while piece := file.read(size):
                end = piece.rfind(b"\n") + 1
                if not end:  # one line longer than a block
                    parts.append(piece)
                    continue
                data = b"".join([*parts, piece[:end]])
                parts = [piece[end:]] if end < len(piece) else []
                offset += len(data)
                yield (block := Block(path, line, offset, data))
                line = block.next_line
            if parts:
                data = b"".join(parts)
                yield Block(path, line, offset + len(data), data)
    except FileNotFoundError:
        raise ClovaError(f"{path}: no such file") from None
    except (EOFError, OSError, zstandard.ZstdError) as error:
        raise ClovaError(f"{path}:{line}: cannot be read from here on ({error})") from None


def parse_block(block: Block, on_error: Callable[[ClovaError], None] = stop) -> Iterator[Document]:
    """The documents of a block; blank lines are passed over.

    Raises:
        ClovaError: through `on_error`, a line that is not a document, named `file:line`.
    """
    path, name = str(block.path), block.path.name  # once a block: they cost more than the parsing
    for number, line in enumerate(block.data.split(b"\n"), block.line):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            document = _parse(line, path, name, number)
        except ClovaError as error:
            on_error(error)
        else:
            yield document


def read_documents(
    data_dir: str | Path, on_error: Callable[[ClovaError], None] = stop
) -> Iterator[Document]:
    """Streams the documents of a corpus folder: files in order of name, lines in order.

    Args:
        data_dir: a folder with corpus files, or with a `corpus/` that has them.
        on_error: called with each line that is not a document. The default raises; a `BadLines`
            counts and lists them instead. A file that cannot be read raises in any case.

    Raises:
        ClovaError: no such folder, an empty corpus, a file cut short; and as `on_error` decides, a
            line that is not a JSON object with a `text`, named `file:line`.
    """
    files = document_files(data_dir)  # a wrong path is told now, not at the first document

    def documents() -> Iterator[Document]:
        empty = True
        for path in files:
            for block in read_blocks(path):
                for document in parse_block(block, on_error):
                    empty = False
                    yield document
        if empty:
            raise ClovaError(
                f"{data_dir}: an empty corpus: its {len(files)} files hold no document"
            )

    return documents()


def _parse(line: bytes, path: str, name: str, number: int) -> Document:
    try:
        return _document(line, name, number)
    except ClovaError as error:
        raise ClovaError(f"{path}:{number}: {error}") from None


def _document(line: bytes, file_name: str, number: int) -> Document:
    try:
        value = json.loads(line.decode("utf-8"))
        if b"\\u" in line:  # the one way that half a surrogate pair can come in
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ClovaError(f"not UTF-8 at byte {error.start} of the line") from None
    except UnicodeEncodeError:
        raise ClovaError("an escape \\ud8… to \\udf… that is half a character") from None
    except RecursionError:
        raise ClovaError("JSON nested too deep") from None
    except ValueError as error:
        shown = excerpt(line[:500].decode("utf-8", "replace"), 60)
        raise ClovaError(f"not JSON ({error}): {shown!r}") from None
    if not isinstance(value, dict):
        raise ClovaError(f"a {type(value).__name__}, not a JSON object with a text")
    text = value.get("text")
    if not isinstance(text, str):
        got = (
            f"text is {_shown(text)}"
            if "text" in value
            else f"keys are {_shown(sorted(value), 80)}"
        )
        raise ClovaError(f"no text string ({got})")
    identifier, source, meta = value.get("id"), value.get("source"), value.get("meta")
    if identifier is None:
        identifier = f"{file_name}:{number}"
    elif isinstance(identifier, int):
        identifier = str(identifier)
    if source is None:
        source = file_name[: file_name.rindex(".jsonl")]
    for name, given in (("id", identifier), ("source", source)):
        if not isinstance(given, str) or not given:
            raise ClovaError(f"{name} is {_shown(given)}; it must be a text or left out")
    if meta is not None and not isinstance(meta, dict):
        raise ClovaError(f"meta is {_shown(meta)}; it must be an object or left out")
    return Document(text, identifier, source, meta or {})


def _shown(value: Any, length: int = 40) -> str:
    """The beginning of a value for a message, which may end in a report: masked."""
    return excerpt(repr(value), length)
