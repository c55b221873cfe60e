"""Documents: what the corpus pipeline writes, and what tokenizer, serializer and statistics read.

A corpus is a folder of `*.jsonl`, `*.jsonl.gz` or `*.jsonl.zst` files, in sub-folders too (or a folder whose
`corpus/` holds them, or what `clova corpus` wrote): an object a line, with a `text` and, where known, an `id`, a
`source` and `meta`, an object or, as `clova corpus` writes it, JSON of one in a string.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_chunks
from clova_jax.common.json_values import DEEPEST, refuse_deep
from clova_jax.corpus.clean.privacy import excerpt
from clova_jax.corpus.places import find_files, plain_stem, shown_name, stop

BLOCK_BYTES = 1 << 22
LONGEST = 1 << 25  # bytes of a document as it is stored: what is longer is no document but a dump


@dataclass(frozen=True, slots=True)
class Document:
    """Holds one text and where it comes from.

    Args:
        text: the text itself; may be empty.
        id: unique in the corpus; `file:line` where the line names none.
        source: the kind it is counted under, in composed letters (NFC); the file's name without `.jsonl…`
            where none is named.
        meta: whatever else is known.
    """

    text: str
    id: str
    source: str
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass
class BadLines:
    """Counts bad lines and keeps the first messages: an `on_error` that continues."""

    count: int = 0
    first: list[str] = field(default_factory=list)
    keep: int = 100

    def __call__(self, error: ClovaError) -> None:
        """Takes note of one line."""
        self.count += 1
        if len(self.first) < self.keep:  # names that are no UTF-8 must not end the report
            self.first.append(str(error).encode("utf-8", "backslashreplace").decode())


def document_files(data_dir: str | Path, without: Path | None = None) -> list[Path]:
    """Lists the corpus files of a folder and its sub-folders, in order of name (`places.find_files`).

    Args:
        data_dir: the folder; its `corpus/` where that holds some; the `documents/` of a run of `clova corpus`.
        without: a folder that is left out.

    Raises:
        ClovaError: no such folder, no corpus file in it, one that is no file, or one file stored twice.
    """
    folder = Path(data_dir)
    if folder.is_file():
        raise ClovaError(
            f"{folder}: a file; expected the folder that holds *.jsonl[.gz|.zst] files"
        )
    stems: dict[str, Path] = {}
    for path in find_files(folder, (".jsonl",), without=without):
        name = shown_name(path)
        stem = name[: name.rindex(".jsonl")]
        if stem in stems:
            raise ClovaError(f"{stems[stem]} and {path}: the same file twice? remove or rename one")
        stems[stem] = path
    return [stems[stem] for stem in sorted(stems)]


def base_of(files: list[Path]) -> Path:
    """Returns the folder that the names of files are relative to."""
    parents = {path.parent for path in files}
    prefix = min(parents, key=lambda parent: len(parent.parts))
    while not all(parent.is_relative_to(prefix) for parent in parents):
        prefix = prefix.parent
    return prefix


@dataclass(frozen=True, slots=True)
class Block:
    """Holds some complete lines of a corpus file, not yet parsed: the unit that is handed to a worker.

    Args:
        path: the file.
        line: number, from 1, of the first line.
        offset: where the block ends in the decompressed file.
        data: the lines.
        name: of the file within its corpus, for the ids of lines that have none; by default without folders.
    """

    path: Path
    line: int
    offset: int
    data: bytes
    name: str = ""

    @property
    def next_line(self) -> int:
        """Returns the number of the line after the block."""
        return self.line + self.data.count(b"\n")


def read_blocks(
    path: Path,
    offset: int = 0,
    line: int = 1,
    size: int | None = None,
    base: Path | None = None,
    on_error: Callable[[ClovaError], None] = stop,
) -> Iterator[Block]:
    """Streams a file in blocks of about `size` bytes that end at a line's end, in bounded memory.

    Args:
        path: the file, decompressed by its suffix.
        offset: bytes of the decompressed file to pass over: the `offset` of an earlier block,
            whose `next_line` is `line`.
        line: number of the line that begins there.
        size: bytes of a block, which only a longer line exceeds (default: 4 MiB).
        base: the folder that names are relative to.
        on_error: called for a line of over 32 MiB, which is passed over.

    Raises:
        ClovaError: the file is missing, cut short or damaged; what stands before the damage has been yielded.
    """
    name = shown_name(path.relative_to(base) if base else path.name)
    size = size or BLOCK_BYTES
    blocks = LineBlocks(path, name, offset, line, size, on_error)
    try:
        for piece in _after(read_chunks(path, min(size, 1 << 20)), offset):
            yield from blocks.add(piece)
    except ClovaError as error:
        yield from blocks.end(cut=True)
        reason = str(error).removeprefix(f"{path}: ")
        raise ClovaError(f"{path}:{blocks.line}: {reason}") from None
    yield from blocks.end()


def _after(pieces: Iterator[bytes], offset: int) -> Iterator[bytes]:
    """What follows the first `offset` bytes."""
    for piece in pieces:
        if offset < len(piece):
            yield piece[offset:]
        offset = max(0, offset - len(piece))


class LineBlocks:
    """Cuts a stream of bytes into blocks of whole lines; holds no more than a block or one line.

    Args:
        path: where the bytes come from, for messages.
        name: for the ids of lines that have none.
        offset: of the first byte.
        line: number of the first line.
        size: of a block, which only a longer line exceeds (default: 4 MiB).
        on_error: called for each line of more than `LONGEST` bytes, which is passed over.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        offset: int = 0,
        line: int = 1,
        size: int | None = None,
        on_error: Callable[[ClovaError], None] = stop,
    ) -> None:
        self.path, self.name, self.offset, self.line = path, name, offset, line
        self.size, self.on_error = size or BLOCK_BYTES, on_error
        self._held = bytearray()
        self._searched = 0  # bytes held in which there is no line's end
        self._passing = False  # inside a line that is too long

    def add(self, piece: bytes) -> Iterator[Block]:
        """Takes the next bytes; yields the blocks that are whole now."""
        if self._passing:
            end = piece.find(b"\n") + 1
            self.offset += end or len(piece)
            if not end:
                return
            self._passing = False
            self.line += 1
            piece = piece[end:]
        self._held += piece
        while len(self._held) >= self.size:
            # The same blocks however the stream is cut: up to the last line's end within `size`, or else the next one.
            end = 0 if self._searched else self._held.rfind(b"\n", 0, self.size) + 1
            end = end or self._held.find(b"\n", max(self.size, self._searched)) + 1
            if not end and len(self._held) <= LONGEST:
                self._searched = len(self._held)
                return
            if end and end <= LONGEST:
                yield from self._block(end)
            else:
                self._too_long(end or len(self._held))
                if not end:
                    self._passing = True
                else:
                    self.line += 1

    def end(self, cut: bool = False) -> Iterator[Block]:
        """Yields what is left; of a stream that was cut, the last line only where it looks whole."""
        whole = self._held.rfind(b"\n") + 1
        looks_whole = self._held[whole:].rstrip().endswith(b"}")
        yield from self._block(whole if cut and not looks_whole else len(self._held))
        if self._passing:
            self._passing = False
            self.line += 1

    def _block(self, end: int) -> Iterator[Block]:
        data = bytes(self._held[:end])
        del self._held[:end]
        self._searched = 0
        self.offset += end
        block = Block(self.path, self.line, self.offset, data, self.name)
        self.line = block.next_line
        if data and not data.isspace():
            yield block

    def _too_long(self, size: int) -> None:
        self.on_error(
            ClovaError(
                f"{self.path}:{self.line}: a line of over {LONGEST >> 20} MiB is no document; cut it in several"
            )
        )
        del self._held[:size]
        self._searched = 0
        self.offset += size


