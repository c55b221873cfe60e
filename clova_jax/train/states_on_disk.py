"""Keeps train states in folders of a disk that all processes share, through Orbax."""

import errno
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from clova_jax.common.files import read_json, write_json
from clova_jax.common.hashes import check_files, hash_folder

MARK = "checkpoint.json"


class StatesOnDisk:
    """Writes and reads `<directory>/<step>/state`, and the mark beside it. See `StatesOnObjects` for the other place.

    Args:
        directory: made at the first write.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        _be_brief()
        self.checkpointer = ocp.StandardCheckpointer()

    def __str__(self) -> str:
        return str(self.directory)

    def folders(self) -> dict[int, bool]:
        """Returns the steps that have a folder, and whether it is marked as complete."""
        if not self.directory.is_dir():
            return {}
        names = [path for path in self.directory.iterdir() if path.name.isdigit()]
        return {int(path.name): (path / MARK).is_file() for path in names}

    def remove(self, step: int) -> None:
        """Removes a step's folder; the mark goes first, so that a removal cut short leaves none that counts."""
        (self.directory / str(step) / MARK).unlink(missing_ok=True)
        shutil.rmtree(self.directory / str(step), ignore_errors=True)

    def prepare(self, step: int, state: Any) -> None:
        """Makes room for the state of a step; one process does, before `start`.

        Raises:
            OSError: the disk has too little.
        """
        self.remove(step)  # a damaged or half-written one
        self.directory.mkdir(parents=True, exist_ok=True)
        if jax.process_count() > 1:
            return  # raising on one process alone would leave the others waiting
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        lacking = size - shutil.disk_usage(self.directory).free
        if lacking > 0:
            raise OSError(errno.ENOSPC, f"no space left: {lacking / 1e6:,.1f} MB are missing")

    def start(self, step: int, state: Any) -> None:
        """Starts writing a state; returns once it is copied from the devices."""
        self.checkpointer.save(self.directory / str(step) / "state", state, force=True)

    def finish(self, step: int) -> None:
        """Waits until all processes have written their parts."""
        self.checkpointer.wait_until_finished()

    def hashes(self, step: int) -> dict[str, str]:
        """Computes the hash of every file of a state."""
        return hash_folder(self.directory / str(step) / "state")

    def check(self, step: int, recorded: dict[str, str]) -> None:
        """Compares the files of a state with their hashes.

        Raises:
            ClovaError: one is missing, was added or changed.
        """
        check_files(self.directory / str(step) / "state", recorded)

    def read_mark(self, step: int) -> Any:
        """Returns the value in a step's mark."""
        return read_json(self.directory / str(step) / MARK)

    def write_mark(self, step: int, value: Any) -> None:
        """Marks a step as complete."""
        write_json(self.directory / str(step) / MARK, value)

    def restore(self, step: int, abstract_state: Any) -> Any:
        """Reads a state onto the shardings of `abstract_state`; each device reads only its own shards."""
        return self.checkpointer.restore(self.directory / str(step) / "state", abstract_state)

    def close(self) -> None:
        """Releases Orbax's threads."""
        self.checkpointer.close()


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
