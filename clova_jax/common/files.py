"""Reads and writes files, plain, gzip and zstandard alike; a file that is written appears complete or not at all."""

import contextlib
import errno
import fcntl
import glob
import gzip
import io
import os
import secrets
import tempfile
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import zstandard

from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import parse_json, to_json

SUFFIXES = ("", ".gz", ".zst")
LARGEST = 1 << 30  # bytes, of a file that is read at once
LONGEST_LINE = 1 << 26  # bytes
# Of a file that `whole_file` is writing: `.NAME.RANDOM.unfinished`.
_RANDOM, _ENDING = ".????????", ".unfinished"
READ_ERRORS = (
    EOFError,
    OSError,
    zstandard.ZstdError,
    zlib.error,
)  # of a damaged or unreadable file


def on_disk(path: str | Path) -> Path:
    """Finds a path as the disk spells it: letters may be composed (NFC) or decomposed (NFD, as on macOS).

    Parts that are not there stay as they are given.
    """
    path = Path(path)
    if str(path).isascii() or os.path.lexists(path):
        return path
    current, *parts = map(Path, path.parts) if path.anchor else (Path(), *map(Path, path.parts))
    for part in parts:
        step = current / part
        if not os.path.lexists(step) and not str(part).isascii():
            with contextlib.suppress(OSError):
                alike = (n for n in sorted(os.listdir(current)) if _nfc(n) == _nfc(str(part)))
                step = current / next(alike, part)
        current = step
    return current


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def find_file(folder: str | Path, name: str) -> Path:
    """Returns the path of the file `name` under `folder`, stored plain, `.gz` or `.zst`.

    Raises:
        ClovaError: the folder or the file is not there.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ClovaError(f"{folder}: no such folder")
    for suffix in SUFFIXES:
        path = folder / (name + suffix)
        if path.is_file():
            return path
    raise ClovaError(f"{folder}: has no file {name} (nor {name}.gz, {name}.zst)")


def open_binary(path: str | Path) -> BinaryIO:
    """Opens a file for reading, decompressing by its suffix.

    No step of the reading takes more than about 32 MB of memory, whatever a compressed file unpacks to, and
    `read1` gives what stands before damage before it raises.
    """
    path = Path(path)
    if path.suffix == ".gz":
        raw = _SmallReads(path)
        file = gzip.GzipFile(fileobj=raw, mode="rb")
        file.myfileobj = raw  # closed with it
        return file
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstdReader(_SmallReads(path)), 1 << 20)
    return path.open("rb")


_STEP = (
    1 << 10
)  # compressed bytes given to a decompressor at a time: zstandard makes 32 MB of them at most


class _SmallReads(io.FileIO):
    """Reads a file in small steps, however much is asked for."""

    def read(self, size: int = -1) -> bytes:
        return super().read(min(size, _STEP) if size >= 0 else _STEP)


class _ZstdReader(io.RawIOBase):
    """Decompresses zstandard frames one after another; unlike `stream_reader`, it raises where the last is cut."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw
        self.frame: Any = None  # the open frame, if any
        self.ahead = b""  # compressed bytes after the end of a frame
        self.ready = memoryview(b"")
        self.error: zstandard.ZstdError | None = None  # the damage that was met

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        filled = 0
        while filled < len(buffer):
            try:
                if not self.ready and not self._unpack():
                    break
            except (EOFError, OSError, zstandard.ZstdError):
                if filled:
                    break  # what stands before the damage first; the next call meets it again
                raise
            count = min(len(buffer) - filled, len(self.ready))
            buffer[filled : filled + count], self.ready = self.ready[:count], self.ready[count:]
            filled += count
        return filled

    def _unpack(self) -> bool:
        """Makes the next bytes ready, if there are any."""
        while not self.ready:
            if self.error is not None:
                raise self.error
            data = self.ahead or self.raw.read(_STEP)
            self.ahead = b""
            if not data:
                if self.frame:
                    raise EOFError("the file ends inside a compressed frame")
                return False
            if not self.frame:
                self.frame = zstandard.ZstdDecompressor().decompressobj()
            try:
                self.ready = memoryview(self.frame.decompress(data))
            except zstandard.ZstdError as error:
                self.error = error
                raise
            if self.frame.eof:
                self.ahead, self.frame = self.frame.unused_data, None
        return True

    def close(self) -> None:
        self.raw.close()
        super().close()


def read_chunks(path: str | Path, size: int = 1 << 20) -> Iterator[bytes]:
    """Streams the content of a file, decompressed by its suffix, in chunks of at most `size` bytes.

    Raises:
        ClovaError: the file is missing, cannot be read, or is damaged; what stands before the damage was yielded.
    """
    try:
        with open_binary(path) as file:
            while chunk := file.read1(size):  # type: ignore[attr-defined]
                yield chunk
    except FileNotFoundError:
        raise ClovaError(f"{path}: no such file") from None
    except READ_ERRORS as error:
        raise ClovaError(f"{path}: cannot be read ({error})") from None


