"""Keeps train states on an object store, through TensorStore: every process writes its own shards, no disk is shared."""

import time
from collections.abc import Callable
from typing import Any

import jax

from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import parse_json, to_json
from clova_jax.common.objects import Objects
from clova_jax.parallel import create_arrays, read_arrays, write_arrays
from clova_jax.train.states_on_disk import MARK

WAIT = 3600.0  # seconds for the other processes to write their shards


class StatesOnObjects:
    """Writes and reads `<url>/<step>/state`, and the mark beside it; the counterpart of `StatesOnDisk`.

    Args:
        url: such as `gs://bucket/run/checkpoints`.
    """

    def __init__(self, url: str) -> None:
        self.objects = Objects(url)
        self._writing: Callable[[], None] | None = None

    def __str__(self) -> str:
        return str(self.objects)

    def folders(self) -> dict[int, bool]:
        """Returns the steps that have objects, and whether they are marked as complete."""
        found: dict[int, bool] = {}
        for name in self.objects.names():
            step, _, rest = name.partition("/")
            if step.isdigit():
                found[int(step)] = found.get(int(step), False) or rest == MARK
        return found

    def remove(self, step: int) -> None:
        """Deletes a step's objects; the mark goes first, so that a removal cut short leaves none that counts."""
        self.objects.remove([f"{step}/{MARK}"])
        self.objects.remove(self.objects.names(f"{step}/"))

    def prepare(self, step: int, state: Any) -> None:
        """Creates the arrays of a step; one process does, before `start`."""
        self.remove(step)  # a damaged or half-written one
        create_arrays(self.objects, f"{step}/state/", state)

    def start(self, step: int, state: Any) -> None:
        """Copies this process's shards from the devices; `finish` writes them."""
        self._writing = write_arrays(self.objects, f"{step}/state/", state)

    def finish(self, step: int) -> None:
        """Writes this process's shards; process 0 waits for those of the others.

        Raises:
            ClovaError: they have not come within an hour.
        """
        self._writing()
        self.objects.write(f"{step}/written/{jax.process_index()}", b"")
        end = time.monotonic() + WAIT
        while jax.process_index() == 0:
            missing = jax.process_count() - len(self.objects.names(f"{step}/written/"))
            if not missing:
                break
            if time.monotonic() > end:
                raise ClovaError(f"{missing} processes have not written their shards")
            time.sleep(0.5)

    def hashes(self, step: int) -> dict[str, str]:
        """Computes the hash of every object of a state."""
        return self.objects.hashes(f"{step}/state/")

    def check(self, step: int, recorded: dict[str, str]) -> None:
        """Compares the objects of a state with their hashes.

        Raises:
            ClovaError: one is missing, was added or changed.
        """
        self.objects.check(f"{step}/state/", recorded)

    def read_mark(self, step: int) -> Any:
        """Returns the value in a step's mark."""
        name = f"{step}/{MARK}"
        return parse_json(self.objects.read(name) or b"", f"{self.objects.url}{name}")

    def write_mark(self, step: int, value: Any) -> None:
        """Marks a step as complete."""
        self.objects.write(f"{step}/{MARK}", to_json(value, indent=2).encode())

    def restore(self, step: int, abstract_state: Any) -> Any:
        """Reads a state onto the shardings of `abstract_state`; each device reads only its own shards."""
        return read_arrays(self.objects, f"{step}/state/", abstract_state)

    def close(self) -> None:
        """Does nothing: no thread is left."""
