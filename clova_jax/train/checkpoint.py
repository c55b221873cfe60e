"""Writes checkpoints that can be trusted: in the background, complete or not at all, hashed.

    <directory>/<step>/state/            the train state
    <directory>/<step>/checkpoint.json   written last: what the run was, and a hash of every file

A folder without `checkpoint.json` was cut short and does not count. On restore every file is
hashed again; a damaged checkpoint is named and the one before it is used.
"""

import contextlib
import errno
import sys
import threading
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.common.json_values import fields
from clova_jax.common.places import is_url
from clova_jax.model import not_finite
from clova_jax.parallel import on_first_process
from clova_jax.train.states_on_disk import MARK, StatesOnDisk
from clova_jax.train.states_on_objects import StatesOnObjects

FORMAT = "clova_jax checkpoint 2"  # 2: the optimizer's state is optax's


class OlderCheckpoint(ClovaError):
    """Reports a checkpoint of another layout: it is intact, but this version cannot restore it."""


class Checkpoints:
    """Keeps the checkpoints of one run.

    Args:
        directory: where they live: a folder that all processes share, or a URL of an object store.
        keep_last: how many of the newest to keep.
        keep_every: also keep those whose step is a multiple of this; 0 keeps none for good.
    """

    def __init__(self, directory: str | Path, keep_last: int = 3, keep_every: int = 0) -> None:
        if is_url(directory):
            self.states: StatesOnDisk | StatesOnObjects = StatesOnObjects(str(directory))
        else:
            self.states = StatesOnDisk(Path(directory).absolute())
        self.keep_last, self.keep_every = keep_last, keep_every
        self._writer = jax.process_index() == 0
        self._finisher: threading.Thread | None = None
        self._error: BaseException | None = None

    def steps(self) -> list[int]:
        """Returns the steps of all checkpoints that were written to their end, in order."""
        return sorted(step for step, marked in self.states.folders().items() if marked)

    def save(self, step: int, state: Any, about: dict[str, Any]) -> None:
        """Starts writing the state of a step; returns once the arrays are copied from the devices.

        Args:
            step: number of finished steps.
            state: the train state, sharded as it is.
            about: JSON values kept beside it (tokens seen, seed, fingerprints).

        Raises:
            ClovaError: this write or the one before it failed, for want of room for instance.
            Interrupted: it failed for want of another process, or of the object store.
        """
        self.wait()
        try:
            on_first_process(lambda: self.states.prepare(step, state))
            self.states.start(step, state)
        except Exception as error:
            raise self._failure(step, error) from error
        self._finisher = threading.Thread(target=self._finish, args=(step, about))
        self._finisher.start()

    def _finish(self, step: int, about: dict[str, Any]) -> None:
        try:
            self.states.finish(step)
            if self._writer:
                mark = {"format": FORMAT, "step": step, "about": about}
                self.states.write_mark(step, mark | {"files": self.states.hashes(step)})
                self._prune()
        except Exception as error:
            self._error = self._failure(step, error)
            self._error.__cause__ = error

    def _failure(self, step: int, error: BaseException) -> Exception:
        if self._writer:
            with contextlib.suppress(ClovaError):
                self.states.remove(step)
        codes = (errno.ENOSPC, errno.EDQUOT)
        text = str(error).lower()
        full = getattr(error, "errno", None) in codes or any(
            words in text for words in ("no space left", "disk quota exceeded")
        )
        reason = "no room left on the disk" if full else f"{type(error).__name__}: {error}"
        said = f"{self.states}: checkpoint of step {step} not written ({reason})"
        if not full and (jax.process_count() > 1 or isinstance(self.states, StatesOnObjects)):
            return Interrupted(f"{said}; start the run again")  # a lost process, or a network
        before = self.steps()
        kept = f"the one of step {before[-1]} is intact" if before else "there is none before it"
        return ClovaError(f"{said}; {kept}")

    def _prune(self) -> None:
        folders = self.states.folders()
        complete = sorted(step for step, marked in folders.items() if marked)
        for step in complete[: -self.keep_last]:
            if not (self.keep_every and step % self.keep_every == 0):
                self.states.remove(step)
        for step in folders.keys() - set(complete):  # begun by a process that was killed
            self.states.remove(step)

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

        Damaged ones and those that were cut short are named on standard error. All processes agree on process 0's
        verdict.
        """
        found = -1

        def find() -> None:
            nonlocal found
            for step, marked in sorted(self.states.folders().items(), reverse=True):
                damage = self._damage(step) if marked else "its write was cut short"
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
        path = f"{self.states}/{step}/{MARK}"
        values = self.states.read_mark(step)
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
            self.states.check(step, self._mark(step)["files"])
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
        state = self.states.restore(step, abstract_state)
        if (name := not_finite(state)) is not None:
            raise ClovaError(
                f"{self.states}/{step}: {name} holds numbers that are not finite; remove this checkpoint, and training "
                "resumes from the one before"
            )
        return state

    def close(self) -> None:
        """Finishes the write under way and releases the threads."""
        try:
            self.wait()
        finally:
            self.states.close()
