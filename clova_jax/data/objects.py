"""Stores token streams on an object store (`gs://`, `s3://`, also `file://`, `memory://`) as zarr 3 arrays.

A stream is two arrays, `tokens` and `ends`, in objects of 16M elements that are read by chunks of 16K.
The counterpart of `data/files.py`, with the same methods.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import tensorstore

from clova_jax.common.errors import ClovaError
from clova_jax.common.objects import CONTEXT, Objects, reached
from clova_jax.data.files import INDEX

_OBJECT, _CHUNK = 1 << 24, 1 << 14  # elements


class ObjectFolder:
    """Holds the JSON files and the streams of a store on an object store.

    Raises:
        ClovaError: a URL that TensorStore does not know or cannot reach.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") + "/"
        self.objects = Objects(self.url).store

    def __str__(self) -> str:
        return self.url.rstrip("/")

    def lock(self) -> AbstractContextManager:
        """Does nothing: object stores have no lock that would end with its process."""
        return nullcontext()

    def load(self, name: str) -> Any:
        """Returns the value of a JSON file, or None where there is none."""
        found = reached(self.url, lambda: self.objects.read(name).result())
        try:
            return json.loads(found.value) if found.state == "value" else None
        except ValueError as error:
            raise ClovaError(f"{self.url}{name}: not JSON ({error})") from None

    def save(self, name: str, value: Any) -> None:
        """Writes a JSON file completely or not at all."""
        data = json.dumps(value, ensure_ascii=False, indent=2).encode()
        reached(self.url, lambda: self.objects.write(name, data).result())

    def remove(self, name: str) -> None:
        """Deletes a JSON file."""
        reached(self.url, lambda: self.objects.delete_range(_only(name)).result())

    def writer(self, dtype: np.dtype, state: dict[str, Any], shard_tokens: int) -> "ObjectWriter":
        """Resumes writing where `state` stands; the size of objects is fixed here."""
        return ObjectWriter(self, dtype, state)

    def reader(self, dtype: np.dtype, streams: dict[str, Any]) -> "ObjectReader":
        """Reads the streams of a manifest."""
        return ObjectReader(self, dtype, streams)

    def array(self, name: str, dtype: np.dtype, create: bool = False) -> Any:
        """Opens an array, or creates it anew; returns a future of TensorStore."""
        spec: dict[str, Any] = {
            "driver": "zarr3",
            "kvstore": self.objects.spec(retain_context=False).to_json(),
            "path": name,
        }
        if create:
            data = {"name": "bytes", "configuration": {"endian": "little"}}
            inner = {
                "chunk_shape": [_CHUNK],
                "codecs": [data, {"name": "crc32c"}],
                "index_codecs": [data, {"name": "crc32c"}],
            }
            spec["metadata"] = {
                "shape": [0],
                "data_type": dtype.name,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [_OBJECT]}},
                "codecs": [{"name": "sharding_indexed", "configuration": inner}],
            }
        return tensorstore.open(
            spec, context=CONTEXT, open=not create, create=create, delete_existing=create
        )


class ObjectWriter:
    """Appends documents to streams; see `LocalWriter`.

    Documents wait in memory for the next `commit`: an object is written in one go, so that many small
    appends would write it many times.
    """

    commit_seconds = 60.0

    def __init__(self, folder: ObjectFolder, dtype: np.dtype, state: dict[str, Any]) -> None:
        self.folder, self.dtype, self.streams = folder, dtype, state
        self._waiting: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}

    def append(self, name: str, ids: np.ndarray, ends: np.ndarray, text_bytes: int) -> None:
        """Adds documents to a stream; see `LocalWriter.append`."""
        stream = self.streams.setdefault(name, {"bytes": 0, "shards": [[0, 0]]})
        stream["bytes"] += text_bytes
        shard = stream["shards"][0]
        self._waiting.setdefault(name, []).append((ids.astype(self.dtype), ends + shard[0]))
        shard[0] += len(ids)
        shard[1] += len(ends)

    def commit(self) -> dict[str, Any]:
        """Writes everything appended so far; returns the state to begin from again."""
        for name, parts in self._waiting.items():
            totals = self.streams[name]["shards"][0]
            for kind, values, total in zip(
                ("tokens", "ends"), zip(*parts, strict=True), totals, strict=True
            ):
                self._write(f"{name}/{kind}", np.concatenate(values), total)
        self._waiting.clear()
        return self.streams

    def _write(self, name: str, values: np.ndarray, total: int) -> None:
        def write() -> None:
            before = total - len(values)  # what a lost run had written beyond is written over
            array = self.folder.array(name, values.dtype, create=not before).result()
            array = array.resize(exclusive_max=[total]).result()
            array[before:].write(values).result()

        reached(f"{self.folder.url}{name}", write)

    def close(self) -> None:
        """Does nothing: no file is held open."""

    def finish(self, show: Callable[[int], None]) -> dict[str, Any]:
        """Reads everything back for its hashes; see `LocalWriter.finish`."""
        streams = {
            name: {
                "bytes": stream["bytes"],
                "shards": [
                    {"file": name, "tokens": tokens, "documents": documents}
                    for tokens, documents in stream["shards"]
                ],
            }
            for name, stream in self.streams.items()
        }
        hashes = ObjectReader(self.folder, self.dtype, streams).hashes(show)
        for name, stream in streams.items():
            stream["shards"][0] |= hashes[name]
        return streams


