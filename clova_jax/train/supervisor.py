"""Shows those outside how a training is: a health file, alerts, and a status by which to start it again.

`health.json`: `state` (training, finished, stopped, stalled, interrupted, failed), `step`, `total_steps`, `loss`,
`checkpoint` (step of the newest one), `reason` (of the last three states), `time` in UTC, `host` and `pid`.
"""

import contextlib
import faulthandler
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from clova_jax.common.errors import Interrupted
from clova_jax.common.exit_status import RETRY
from clova_jax.train.alerts import Alerts
from clova_jax.train.trainer import Hook, Run

HEALTH = "health.json"
WRITE_EVERY = 10.0  # seconds, at least, between two writes of the same state


class Supervisor:
    """Follows one training; a context from before its first step to after its last write.

    Args:
        write: puts the values of the health file in their place; None: there is none.
        alerts: where stalls, spikes and failures are reported.
        stall_seconds: without a step for so long, the process ends with status 75; 0: never.
    """

    def __init__(
        self,
        write: Callable[[dict[str, Any]], None] | None = None,
        alerts: Alerts | None = None,
        stall_seconds: float = 0.0,
    ) -> None:
        self._write, self.alerts = write, alerts or Alerts()
        self._stall_seconds = stall_seconds
        self._values: dict[str, Any] = {}
        self._written = 0.0
        self._beat = time.monotonic()
        self._ended = threading.Event()

    def __enter__(self) -> "Supervisor":
        self._beat = time.monotonic()
        if self._stall_seconds:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if error is not None:
            state = "interrupted" if isinstance(error, Interrupted) else "failed"
            reason = " ".join(str(error).split())[:500] or type(error).__name__
            self.note(state, reason=reason)
            self._alert(state, reason)
        self.alerts.wait()

    def beat(self, **figures: Any) -> None:
        """Notes that the training lives: `step`, `loss` and whatever else belongs in the health file."""
        self._beat = time.monotonic()
        self.note("training", **figures)

    def note(self, state: str, **figures: Any) -> None:
        """Writes the health file where the state is new, or the file is older than ten seconds, and the disk takes it."""
        same = self._values.get("state") == state
        self._values |= {"state": state, **figures}
        if self._write is None or (same and time.monotonic() - self._written < WRITE_EVERY):
            return
        self._written = time.monotonic()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        process = {"host": socket.gethostname(), "pid": os.getpid()}
        with contextlib.suppress(OSError):
            self._write({**self._values, "time": now, **process})

    def _alert(self, event: str, reason: str) -> None:
        figures = {name: self._values.get(name) for name in ("step", "loss")}
        self.alerts.send(event, reason, **figures)

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, self._stall_seconds / 4)):
            silent = time.monotonic() - self._beat
            if silent > self._stall_seconds:
                self._end_stalled(silent)

    def _end_stalled(self, silent: float) -> None:
        """Says where every thread stands, and ends the process."""
        reason = f"no step for {silent:,.0f} seconds after step {self._values.get('step', 0)}"
        print(f"\nstalled: {reason}; the stacks of all threads:", file=sys.stderr, flush=True)
        faulthandler.dump_traceback(all_threads=True)
        self._alert("stalled", reason)
        # What stalls may be the file system, so neither of the two is waited for any longer than this.
        writing = threading.Thread(
            target=self.note, args=("stalled",), kwargs={"reason": reason}, daemon=True
        )
        writing.start()
        self.alerts.wait()
        writing.join(5.0)
        os._exit(RETRY)


class Beat(Hook):
    """Reports each step to a supervisor.

    Args:
        supervisor: of the training.
        checkpoint: returns the step of the newest checkpoint, None where there is none.
    """

    def __init__(self, supervisor: Supervisor, checkpoint: Callable[[], int | None]) -> None:
        self.supervisor, self.checkpoint = supervisor, checkpoint

    def begin(self, run: Run) -> None:
        """Reports the start."""
        self._beat(run, None)

    def __call__(self, run: Run) -> None:
        """Reports the step."""
        self._beat(run, run.metrics["loss"])

    def _beat(self, run: Run, loss: float | None) -> None:
        self.supervisor.beat(
            step=run.step, total_steps=run.total_steps, loss=loss, checkpoint=self.checkpoint()
        )
