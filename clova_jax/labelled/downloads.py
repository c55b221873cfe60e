"""Downloads labelled sets from their official addresses, pinned by commit and checked by git blob hash.

A transfer that is cut goes on where it stopped, in this run or the next; a file counts only when its
hash is the pinned one. Whatever a server does, attempts, pauses between them and bytes have bounds.
"""

import errno
import hashlib
import http.client
import os
import socket
import ssl
import stat
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress

BASE_URL = "https://raw.githubusercontent.com"
CHUNK = 1 << 16
ATTEMPTS = 5  # in a row that brought less than CHUNK
LONGEST_WAIT = 86_400.0  # seconds
_OUR_DISK = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO, errno.EISDIR,
)  # fmt: skip


@dataclass(frozen=True)
class DataSet:
    """Files of one repository at one commit.

    Args:
        repository: owner/name on GitHub.
        commit: 40 hex digits.
        licence: as stated there.
        files: path under the output folder -> (path in the repository, git blob hash).
        largest: bytes of a file at most; a server that sends more sends something else.
    """

    repository: str
    commit: str
    licence: str
    files: dict[str, tuple[str, str]]
    largest: int = 1 << 27


def _klue(name: str, train: str, dev: str) -> dict[str, tuple[str, str]]:
    return {
        f"klue/{name}/{name}_{split}.json": (f"klue_benchmark/{name}/{name}_{split}.json", blob)
        for split, blob in (("train", train), ("dev", dev))
    }


DATA_SETS: dict[str, DataSet] = {
    "nsmc": DataSet(
        "e9t/nsmc",
        "cc0670e872d4ac27bfe36c87456783004b39ef6c",
        "CC0 1.0",
        {
            "nsmc/ratings_train.txt": (
                "ratings_train.txt",
                "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876",
            ),
            "nsmc/ratings_test.txt": (
                "ratings_test.txt",
                "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367",
            ),
        },
    ),
    "korquad": DataSet(
        "korquad/korquad.github.io",
        "61d7d6682948375dd8f06ef27e788fd19982af38",
        "CC BY-ND 2.0 KR (no derivatives)",
        {
            "korquad/KorQuAD_v1.0_train.json": (
                "dataset/KorQuAD_v1.0_train.json",
                "82e3c5939e5e61a1c4ae94e42676800e88ec52a6",
            ),
            "korquad/KorQuAD_v1.0_dev.json": (
                "dataset/KorQuAD_v1.0_dev.json",
                "6849d8c79140447018f5701a0453835c96608a07",
            ),
        },
    ),
    "klue": DataSet(
        "KLUE-benchmark/KLUE",
        "3efd98708a40ff49251fddde35453f8fbb11f536",
        "CC BY-SA 4.0",
        {
            **_klue(
                "ynat-v1.1",
                "e74e912a66720294bd6fe70e69b0cd131a0a10d7",
                "f4fb92cc5d967b586ea5172c3da8c379ba31caf9",
            ),
            **_klue(
                "klue-sts-v1.1",
                "4e92fce70fe9f2dbed2ffcb9c2aec7417c6d32ff",
                "2645707503e7b25cc3d9f94103cbfb2f5a086f56",
            ),
            **_klue(
                "klue-nli-v1.1",
                "a7903d15f09a3663d8f1d78e68d8d6c10dbd8618",
                "db052b2459c68d1ec57dd1573bfe90a9bb3f8157",
            ),
        },
    ),
}


def download(
    out: str | Path,
    names: Sequence[str] = (),
    *,
    base_url: str = BASE_URL,
    timeout: float = 30.0,
    pause: float = 1.0,
    data_sets: dict[str, DataSet] = DATA_SETS,
) -> list[Path]:
    """Puts data sets under `out` as the tasks look for them; files already right are kept.

    Args:
        out: the folder; made if need be.
        names: of `data_sets`; all of them where empty.
        base_url: what stands before owner/name/commit/path.
        timeout: seconds without a byte after which a transfer counts as stalled.
        pause: seconds before the second attempt; doubles with each further one.
        data_sets: what can be had.

    Returns:
        The files.

    Raises:
        ClovaError: an unknown name, an address or a time that cannot work, no answer after `ATTEMPTS`, or content
            that is not the pinned one.
    """
    _check_address(base_url)
    if not 0 < timeout <= LONGEST_WAIT:  # NaN is in no range
        raise ClovaError(f"--timeout {timeout}: not a number of seconds from above 0 to a day")
    if not 0 <= pause <= LONGEST_WAIT:
        raise ClovaError(f"pause {pause}: not a number of seconds from 0 to a day")
    for name in names:
        if name not in data_sets:
            raise ClovaError(f"no data set {name!r}; there are: {', '.join(data_sets)}")
    paths = []
    for name in names or data_sets:
        source = data_sets[name]
        print(f"{name}: https://github.com/{source.repository}, licence {source.licence}")
        for target, (path, blob) in source.files.items():
            url = f"{base_url.rstrip('/')}/{source.repository}/{source.commit}/{path}"
            destination = Path(out) / target
            if destination.is_file() and blob_hash(destination) == blob:
                print(f"  {destination}: there already")
            else:
                _fetch(url, destination, blob, source.largest, timeout, pause)
                print(f"  {destination}: {destination.stat().st_size:,} bytes, hash as pinned")
            paths.append(destination)
    return paths


