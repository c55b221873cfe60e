"""Writes checkpoints that can be trusted: in the background, complete or not at all, hashed.

    <directory>/<step>/state/            the train state (Orbax)
    <directory>/<step>/checkpoint.json   written last: what the run was, and a hash of every file

A folder without `checkpoint.json` was cut short and does not count. On restore every file is
hashed again; a damaged checkpoint is named and the one before it is used.
"""

import errno
import logging
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.hashes import check_files, hash_folder
from clova_jax.common.json_values import fields
from clova_jax.model import not_finite
from clova_jax.parallel import on_first_process

MARK = "checkpoint.json"
FORMAT = "clova_jax checkpoint 2"  # 2: the optimizer's state is optax's


class OlderCheckpoint(ClovaError):
    """Reports a checkpoint of another layout: it is intact, but this version cannot restore it."""


def _lacking(directory: Path, state: Any) -> int:
    """Returns the bytes that the disk lacks for the state of one process; below 0 where there is room."""
    if jax.process_count() > 1:
        return 0  # raising on one process alone would leave the others waiting
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    return size - shutil.disk_usage(directory).free


def _be_brief() -> None:
    """Keeps Orbax and TensorStore from printing a failed write, pages long, before our `ClovaError`."""
    logging.getLogger("absl").addFilter(_not_orbax_failing)
    if sys.unraisablehook is not _brief_hook:
        _hooks.append(sys.unraisablehook)
        sys.unraisablehook = _brief_hook


_hooks: list[Any] = []


def _brief_hook(about: Any) -> None:
    if not (about.exc_type is RuntimeError and str(about.exc_value) == "Event loop is closed"):
        _hooks[-1](about)


def _not_orbax_failing(record: logging.LogRecord) -> bool:
    return not (record.levelno >= logging.ERROR and "orbax" in record.pathname)


