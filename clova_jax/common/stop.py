"""Turns Ctrl-C and SIGTERM into a request to stop at the next safe point."""

import signal
import sys
from types import FrameType


class Stopped(Exception):
    """Reports that a signal requested a stop; what was finished is kept."""


class StopSignals:
    """Turns the first SIGINT or SIGTERM into `requested`; a second SIGINT interrupts at once.

    with StopSignals() as stop:
        for step in steps:
            if stop.requested: save(); break
    """

    def __init__(self) -> None:
        self.requested: str | None = None  # the signal's name
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[number] = signal.signal(number, self._note)
            except ValueError:  # not the main thread: somebody else minds the signals
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raises `Stopped` with the signal's name where a stop was requested."""
        if self.requested:
            raise Stopped(self.requested)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = signal.Signals(number).name
        print(f"\n{self.requested}: stopping at the next safe point", file=sys.stderr, flush=True)