class ObjectReader:
    """Gives random access to the tokens of streams; see `LocalReader`.

    Raises:
        ClovaError: an array is missing or its length is not the manifest's.
    """

    def __init__(self, folder: ObjectFolder, dtype: np.dtype, streams: dict[str, Any]) -> None:
        self.folder = folder
        wanted = {
            f"{name}/{kind}": (of, stream["shards"][0][key])
            for name, stream in streams.items()
            for kind, of, key in (("tokens", dtype, "tokens"), ("ends", INDEX, "documents"))
        }
        opening = {path: folder.array(path, of) for path, (of, _) in wanted.items()}
        self.names, self.arrays = list(streams), {}
        self._streams = streams
        for path, future in opening.items():
            self.arrays[path] = array = reached(f"{folder.url}{path}", future.result)
            if array.shape != (wanted[path][1],):
                raise ClovaError(
                    f"{folder.url}{path}: {array.shape[0]} elements where the manifest has "
                    f"{wanted[path][1]}; damaged, serialize again"
                )

    def read(self, name: str, starts: list[int], outs: list[np.ndarray]) -> None:
        """Fills each of `outs` with the tokens of a stream from its start on, all at once."""
        array, path = self.arrays[f"{name}/tokens"], f"{self.folder.url}{name}/tokens"
        futures = [
            array[start : start + len(out)].read() for start, out in zip(starts, outs, strict=True)
        ]
        for future, out in zip(futures, outs, strict=True):
            out[:] = reached(path, future.result)

    def read_ends(self, name: str, start: int, out: np.ndarray) -> None:
        """Fills `out`, int64, with the ends of documents from number `start` on, in the stream."""
        path = f"{name}/ends"
        future = self.arrays[path][start : start + len(out)].read()
        out[:] = reached(f"{self.folder.url}{path}", future.result)

    def damaged(self, show: Callable[[int], None]) -> list[str]:
        """Hashes every array; returns the paths of those that are not as they were written."""
        hashes = self.hashes(show)
        return [
            f"{self.folder.url}{name}/{kind}"
            for name in self.names
            for kind, key in (("tokens", "sha256"), ("ends", "index_sha256"))
            if hashes[name][key] != self._streams[name]["shards"][0][key]
        ]

    def hashes(self, show: Callable[[int], None]) -> dict[str, dict[str, str]]:
        """Returns `sha256` and `index_sha256` of each stream, or the reason why it cannot be read."""

        def digest(path: str) -> str:
            sha, array = hashlib.sha256(), self.arrays[path]
            for start in range(0, array.shape[0], _OBJECT):
                part = array[start : min(start + _OBJECT, array.shape[0])].read()
                try:
                    data = part.result().tobytes()
                except ValueError as error:
                    return str(error)
                sha.update(data)
                show(len(data))
            return sha.hexdigest()

        with ThreadPoolExecutor(4) as pool:
            digests = dict(zip(self.arrays, pool.map(digest, self.arrays), strict=True))
        return {
            name: {"sha256": digests[f"{name}/tokens"], "index_sha256": digests[f"{name}/ends"]}
            for name in self.names
        }


def _only(name: str) -> Any:
    return tensorstore.KvStore.KeyRange(name, name + "\0")
