"""Keeps a copy of a run's small files on an object store, from which the run goes on on any machine."""

import sys
import threading
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.common.files import write_json
from clova_jax.common.json_values import to_json
from clova_jax.common.objects import Objects
from clova_jax.common.run_folder import RUN
from clova_jax.train.supervisor import HEALTH
from clova_jax.train.trainer import Hook, Run

METRICS = "metrics.jsonl"
KEPT = (RUN, METRICS, "config.json", "wandb.json")
FOLDERS = ("tensorboard", "profile")
LAST_WORD = 30.0  # seconds that the end of a run waits for its health file to be taken


class RunMirror:
    """Copies run records, metrics and event files of a folder to a URL, and at a start those it goes on from back.

    Args:
        out: the folder on this machine.
        url: of the run on the object store.
    """

    def __init__(self, out: Path, url: str) -> None:
        self.out, self.objects = out, Objects(url)
        self._seen: dict[str, tuple[int, int]] = {}  # size and time of change of what was copied
        self._sending: threading.Thread | None = None
        self._failed = False

    def pull(self) -> None:
        """Replaces the run's records in the folder by those of the object store, which may be another machine's.

        Raises:
            ClovaError: the folder holds a run of its own.
        """
        if (self.out / "checkpoints").exists() or (self.out / "model").exists():
            raise ClovaError(
                f"{self.out}: holds a run of its own; with --remote give another --out"
            )
        for name in KEPT:
            data = self.objects.read(name)
            path = self.out / name
            path.unlink(missing_ok=True)
            if data is not None:
                path.write_bytes(data)

    def push(self) -> None:
        """Copies what has changed since the last call.

        Raises:
            Interrupted: the object store does not take it.
        """
        changed = []
        for path in self._files():
            name, about = path.relative_to(self.out).as_posix(), path.stat()
            now = (about.st_size, about.st_mtime_ns)
            if self._seen.get(name) != now:
                self._seen[name] = now
                changed.append(name)
        try:
            self.objects.upload(self.out, changed)
        except ClovaError as error:
            raise Interrupted(f"{error}; start the run again") from error

    def write_health(self, values: dict[str, Any]) -> None:
        """Writes the health file in both places; a store that does not answer is reported once, and stops nothing."""
        write_json(self.out / HEALTH, values)
        is_underway = values["state"] == "training"
        if is_underway and self._sending is not None and self._sending.is_alive():
            return  # the next one says more
        given = values, self._sending
        self._sending = threading.Thread(target=self._send, args=given, daemon=True)
        self._sending.start()
        if not is_underway:
            self._sending.join(LAST_WORD)

    def _send(self, values: dict[str, Any], before: threading.Thread | None) -> None:
        if before is not None:
            before.join(LAST_WORD / 2)  # or the older values might be the last ones there
        try:
            self.objects.write(HEALTH, to_json(values, indent=2).encode())
        except ClovaError as error:
            if not self._failed:
                print(f"WARNING: {error}", file=sys.stderr)
            self._failed = True

    def _files(self) -> list[Path]:
        inside = [path for folder in FOLDERS for path in sorted((self.out / folder).rglob("*"))]
        return [path for path in (*(self.out / name for name in KEPT), *inside) if path.is_file()]


class Mirror(Hook):
    """Pushes the files of a run before each checkpoint, so that metrics are never behind it.

    Args:
        every: steps between two checkpoints.
        mirror: of the run.
    """

    on_stop = True

    def __init__(self, every: int, mirror: RunMirror) -> None:
        self.every, self.mirror = every, mirror

    def __call__(self, run: Run) -> None:
        """Pushes what has changed."""
        self.mirror.push()
