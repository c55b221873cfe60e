"""Checkpoints that can be trusted: written in the background, whole or not at all, hashed.

    <directory>/<step>/state/            the train state (Orbax)
    <directory>/<step>/checkpoint.json   written last: what the run was, and a hash of every file

A folder without `checkpoint.json` was cut short and does not count. On restore every file is
hashed again; a damaged checkpoint is named and the one before it is used.
"""

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

MARK = "checkpoint.json"


class Checkpoints:
    """The checkpoints of one run.

    Args:
        directory: where they live.
        keep_last: how many of the newest to keep.
        keep_every: also keep those whose step is a multiple of this; 0 keeps none for good.
    """

    def __init__(self, directory: str | Path, keep_last: int = 3, keep_every: int = 0) -> None:
        self.directory = Path(directory).absolute()
        self.keep_last, self.keep_every = keep_last, keep_every
        self._writer = jax.process_index() == 0
        self._checkpointer = ocp.StandardCheckpointer()
        self._finisher: threading.Thread | None = None
        self._error: BaseException | None = None

    def steps(self) -> list[int]:
        """Steps of the checkpoints that were written to their end, in order."""
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
                write_json(folder / MARK, {"step": step, "about": about, "files": files})
                self._prune()
        except Exception as error:
            self._error = self._failure(step, error)
            self._error.__cause__ = error

    def _failure(self, step: int, error: BaseException) -> ClovaError:
        shutil.rmtree(self.directory / str(step), ignore_errors=True)
        before = self.steps()
        kept = f"the one of step {before[-1]} is intact" if before else "there is none before it"
        full = "no space left" in str(error).lower() or getattr(error, "errno", None) == 28
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

    def wait(self) -> None:
        """Waits for the write under way; raises what went wrong in it."""
        if self._finisher is not None:
            self._finisher.join()
            self._finisher = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def about(self, step: int) -> dict[str, Any]:
        """The JSON values kept beside the state of a step."""
        return self._mark(step)["about"]

    def newest_sound(self) -> int | None:
        """Step of the newest checkpoint whose files all match their hashes.

        Damaged ones are named on standard error. All processes agree on process 0's verdict.
        """
        found = -1
        if self._writer:
            for step in reversed(self.steps()):
                damage = self._damage(step)
                if damage is None:
                    found = step
                    break
                print(
                    f"checkpoint {step} is damaged ({damage}); trying the one before",
                    file=sys.stderr,
                )
        if jax.process_count() > 1:
            found = int(multihost_utils.broadcast_one_to_all(found))
        return None if found < 0 else found

    def _mark(self, step: int) -> dict[str, Any]:
        path = self.directory / str(step) / MARK
        mark = fields(read_json(path), path, {"step": int, "about": dict, "files": dict[str, str]})
        if mark["step"] != step:
            raise ClovaError(
                f"{path}: is the mark of step {mark['step']}; give the folder its name"
            )
        return mark

    def _damage(self, step: int) -> str | None:
        try:
            check_files(self.directory / str(step) / "state", self._mark(step)["files"])
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
                "goes on from the one before"
            )
        return state

    def close(self) -> None:
        """Finishes the write under way and releases the threads."""
        try:
            self.wait()
        finally:
            self._checkpointer.close()
