"""Does work in the background, again and again, until the server ends."""

import logging
import threading
from collections.abc import Callable

LOG = logging.getLogger("clova_jax.studio")


class Rounds:
    """Does work at once and then every so many seconds, on a thread of its own; a failure is logged and ends nothing.

    Args:
        name: of the work, for the log.
        work: is given the event that is set when it should stop.
        seconds: from the end of a round to the beginning of the next.
    """

    def __init__(self, name: str, work: Callable[[threading.Event], None], seconds: float) -> None:
        self._name, self._work, self._seconds = name, work, seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"clova-{name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; work that is being done stops where it can."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work(self._stopping)
            except Exception:
                LOG.exception("%s failed; again in %d seconds", self._name, self._seconds)
            self._stopping.wait(self._seconds)