def _check_address(url: str) -> None:
    """Refuses what no attempt could reach."""
    try:
        parts = urllib.parse.urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
        fine = fine and url.isascii() and url.isprintable() and " " not in url
    except ValueError:  # brackets that do not close, a port that is no number
        fine = False
    if not fine:
        raise ClovaError(
            f"--base-url {url!r}: not an address such as {BASE_URL} (http or https, ASCII, no spaces)"
        )


def blob_hash(path: str | Path) -> str:
    """Computes the hash that git gives a file's content."""
    path = Path(path)
    hashed = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hashed.update(chunk)
    return hashed.hexdigest()


def _fetch(
    url: str, destination: Path, blob: str, largest: int, timeout: float, pause: float
) -> None:
    """One file by way of `<name>.part`, which outlives the run if it is cut."""
    part = destination.with_name(destination.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    for fresh in (False, True):
        if fresh or not _is_ours(part):  # it may be another file's beginning, or lead elsewhere
            part.unlink(missing_ok=True)
        _transfer(url, part, largest, timeout, pause)
        found = blob_hash(part)
        if found == blob:
            part.replace(destination)
            return
    part.unlink()
    raise ClovaError(
        f"{url}: content has git blob hash {found}, {blob} is pinned; something on the way changes "
        "it (a proxy?): try another network or --base-url"
    )


def _is_ours(part: Path) -> bool:
    """Whether what was left by an earlier run may be written to: a plain file under this name alone."""
    try:
        status = part.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _transfer(url: str, part: Path, largest: int, timeout: float, pause: float) -> None:
    """Appends to `part` until the server says that this is all."""
    failures = 0
    with progress(desc=part.stem, unit="B", unit_scale=True, unit_divisor=1024) as bar:
        while True:
            before = _size(part)
            try:
                if _read_on(url, part, largest, timeout, bar):
                    return
                reason = "cut"
            except (OSError, ValueError, http.client.HTTPException) as error:
                reason = _reason(error)
                if not _may_pass(error):
                    raise ClovaError(f"{url}: {reason}; is the address right?") from None
            after = _size(part)
            failures = 0 if after - before >= CHUNK else failures + 1
            if failures >= ATTEMPTS:
                raise ClovaError(
                    f"{url}: {reason} ({ATTEMPTS} attempts in a row brought less than {CHUNK >> 10} KiB, "
                    f"{after:,} bytes kept); run the same command again to go on"
                )
            bar.set_postfix_str(f"{reason}, again")
            print(f"  {part.stem}: {reason} at {after:,} bytes, again", file=sys.stderr)
            time.sleep(min(pause * 2**failures, LONGEST_WAIT))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _reason(error: Exception) -> str:
    """What went wrong, without anything that would steer a terminal."""
    if isinstance(error, urllib.error.HTTPError):
        told = f"HTTP {error.code} {error.reason}"
    else:  # URLError has a reason of its own
        told = str(getattr(error, "reason", None) or error) or type(error).__name__
    return "".join(char if char.isprintable() else "?" for char in told)[:200]


def _may_pass(error: Exception) -> bool:
    """Whether another attempt could fare better.

    Raises:
        OSError: it was our own disk.
    """
    if isinstance(error, urllib.error.HTTPError):
        return error.code in (408, 425, 429, 500, 502, 503, 504)
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    elif isinstance(error, OSError) and error.errno in _OUR_DISK:
        raise error
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    wrong = (ValueError, ssl.SSLCertVerificationError, http.client.InvalidURL)  # ever the same
    return not isinstance(error, wrong)


def _read_on(url: str, part: Path, largest: int, timeout: float, bar: Any) -> bool:
    """One request from where `part` ends; whether the file is complete now."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if (
            error.code == 416 and have
        ):  # nothing after our end: complete, or too long; the hash tells
            return True
        raise
    with response:
        resumed = response.status == 206 and _starts_at(response, have)
        if have and not resumed:
            have = 0
        length = response.headers.get("Content-Length", "")
        known = length.isascii() and length.isdigit() and len(length) < 16
        total = have + int(length) if known else None
        bar.total, bar.n = total, have
        bar.refresh()
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (0 if resumed else os.O_TRUNC)
        with os.fdopen(os.open(part, flags, 0o666), "ab") as file:
            while chunk := response.read1(CHUNK):
                have += len(chunk)
                if max(have, total or 0) > largest:
                    file.truncate(0)
                    raise ClovaError(
                        f"{url}: sends more than {largest:,} bytes, no pinned file is so large; is the address right?"
                    )
                file.write(chunk)
                bar.update(len(chunk))
    return total is None or have >= total


def _starts_at(response: Any, offset: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