class Checkpoints:
    """Keeps the checkpoints of one run.

    Args:
        directory: where they live.
        keep_last: how many of the newest to keep.
        keep_every: also keep those whose step is a multiple of this; 0 keeps none for good.
    """

    def __init__(self, directory: str | Path, keep_last: int = 3, keep_every: int = 0) -> None:
        self.directory = Path(directory).absolute()
        self.keep_last, self.keep_every = keep_last, keep_every
        self._writer = jax.process_index() == 0
        _be_brief()
        self._checkpointer = ocp.StandardCheckpointer()
        self._finisher: threading.Thread | None = None
        self._error: BaseException | None = None

    def steps(self) -> list[int]:
        """Returns the steps of all checkpoints that were written to their end, in order."""
        if not self.directory.is_dir():
            return []
        marks = self.directory.glob(f"*/{MARK}")
        return sorted(int(mark.parent.name) for mark in marks if mark.parent.name.isdigit())

    def save(self, step: int, state: Any, about: dict[str, Any]) -> None:
        """Starts writing the state of a step; returns once the arrays are copied from the devices.

        Args:
            step: number of finished steps.
            state: the train state, sharded as it is.
            about: JSON values kept beside it (tokens seen, seed, fingerprints).

        Raises:
            ClovaError: this write or the one before it failed, for want of room for instance.
        """
        self.wait()
        folder = self.directory / str(step)
        if self._writer:
            shutil.rmtree(folder, ignore_errors=True)  # a damaged or half-written one
            self.directory.mkdir(parents=True, exist_ok=True)
        try:
            if self._writer and (lacking := _lacking(self.directory, state)) > 0:
                raise OSError(errno.ENOSPC, f"no space left: {lacking / 1e6:,.1f} MB are missing")
            self._checkpointer.save(folder / "state", state, force=True)
        except Exception as error:
            raise self._failure(step, error) from error
        self._finisher = threading.Thread(target=self._finish, args=(step, folder, about))
        self._finisher.start()

    def _finish(self, step: int, folder: Path, about: dict[str, Any]) -> None:
        try:
            self._checkpointer.wait_until_finished()
            if self._writer:
                files = hash_folder(folder / "state")
                write_json(
                    folder / MARK, {"format": FORMAT, "step": step, "about": about, "files": files}
                )
                self._prune()
        except Exception as error:
            self._error = self._failure(step, error)
            self._error.__cause__ = error

    def _failure(self, step: int, error: BaseException) -> ClovaError:
        shutil.rmtree(self.directory / str(step), ignore_errors=True)
        before = self.steps()
        kept = f"the one of step {before[-1]} is intact" if before else "there is none before it"
        codes = (errno.ENOSPC, errno.EDQUOT)
        text = str(error).lower()
        full = getattr(error, "errno", None) in codes or any(
            words in text for words in ("no space left", "disk quota exceeded")
        )
        reason = "no room left on the disk" if full else f"{type(error).__name__}: {error}"
        return ClovaError(
            f"{self.directory}: checkpoint of step {step} not written ({reason}); {kept}"
        )

    def _prune(self) -> None:
        steps = self.steps()
        for step in steps[: -self.keep_last]:
            if not (self.keep_every and step % self.keep_every == 0):
                # The mark goes first: a removal cut short leaves a folder that does not count.
                (self.directory / str(step) / MARK).unlink()
                shutil.rmtree(self.directory / str(step))
        for folder in self.directory.iterdir():  # begun by a process that was killed
            if folder.name.isdigit() and not (folder / MARK).exists():
                shutil.rmtree(folder)

    def wait(self) -> None:
        """Waits for the write under way; raises what went wrong in it."""
        if self._finisher is not None:
            self._finisher.join()
            self._finisher = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def about(self, step: int) -> dict[str, Any]:
        """Returns the JSON values kept beside the state of a step."""
        return self._mark(step)["about"]

    def newest_sound(self) -> int | None:
        """Returns the step of the newest checkpoint whose files all match their hashes.

        Damaged ones are named on standard error. All processes agree on process 0's verdict.
        """
        found = -1

        def find() -> None:
            nonlocal found
            for step in reversed(self.steps()):
                damage = self._damage(step)
                if damage is None:
                    found = step
                    break
                print(
                    f"checkpoint {step} is damaged ({damage}); trying the one before",
                    file=sys.stderr,
                )

        on_first_process(find)  # what it raises ends every process
        if jax.process_count() > 1:
            found = int(multihost_utils.broadcast_one_to_all(found))
        return None if found < 0 else found

    def _mark(self, step: int) -> dict[str, Any]:
        path = self.directory / str(step) / MARK
        values = read_json(path)
        mark = fields(values, path, {"step": int, "about": dict, "files": dict[str, str]})
        if values.get("format") != FORMAT:
            raise OlderCheckpoint(
                f"{path}: written by a version that kept the optimizer's state otherwise; finish the run "
                "with that version, or give another --out (the model directory still loads)"
            )
        if mark["step"] != step:
            raise ClovaError(
                f"{path}: is the mark of step {mark['step']}; give the folder its name"
            )
        return mark

    def _damage(self, step: int) -> str | None:
        try:
            check_files(self.directory / str(step) / "state", self._mark(step)["files"])
        except OlderCheckpoint:
            raise
        except ClovaError as error:
            return str(error)
        return None

    def restore(self, step: int, abstract_state: Any) -> Any:
        """Reads the state of a step onto the shardings of `abstract_state`, whatever mesh wrote it.

        Each device reads only its own shards; no second copy is held.

        Raises:
            ClovaError: a number of it is not finite.
        """
        folder = self.directory / str(step)
        state = self._checkpointer.restore(folder / "state", abstract_state)
        if (name := not_finite(state)) is not None:
            raise ClovaError(
                f"{folder}: {name} holds numbers that are not finite; remove this checkpoint, and training "
                "resumes from the one before"
            )
        return state

    def close(self) -> None:
        """Finishes the write under way and releases the threads."""
        try:
            self.wait()
        finally:
            self._checkpointer.close()