def read_whole(path: str | Path, largest: int, remedy: str = "cut it in several files") -> bytes:
    """Returns the content of a file, decompressed by its suffix, of at most `largest` bytes.

    Raises:
        ClovaError: it is larger, is missing, or cannot be read to its end.
    """
    chunks, size = [], 0
    for chunk in read_chunks(path):
        chunks.append(chunk)
        size += len(chunk)
        if size > largest:
            raise ClovaError(f"{path}: over {largest >> 20:,} MiB; {remedy}")
    return b"".join(chunks)


def read_text(path: str | Path) -> str:
    """Returns the text of a UTF-8 file (a byte order mark is dropped), decompressed by its suffix.

    Raises:
        ClovaError: the file is missing, cut short, larger than 1 GiB, or not UTF-8.
    """
    try:
        return read_whole(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClovaError(f"{path}: not UTF-8 at byte {error.start}; convert it first") from None


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Streams `(line number from 1, line without its newline)` of a UTF-8 file.

    Only `\\n` and `\\r\\n` end a line; U+2028 and its like stay inside.

    Raises:
        ClovaError: the file is missing, cut short, or a line is not UTF-8 or over 64 MiB (named `file:line`).
    """
    number = 0
    try:
        with open_binary(path) as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise ClovaError(f"{path}:{number}: a line of over {LONGEST_LINE >> 20} MiB")
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                yield number, text.removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ClovaError(f"{path}:{number}: not UTF-8; convert the file first") from None
    except FileNotFoundError:
        raise ClovaError(f"{path}: no such file") from None
    except READ_ERRORS as error:
        raise ClovaError(f"{path}:{number + 1}: cannot be read ({error})") from None


def read_jsonl(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Streams `(line number, object)` of a JSON Lines file; empty lines are passed over.

    Raises:
        ClovaError: a line is not a JSON object, as `parse_json` reads it (named `file:line`).
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        value = parse_json(line, f"{path}:{number}")
        if not isinstance(value, dict):
            raise ClovaError(f"{path}:{number}: not a JSON object: {line[:60]!r}")
        yield number, value


def read_json(path: str | Path) -> Any:
    """Returns the value in a JSON file, as `parse_json` reads it.

    Raises:
        ClovaError: the file is missing, larger than 1 GiB, or not JSON.
    """
    data = read_whole(path, LARGEST)
    return parse_json(data, path)


def remove_unfinished(folder: str | Path) -> None:
    """Removes, in a folder and below, the temporary files of `whole_file` whose process was killed."""
    _remove_unlocked(Path(folder).rglob(f".*{_RANDOM}{_ENDING}"))


def _remove_unlocked(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails where a process is writing it
            path.unlink()


@contextlib.contextmanager
def whole_file(path: str | Path, mode: str = "w") -> Iterator[TextIO | BinaryIO]:
    """Opens a file for writing that appears under its name only when everything has reached the disk.

    Who may read it, the umask says. The temporary file that a killed process leaves is removed by the next write of
    the same file, and by `run_folder`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_unlocked(path.parent.glob(f".{glob.escape(path.name)}{_RANDOM}{_ENDING}"))
    handle, name = _temporary(path)
    # In text, half a character (of a file name that is no UTF-8) becomes the escape that JSON has for it.
    text = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace"}
    try:
        with os.fdopen(handle, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(name, path)  # while it is locked
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields an empty place for a folder that appears under its name, complete, when the block ends.

    Several processes may do this at once: the first that is ready wins, and what the others made is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as fresh:
        made = Path(fresh) / path.name
        yield made
        try:
            made.rename(path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise


def _temporary(path: Path) -> tuple[int, str]:
    """Makes a temporary file beside `path`, locked while it is open; returns its handle and its path."""
    while True:
        name = os.path.join(path.parent, f".{path.name}.{secrets.token_hex(4)}{_ENDING}")
        try:
            # `tempfile` lets nobody else read it, whatever the umask says.
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            continue
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.lexists(name):
            return handle, name
        os.close(handle)  # another writer of the same file removed it before it was locked


def write_json(path: str | Path, value: Any) -> None:
    """Writes a JSON file in one step, as `to_json` writes values."""
    with whole_file(path) as file:
        file.write(to_json(value, indent=2) + "\n")


as_line = to_json  # a value as a line of JSON Lines


def write_jsonl(path: str | Path, rows: Iterable[Any]) -> None:
    """Writes a JSON Lines file in one step, compressed when it ends in `.zst` or `.gz`."""
    write_lines(path, map(as_line, rows))


def write_lines(path: str | Path, lines: Iterable[str]) -> None:
    """Writes lines, given without their newlines, as `write_jsonl` does."""
    with whole_file(path, "wb") as raw, _compressed(raw, Path(path).suffix) as file:
        some, size = [], 0
        for line in lines:
            some.append(line)
            size += len(line)
            if size >= 1 << 20:  # a call a line takes longer
                file.write("\n".join([*some, ""]).encode("utf-8", "backslashreplace"))
                some, size = [], 0
        file.write("\n".join([*some, ""]).encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def _compressed(raw: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix == ".gz":
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
            yield file
    elif suffix == ".zst":
        with zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False) as file:
            yield file
    else:
        yield raw
