"""Writes a trace of some steps: what the host and the devices did, for TensorBoard, XProf or Perfetto."""

from pathlib import Path

import jax

from clova_jax.train.trainer import Hook, Run


class Profile(Hook):
    """Traces the steps from `first` to `last` with `jax.profiler`, into a folder.

    A run that is resumed between them traces the steps that are left.

    Args:
        first, last: numbers of steps, from 1.
        folder: gets `plugins/profile/DATE/…`, as TensorBoard looks for it.
    """

    def __init__(self, first: int, last: int, folder: Path) -> None:
        self.first, self.last, self.folder = first, last, folder
        self._tracing = False

    def begin(self, run: Run) -> None:
        """Starts the trace where the next step is one of them."""
        self._start(run.step + 1)

    def __call__(self, run: Run) -> None:
        """Ends the trace after its last step, or starts it before its first."""
        if self._tracing and (run.step >= self.last or run.is_last or run.stopped):
            jax.profiler.stop_trace()
            self._tracing = False
        elif not (self._tracing or run.is_last or run.stopped):
            self._start(run.step + 1)

    def _start(self, step: int) -> None:
        if self.first <= step <= self.last:
            jax.profiler.start_trace(str(self.folder))
            self._tracing = True
