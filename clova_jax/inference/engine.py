"""Runs many requests through one batch: they join and leave between calls, and stream while they run.

    with Engine(lm) as engine:
        request = engine.submit("옛날 옛적에", max_new_tokens=50, seed=1)
        for new in request:            # text as it grows, never half a character
            print(new, end="")
        request.result().finish

One thread owns the device; `submit`, iteration and `cancel` may come from any other. All calls have one
shape, so that a text does not depend on what ran beside it.
"""

import atexit
import collections
import os
import queue
import secrets
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.inference.arguments import integer, one_seed
from clova_jax.inference.complete import (
    Completion,
    cache_size,
    completion,
    make_sampling,
    prompt_ids,
    start,
)
from clova_jax.inference.model import Model
from clova_jax.inference.sampling import seed_key
from clova_jax.inference.slots import Slots, Text

CALL_TOKENS = 4  # between two chances to join, leave, and show text


class QueueFull(ClovaError):
    """Reports that too many requests are waiting already; try again later."""


class Cancelled(ClovaError):
    """Reports that the request was cancelled before its end."""


class Request:
    """Follows one request: iterating yields new text as it is written; `result` waits for all of it."""

    def __init__(self, engine: "Engine", text: Text) -> None:
        self._engine, self._text = engine, text
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._shown = 0
        self._done = threading.Event()
        self._completion: Completion | None = None
        self._error: BaseException | None = None
        self._cancelled = False

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

    def cancel(self) -> None:
        """Ends the request at the next call; a finished one stays as it is."""
        self._cancelled = True
        self._engine._wake()

    def _show(self) -> None:
        text = self._text.writer.text
        if len(text) > self._shown:
            self._news.put(text[self._shown :])
            self._shown = len(text)

    def _end(self, found: Completion | None, error: BaseException | None = None) -> None:
        self._completion, self._error = found, error
        self._done.set()
        self._news.put(None)


_open: "weakref.WeakSet[Engine]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Closes all engines before the interpreter exits: a thread that is on the device then aborts the process."""
    for engine in list(_open):
        engine.close()


class Engine:
    """Runs continuous batching: texts share one batch, and a new one starts when a slot is free.

    Args:
        model: what the texts are written by.
        slots: texts that advance together.
        size: tokens of prompt and text a slot has room for; the model's context by default.
        waiting: requests that may wait for a slot.
        top: most alternatives that a request may ask for with `logprobs`.
    """

    def __init__(
        self,
        model: Model,
        *,
        slots: int = 8,
        size: int | None = None,
        waiting: int = 256,
        top: int = 5,
    ) -> None:
        limit = model.config.max_length
        self.model, self.waiting, self.top = model, integer(waiting, "waiting", 1), top
        self.size = limit if size is None else min(integer(size, "size", 1), limit)
        self._slots = Slots(model, integer(slots, "slots", 1), cache_size(self.size), top=top)
        self._queue: collections.deque[Request] = collections.deque()
        self._running: dict[Text, Request] = {}
        self._change = threading.Condition()
        self._closed = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._loop, name="clova-engine", daemon=True)
        self._thread.start()
        _open.add(self)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self, prompt: str | Sequence[int], *, seed: int | None = None, **options: Any
    ) -> Request:
        """Puts a request into the queue; the options are those of `Sampling`.

        Raises:
            QueueFull: `waiting` requests wait already.
            ClovaError: an option out of its range, a prompt too long, a closed engine.
        """
        sampling = make_sampling(options)
        if (sampling.logprobs or 0) > self.top:
            raise ClovaError(f"logprobs={sampling.logprobs}: this engine gives up to {self.top}")
        ids = prompt_ids(self.model, [prompt])[0]
        key = seed_key(secrets.randbits(63) if seed is None else one_seed(seed))
        request = Request(self, start(self.model, ids, sampling, key, self.size, name="prompt"))
        with self._change:
            if self._closed:
                raise ClovaError("the engine is closed")
            if len(self._queue) >= self.waiting:
                raise QueueFull(f"{self.waiting} requests wait already; try again later")
            self._queue.append(request)
            self._change.notify_all()
        return request

    def generate(self, prompt: str | Sequence[int], **options: Any) -> str:
        """Returns the complete text of one request."""
        return self.submit(prompt, **options).result().text

    @property
    def load(self) -> tuple[int, int]:
        """Returns (texts being written, requests waiting)."""
        return len(self._running), len(self._queue)

    def close(self) -> None:
        """Ends the thread; requests that have not ended raise that the engine was closed."""
        if os.getpid() == self._process:  # a fork has no such thread, but maybe its lock
            self._wake(close=True)
            self._thread.join()

    def _wake(self, close: bool = False) -> None:
        with self._change:
            self._closed |= close
            self._change.notify_all()

    def _loop(self) -> None:
        error: BaseException = ClovaError("the engine was closed")
        try:
            while self._join():
                ended = self._slots.advance(CALL_TOKENS)
                for request in list(self._running.values()):
                    request._show()
                for text in ended:
                    self._running.pop(text)._end(completion(self.model, text))
        except BaseException as failure:
            error = failure
        with self._change:
            self._closed = True
            left = [*self._running.values(), *self._queue]
            self._running.clear()
            self._queue.clear()
        for request in left:
            request._end(None, error)

    def _join(self) -> bool:
        """Lets the cancelled leave and the waiting in; waits for work. False when closed."""
        with self._change:
            while True:
                if self._closed:
                    return False
                for request in [r for r in self._running.values() if r._cancelled]:
                    self._slots.cancel(request._text)
                    del self._running[request._text]
                    request._end(None, Cancelled("the request was cancelled"))
                free = len(self._slots.free)
                joining: list[Request] = []
                while self._queue and len(joining) < free:
                    request = self._queue.popleft()
                    if request._cancelled:
                        request._end(None, Cancelled("the request was cancelled"))
                    elif not request._text.limit:
                        request._text.finish = "length"
                        request._end(completion(self.model, request._text))
                    else:
                        joining.append(request)
                if joining or self._running:
                    break
                self._change.wait()
            for request in joining:
                self._running[request._text] = request
        self._slots.admit([request._text for request in joining], together=False)
        return True
