"""Defines what a caller of the engine holds: a request for a text, and a job for the engine's thread."""

import concurrent.futures
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.inference.completion import Completion
from clova_jax.inference.slots import Text


class QueueFull(ClovaError):
    """Reports that too many requests are waiting already; try again later."""


class Cancelled(ClovaError):
    """Reports that the request was cancelled before its end."""


class EngineClosed(ClovaError):
    """Reports that the engine was closed, before the request or while it ran."""


class Request:
    """Follows one request: iterating yields new text as it is written; `result` waits for all of it.

    Args:
        text: what is written.
        owner: whose turn it takes.
        wake: makes the engine look at its requests.
        listener: called by the engine's thread when there is new text, and once at the end; it returns at once.
    """

    def __init__(
        self,
        text: Text,
        owner: str,
        wake: Callable[[], None],
        listener: Callable[[], None] | None = None,
    ) -> None:
        self.text, self.owner, self.cancelled = text, owner, False
        self._wake, self._listener = wake, listener
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._shown = 0
        self._done = threading.Event()
        self._completion: Completion | None = None
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[str]:
        while (new := self._news.get()) is not None:
            yield new
        self._news.put(None)  # whoever iterates again ends at once
        if self._error:
            raise self._error

    def result(self, timeout: float | None = None) -> Completion:
        """Returns the complete text.

        Args:
            timeout: seconds to wait.

        Raises:
            Cancelled: it was cancelled.
            TimeoutError: it is still running.
            ClovaError: the engine was closed or failed.
        """
        if not self._done.wait(timeout):
            raise TimeoutError
        if self._error:
            raise self._error
        assert self._completion is not None
        return self._completion

    @property
    def done(self) -> bool:
        """Returns True if the request has ended, one way or another."""
        return self._done.is_set()

    @property
    def written(self) -> str:
        """Returns the text so far, without half a character or half a stop string."""
        return self.text.writer.text

    def cancel(self) -> None:
        """Ends the request within one call of the model; a finished one stays as it is."""
        self.cancelled = True
        self._wake()

    def show(self) -> None:
        """Gives new text to whoever iterates or listens; called by the engine."""
        written = self.written
        if len(written) > self._shown:
            self._news.put(written[self._shown :])
            self._shown = len(written)
            self._tell()

    def end(self, found: Completion | None, error: BaseException | None = None) -> None:
        """Ends the request with its completion or an error; called by the engine."""
        self._completion, self._error = found, error
        self._done.set()
        self._news.put(None)
        self._tell()

    def _tell(self) -> None:
        if self._listener:
            self._listener()


@dataclass(frozen=True)
class Job:
    """Holds work for the engine's thread, done between two calls of the model.

    Args:
        work: what to do.
        owner: whose turn it takes.
        future: where its result goes.
    """

    work: Callable[[], Any]
    owner: str
    future: concurrent.futures.Future[Any]

    def run(self) -> None:
        """Does the work, unless it was cancelled meanwhile."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work())
        except BaseException as error:
            self.future.set_exception(error)

    @property
    def cancelled(self) -> bool:
        """Returns True if nobody waits for the result."""
        return self.future.cancelled()

    def end(self, found: None, error: BaseException | None = None) -> None:
        """Ends the job without doing its work."""
        if error and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
