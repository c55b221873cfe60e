"""Reads and writes files on an object store by URL, through TensorStore: `gs://`, `s3://`, `file://`, `memory://`.

S3 is asked for credentials and region as the AWS command line is, and `AWS_ENDPOINT_URL` names another store that
speaks S3 (MinIO, Naver Cloud). Google's is asked with the application default credentials.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import tensorstore

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file

Result = TypeVar("Result")
CONTEXT = tensorstore.Context({"cache_pool": {"total_bytes_limit": 1 << 28}})
_THREADS = 8


class Objects:
    """Holds the objects below a URL, or the files of a folder; names are relative to it.

    Raises:
        ClovaError: a URL that TensorStore does not know, or a store that cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") + "/"
        self.store = reached(
            self.url,
            lambda: tensorstore.KvStore.open(_spec(self.url), context=CONTEXT).result(),
        )

    def __str__(self) -> str:
        return self.url.rstrip("/")

    def spec(self) -> dict[str, Any]:
        """Returns the `kvstore` of a TensorStore spec whose `path` is a name."""
        return self.store.spec(retain_context=False).to_json()

    def names(self, prefix: str = "") -> list[str]:
        """Lists the names that begin with `prefix`, in order."""
        ends = tensorstore.KvStore.KeyRange(prefix, prefix + "\U0010ffff")
        found = reached(self.url + prefix, lambda: self.store.list(ends).result())
        return sorted(name.decode() for name in found)

    def read(self, name: str) -> bytes | None:
        """Returns the content of an object, None where there is none."""
        found = reached(self.url + name, lambda: self.store.read(name).result())
        return bytes(found.value) if found.state == "value" else None

    def write(self, name: str, data: bytes) -> None:
        """Writes an object, which appears complete or not at all."""
        reached(self.url + name, lambda: self.store.write(name, data).result())

    def remove(self, names: Iterable[str]) -> None:
        """Deletes objects."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._remove, names))

    def _remove(self, name: str) -> None:
        only = tensorstore.KvStore.KeyRange(name, name + "\0")
        reached(self.url + name, lambda: self.store.delete_range(only).result())

    def hashes(self, prefix: str, names: Sequence[str] | None = None) -> dict[str, str]:
        """Computes the SHA-256 of objects below a prefix, all by default, by their names within it."""
        names = self.names(prefix) if names is None else names
        with ThreadPoolExecutor(_THREADS) as pool:
            digests = list(pool.map(self._digest, names))
        return {name[len(prefix) :]: digest for name, digest in zip(names, digests, strict=True)}

    def check(
        self, prefix: str, recorded: dict[str, str], names: Sequence[str] | None = None
    ) -> None:
        """Compares objects below a prefix, all by default, with hashes recorded before.

        Raises:
            ClovaError: an object is missing, was added or changed.
        """
        found = self.hashes(prefix, names)
        for name in sorted({*recorded, *found}):
            if name not in found:
                raise ClovaError(f"{self.url}{prefix}{name}: is missing")
            if name not in recorded:
                raise ClovaError(f"{self.url}{prefix}{name}: does not belong there; remove it")
            if found[name] != recorded[name]:
                raise ClovaError(f"{self.url}{prefix}{name}: is damaged (differs from its hash)")

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self.read(name) or b"").hexdigest()

    def download(self, folder: Path, names: Sequence[str] | None = None) -> None:
        """Copies objects into a folder, all by default.

        Raises:
            ClovaError: a name leads out of the folder; nothing is written then.
        """
        names = self.names() if names is None else names
        for name in names:
            if name.startswith("/") or ".." in name.split("/"):
                raise ClovaError(
                    f"{self}: the object {name!r} would be written outside the folder it is copied to; "
                    "remove it, or give another URL"
                )

        def fetch(name: str) -> None:
            with whole_file(folder / name, "wb") as file:
                file.write(self.read(name) or b"")

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(fetch, names))

    def upload(self, folder: Path, names: Iterable[str]) -> None:
        """Copies files of a folder, by their names within it."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda name: self.write(name, (folder / name).read_bytes()), names))


def reached(where: str, act: Callable[[], Result]) -> Result:
    """Returns what `act` returns; turns TensorStore's errors into one line that names the place."""
    try:
        return act()
    except (ValueError, RuntimeError) as error:
        reason, _, _ = str(error).partition("\n")
        raise ClovaError(f"{where}: {reason[:300]}") from None


def _spec(url: str) -> str | dict[str, Any]:
    environ = os.environ
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    if "://" not in url:
        return {"driver": "file", "path": url}
    if not (url.startswith("s3://") and endpoint):
        return url
    bucket, _, path = url.removeprefix("s3://").partition("/")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    place = {"driver": "s3", "bucket": bucket, "path": path}
    return place | {"endpoint": endpoint.rstrip("/"), "aws_region": region}
