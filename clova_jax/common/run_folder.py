"""Guards a run folder: it belongs to one run, and one process writes there at a time.

`run.json` records which run: everything that would change its numbers (`begin_run`). The same run resumes, another
one is refused.

`.lock` records which process works there; the operating system releases it when that process ends, even by
SIGKILL. A second process does not wait: it ends in one line that names the first. Readers take no lock.
"""

import contextlib
import errno
import fcntl
import functools
import inspect
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, remove_unfinished, write_json
from clova_jax.common.json_values import fields

LOCK = ".lock"
RUN = "run.json"
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_mine = threading.local()  # .folders: those that this thread holds

Result = TypeVar("Result")


@contextlib.contextmanager
def run_folder(path: str | Path) -> Iterator[Path]:
    """Holds a folder, made where it is missing, until the block ends; no other process can hold it meanwhile.

    The thread that holds it may take it again (an experiment that calls `pretrain` with its `out`).
    What a killed process was writing there is removed; so is, at the end, the folder itself where it was
    made here and is still empty.

    Raises:
        ClovaError: another process (or thread) holds it, or `path` is not a folder.
    """
    path = Path(path)
    held = _mine.__dict__.setdefault("folders", set())
    with contextlib.ExitStack() as stack:
        made = _make(path)
        stack.callback(_remove_if_empty, path, made)
        key = path.resolve()
        if key not in held:
            handle = _take(path)
            stack.callback(_release, path, handle)
            held.add(key)
            stack.callback(held.discard, key)
            if handle is not None:
                remove_unfinished(path)
        yield path


def begin_run(
    out: Path, identity: dict[str, Any], may_grow: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Records in `run.json` which run a folder holds; the first call with the folder writes it.

    Args:
        out: the folder.
        identity: JSON values of everything that changes what the run makes.
        may_grow: as for `check_run`; where one grew, it is recorded anew.

    Raises:
        ClovaError: the folder holds another run.
    """
    path, identity = out / RUN, json.loads(json.dumps(identity))
    if path.is_file():
        before = fields(read_json(path), path, {"identity": dict})["identity"]
        check_run(out, before, identity, may_grow)
        if before == identity:
            return
    write_json(path, {"identity": identity})


def check_run(
    out: Path,
    before: dict[str, Any],
    now: dict[str, Any],
    may_grow: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Compares what a folder holds with what is asked for.

    Args:
        out: the folder.
        before: of the run that it holds.
        now: of this one.
        may_grow: names whose number may be greater than before, each with the names of what may then change too.

    Raises:
        ClovaError: they differ; the first value that does is named with both.
    """
    free: set[str] = set()
    for name, others in (may_grow or {}).items():
        if name in before and now[name] > before[name]:
            free |= {name, *others}
    for name in {**now, **before}:
        if name not in free and before.get(name) != now.get(name):
            raise ClovaError(
                f"{out}: holds a run with {name}={before.get(name)!r}, this one has "
                f"{now.get(name)!r}; give the same {name} to resume, or another --out"
            )


def holds_out(function: Callable[..., Result]) -> Callable[..., Result]:
    """Decorates a function so that it holds its folder while it works.

    The folder is the argument `out` (None: no folder, nothing to hold), or where there is no such
    argument `options.out` of the first one, as in the `run(options)` of a command.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def alone(*args: Any, **more: Any) -> Result:
        given = signature.bind(*args, **more).arguments
        out = given.get("out") if "out" in signature.parameters else args[0].out
        with run_folder(out) if out is not None else contextlib.nullcontext():
            return function(*args, **more)

    return alone


def _make(path: Path) -> bool:
    if path.is_dir():
        return False
    _make_folder(path)
    return True


def _make_folder(path: Path) -> None:
    """Makes a folder and its parents, while other processes make and remove it."""
    for attempt in range(100):
        try:
            path.mkdir(parents=True, exist_ok=True)
            return
        except (FileExistsError, NotADirectoryError):
            # Another process may have removed it between pathlib's two system calls; a file stays one.
            if attempt == 99 or any(one.is_file() for one in (path, *path.parents)):
                raise ClovaError(f"{path}: is, or lies in, a file; --out takes a folder") from None


def _take(path: Path) -> int | None:
    """Returns the open file that holds the lock; None where there can be none."""
    while True:
        try:
            _make_folder(path)
            handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except FileNotFoundError:  # another process has just removed the empty folder
            continue
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and not os.access(
                path, os.W_OK
            ):
                return None  # nothing can be written here, by us at least
            raise
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if (holder := _holder(path)) is not None:
                raise ClovaError(
                    f"{path}: {holder}; wait for it to end, or give another folder"
                ) from None
            continue
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            print(
                f"WARNING: {path}: this file system has no locks; "
                "see to it that no second process writes here",
                file=sys.stderr,
            )
        if _is_current(handle, path / LOCK):
            about = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(about).encode(), 0)
            return handle
        os.close(handle)  # its last holder removed it between our opening and locking it


def _release(path: Path, handle: int | None) -> None:
    if handle is None:
        return
    with contextlib.suppress(OSError):
        if _is_current(handle, path / LOCK):
            os.unlink(path / LOCK)  # while it is held: who waits for it sees that it is gone
    os.close(handle)


def _remove_if_empty(path: Path, made: bool) -> None:
    if made:
        with contextlib.suppress(OSError):
            path.rmdir()


def _is_current(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str | None:
    """Describes the process that holds a folder; None where none does any more."""
    for _ in range(50):  # the holder writes its name a moment after it has the lock
        try:
            about = json.loads((path / LOCK).read_bytes())
            where = "" if about["host"] == socket.gethostname() else f" on {about['host']}"
            return f"process {about['pid']}{where} has been working here since {about['since']}"
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.01)
    return "another process is working here"


def _now() -> str:
    return datetime.now().astimezone().isoformat(" ", "seconds")