def parse_block(block: Block, on_error: Callable[[ClovaError], None] = stop) -> Iterator[Document]:
    """Yields the documents of a block; empty lines are skipped.

    Raises:
        ClovaError: through `on_error`, a line that is not a document, named `file:line`.
    """
    for _, document in numbered_documents(block, on_error):
        yield document


def numbered_documents(
    block: Block, on_error: Callable[[ClovaError], None] = stop
) -> Iterator[tuple[int, Document]]:
    """Yields the same with the number of each document's line."""
    name = block.name or shown_name(block.path.name)
    source = plain_stem(name)  # once a block: they cost more than the parsing
    for number, line in enumerate(block.data.split(b"\n"), block.line):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            document = _document(line, name, source, number)
        except ClovaError as error:
            on_error(ClovaError(f"{block.path}:{number}: {error}"))
        else:
            yield number, document


def read_documents(
    data_dir: str | Path,
    on_error: Callable[[ClovaError], None] = stop,
    without: Path | None = None,
) -> Iterator[Document]:
    """Streams the documents of a corpus folder: files in order of name, lines in order.

    Args:
        data_dir: a folder with corpus files, or with a `corpus/` that has them.
        on_error: called with each line that is not a document, or over 32 MiB. The default raises; a
            `BadLines` counts and lists them instead. A file that cannot be read raises in any case, after
            what stands before the damage.
        without: a folder that is left out.

    Raises:
        ClovaError: no such folder, an empty corpus, a file cut short; and as `on_error` decides, a
            line that is not a JSON object with a `text`, named `file:line`.
    """
    files = document_files(
        data_dir, without
    )  # a wrong path is reported now, not at the first document

    def documents() -> Iterator[Document]:
        empty, base = True, base_of(files)
        for path in files:
            for block in read_blocks(path, base=base, on_error=on_error):
                for document in parse_block(block, on_error):
                    empty = False
                    yield document
        if empty:
            raise ClovaError(
                f"{data_dir}: an empty corpus: its {len(files)} files hold no document"
            )

    return documents()


def _document(line: bytes, file_name: str, file_source: str, number: int) -> Document:
    try:
        value = json.loads(line.decode("utf-8"))
        if b"\\u" in line:  # the one way that half a surrogate pair can come in
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ClovaError(f"not UTF-8 at byte {error.start} of the line") from None
    except UnicodeEncodeError:
        raise ClovaError("an escape \\ud8… to \\udf… that is half a character") from None
    except RecursionError:
        raise ClovaError(f"JSON: nested deeper than {DEEPEST}") from None
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
        source = file_source
    for name, given in (("id", identifier), ("source", source)):
        if not isinstance(given, str) or not given:
            raise ClovaError(f"{name} is {_shown(given)}; it must be a text or left out")
    if isinstance(meta, str):  # as `clova corpus` writes it
        meta = _meta_of(meta)
    if meta is not None and not isinstance(meta, dict):
        raise ClovaError(f"meta is {_shown(meta)}; it must be an object, JSON of one, or left out")
    if meta and any(type(part) in (dict, list) for part in meta.values()):
        refuse_deep(meta, "meta")  # it could not be written again
    if not source.isascii():
        source = unicodedata.normalize("NFC", source)
    return Document(text, identifier, source, meta or {})


def _meta_of(text: str) -> Any:
    """Returns what a string of JSON holds; the string itself where it is none, which the caller refuses."""
    try:
        return json.loads(text) if text != "{}" else {}
    except (ValueError, RecursionError):
        return text


def _shown(value: Any, length: int = 40) -> str:
    """The beginning of a value for a message, which may end in a report: masked."""
    return excerpt(repr(value), length)
