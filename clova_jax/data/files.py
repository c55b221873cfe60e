"""Stores token shards in a local folder: `*.bin` (token ids) beside `*.idx` (where documents end).

A *stream* is one source of one split, named `train/03-blogs`. Its documents lie one after another in
numbered shards; a document is never cut between two.
"""

import bisect
import hashlib
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.run_folder import run_folder

INDEX = np.dtype("<i8")
SHARD_TOKENS = 1 << 29  # 1 GiB of two-byte ids
_OPEN_FILES = 256


class LocalFolder:
    """Holds the JSON files and the streams of a store in a local folder."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __str__(self) -> str:
        return str(self.path)

    def lock(self) -> AbstractContextManager:
        """Keeps other writers out while its block runs."""
        return run_folder(self.path)

    def load(self, name: str) -> Any:
        """Returns the value of a JSON file, or None where there is none."""
        return read_json(self.path / name) if (self.path / name).exists() else None

    def save(self, name: str, value: Any) -> None:
        """Writes a JSON file completely or not at all."""
        write_json(self.path / name, value)

    def remove(self, name: str) -> None:
        """Deletes a JSON file."""
        (self.path / name).unlink(missing_ok=True)

    def writer(self, dtype: np.dtype, state: dict[str, Any], shard_tokens: int) -> "LocalWriter":
        """Resumes writing where `state`, the result of a `commit`, stands."""
        return LocalWriter(self.path, dtype, state, shard_tokens)

    def reader(self, dtype: np.dtype, streams: dict[str, Any]) -> "LocalReader":
        """Reads the streams of a manifest."""
        return LocalReader(self.path, dtype, streams)


class LocalWriter:
    """Appends documents to streams; what `commit` has returned survives any end of the process.

    Args:
        path: the store's folder.
        dtype: of the token ids.
        state: streams by name, each with `bytes` and `shards` (lists of tokens, documents); `{}`
            to begin. Anything on the disk beyond it is cut off.
        shard_tokens: a shard is closed by the document that brings it to this size.

    Raises:
        ClovaError: a file is shorter than `state` says.
    """

    commit_seconds = 10.0

    def __init__(
        self, path: Path, dtype: np.dtype, state: dict[str, Any], shard_tokens: int
    ) -> None:
        self.path, self.dtype, self.shard_tokens = path, dtype, shard_tokens
        self.streams = state
        self._open: dict[str, tuple[Any, Any]] = {}
        path.mkdir(parents=True, exist_ok=True)
        self._cut_back()

    def _cut_back(self) -> None:
        sizes = {}
        for name, stream in self.streams.items():
            for number, (tokens, documents) in enumerate(stream["shards"]):
                stem = self.path / _shard(name, number)
                sizes[stem.with_suffix(".bin")] = tokens * self.dtype.itemsize
                sizes[stem.with_suffix(".idx")] = documents * INDEX.itemsize
        for path, size in sizes.items():
            have = path.stat().st_size if path.exists() else 0
            if have < size:
                raise ClovaError(
                    f"{path}: {have} bytes where {size} had been written; "
                    f"remove {self.path} and start again"
                )
            os.truncate(path, size)
        for path in [*self.path.glob("*/*.bin"), *self.path.glob("*/*.idx")]:
            if path not in sizes:
                path.unlink()
        for path in self.path.glob(".*.json.*"):  # a JSON file that a killed process was writing
            path.unlink()

    def append(self, name: str, ids: np.ndarray, ends: np.ndarray, text_bytes: int) -> None:
        """Adds documents to a stream.

        Args:
            name: of the stream.
            ids: token ids of the documents, one after another.
            ends: int64, ascending: where each document ends in `ids`.
            text_bytes: length of their text in UTF-8.
        """
        stream = self.streams.setdefault(name, {"bytes": 0, "shards": []})
        stream["bytes"] += text_bytes
        begin = first = 0
        while first < len(ends):
            if not stream["shards"] or stream["shards"][-1][0] >= self.shard_tokens:
                self._close(name)
                stream["shards"].append([0, 0])
            shard = stream["shards"][-1]
            room = self.shard_tokens - shard[0] + begin
            last = min(int(np.searchsorted(ends, room)) + 1, len(ends))
            end = int(ends[last - 1])
            tokens, index = self._files(name)
            tokens.write(ids[begin:end].astype(self.dtype))
            index.write((ends[first:last] - begin + shard[0]).astype(INDEX))
            shard[0] += end - begin
            shard[1] += last - first
            begin, first = end, last

    def _files(self, name: str) -> tuple[Any, Any]:
        if name not in self._open:
            stem = self.path / _shard(name, len(self.streams[name]["shards"]) - 1)
            stem.parent.mkdir(parents=True, exist_ok=True)
            self._open[name] = tuple(
                stem.with_suffix(suffix).open("ab") for suffix in (".bin", ".idx")
            )
        return self._open[name]

    def _close(self, name: str) -> None:
        for file in self._open.pop(name, ()):
            file.flush()
            os.fsync(file.fileno())
            file.close()

    def commit(self) -> dict[str, Any]:
        """Brings everything appended so far to the disk; returns the state to begin from again."""
        for files in self._open.values():
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        return self.streams

    def close(self) -> None:
        """Closes the files, finished or not."""
        for name in list(self._open):
            self._close(name)

    def finish(self, show: Callable[[int], None]) -> dict[str, Any]:
        """Closes and hashes the shards; returns, by stream, `bytes` and a manifest's `shards`.

        Args:
            show: called with the bytes hashed, now and then.
        """
        for name in list(self._open):
            self._close(name)
        shards = {
            _shard(name, number): {"tokens": tokens, "documents": documents}
            for name, stream in self.streams.items()
            for number, (tokens, documents) in enumerate(stream["shards"])
        }
        hashes = _hashes(self.path, list(shards), show)
        return {
            name: {
                "bytes": stream["bytes"],
                "shards": [
                    {"file": file, **shards[file], **hashes[file]}
                    for file in (_shard(name, number) for number in range(len(stream["shards"])))
                ],
            }
            for name, stream in self.streams.items()
        }


class LocalReader:
    """Gives random access to the tokens of streams.

    Reads with `pread`, not through a memory map: as fast, no growth of the resident set, and a file
    cut short is an error instead of a bus error.

    Raises:
        ClovaError: a file is missing or its size is not the manifest's.
    """

    def __init__(self, path: Path, dtype: np.dtype, streams: dict[str, Any]) -> None:
        self.path, self.dtype, self.streams = path, dtype, streams
        self._files: dict[str, _File] = {}
        self._starts: dict[str, list[list[int]]] = {}
        for name, stream in streams.items():
            counts = [[shard[key] for shard in stream["shards"]] for key in ("tokens", "documents")]
            self._starts[name] = [[0, *itertools.accumulate(count)] for count in counts]
            for shard in stream["shards"]:
                self._check_size(shard["file"] + ".bin", shard["tokens"] * dtype.itemsize)
                self._check_size(shard["file"] + ".idx", shard["documents"] * INDEX.itemsize)

    def _check_size(self, name: str, size: int) -> None:
        try:
            have = os.stat(self.path / name).st_size
        except FileNotFoundError:
            raise ClovaError(f"{self.path / name}: missing, serialize again") from None
        except OSError as error:  # a link to itself, say
            raise ClovaError(f"{error.filename}: {error.strerror}; serialize again") from None
        if have != size:
            raise ClovaError(
                f"{self.path / name}: {have} bytes where the manifest has {size}; "
                "damaged, serialize again"
            )

    def read(self, name: str, starts: list[int], outs: list[np.ndarray]) -> None:
        """Fills each of `outs`, of the store's dtype, with the tokens from its start on."""
        for start, out in zip(starts, outs, strict=True):
            self._fill(name, 0, ".bin", start, out)

    def read_ends(self, name: str, start: int, out: np.ndarray) -> None:
        """Fills `out`, int64, with the ends of documents from number `start` on, in the stream."""
        tokens, documents = self._starts[name]
        self._fill(name, 1, ".idx", start, out)
        shards = np.searchsorted(documents, np.arange(start, start + len(out)), "right") - 1
        out += np.array(tokens)[shards]

    def _fill(self, name: str, kind: int, suffix: str, start: int, out: np.ndarray) -> None:
        starts, done = self._starts[name][kind], 0
        while done < len(out):
            number = bisect.bisect_right(starts, start + done) - 1
            count = min(len(out) - done, starts[number + 1] - start - done)
            file = self._file(self.streams[name]["shards"][number]["file"] + suffix)
            offset = (start + done - starts[number]) * out.itemsize
            part = memoryview(out[done : done + count]).cast("B")
            if os.preadv(file.handle, [part], offset) != len(part):
                raise ClovaError(f"{file.path}: ends before byte {offset + len(part)}; damaged")
            done += count

    def _file(self, name: str) -> "_File":
        file = self._files.get(name)
        if file is None:
            if len(self._files) >= _OPEN_FILES:
                self._files.pop(next(iter(self._files)))
            file = self._files[name] = _File(self.path / name)
        return file

    def damaged(self, show: Callable[[int], None]) -> list[str]:
        """Hashes every file; returns the paths of those that are not as they were written."""
        shards = [shard for stream in self.streams.values() for shard in stream["shards"]]
        hashes = _hashes(self.path, [shard["file"] for shard in shards], show)
        return [
            f"{self.path / shard['file']}{suffix}"
            for shard in shards
            for suffix, key in ((".bin", "sha256"), (".idx", "index_sha256"))
            if hashes[shard["file"]][key] != shard[key]
        ]


class _File:
    """Holds an open file that closes with its last user, in whichever thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, "handle"):
            os.close(self.handle)


def _shard(stream: str, number: int) -> str:
    return f"{stream}-{number:05d}"


def _hashes(path: Path, files: list[str], show: Callable[[int], None]) -> dict[str, dict[str, str]]:
    def digest(name: str) -> str:
        sha = hashlib.sha256()
        with (path / name).open("rb", buffering=0) as file:
            while block := file.read(1 << 23):
                sha.update(block)
                show(len(block))
        return sha.hexdigest()

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing releases the interpreter's lock
        names = [name + suffix for name in files for suffix in (".bin", ".idx")]
        digests = dict(zip(names, pool.map(digest, names), strict=True))
    return {
        name: {"sha256": digests[name + ".bin"], "index_sha256": digests[name + ".idx"]}
        for name in files
    }
