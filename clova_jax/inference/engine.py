"""Runs many requests through one batch: they join and leave between calls, and stream while they run.

    with Engine(lm) as engine:
        request = engine.submit("옛날 옛적에", max_new_tokens=50, seed=1)
        for new in request:            # text as it grows, never half a character
            print(new, end="")
        request.result().finish

One thread owns the device; `submit`, `call`, iteration and `cancel` may come from any other. All calls have one
shape, and a prompt is cut at fixed blocks, so that a text depends neither on what ran beside it nor on what was cached.
Between two calls of the model the engine does three things: those who cancelled leave, one job is done, and a few blocks of
prompts are prefilled.
"""

import atexit
import collections
import concurrent.futures
import os
import secrets
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.inference.arguments import integer, one_seed
from clova_jax.inference.completion import (
    cache_size,
    completion,
    make_sampling,
    prompt_ids,
    start,
)
from clova_jax.inference.fair_queue import FairQueue
from clova_jax.inference.model import Model
from clova_jax.inference.prefix_cache import BlockPrefill, PrefixCache
from clova_jax.inference.request import Cancelled, EngineClosed, Job, QueueFull, Request
from clova_jax.inference.sampling import seed_key
from clova_jax.inference.slot_groups import SlotGroups
from clova_jax.inference.slots import Text

CALL_TOKENS = 4  # between two chances to join, leave, and show text
FIRST_TOKENS = 1  # where every text has just begun: nobody else waits, and the first token is awaited most
PREFILL_BLOCKS = 4  # at most, between two calls of the model
CACHE_BYTES = 1 << 28  # of blocks of recent prompts


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
        cache_bytes: of keys and values of recent prompts; 0 keeps none.
    """

    def __init__(
        self,
        model: Model,
        *,
        slots: int = 8,
        size: int | None = None,
        waiting: int = 256,
        top: int = 5,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        limit = model.config.max_length
        self.model, self.waiting, self.top = model, integer(waiting, "waiting", 1), top
        self.size = limit if size is None else min(integer(size, "size", 1), limit)
        self.cache = PrefixCache(integer(cache_bytes, "cache_bytes", 0))
        self._slots = SlotGroups(model, integer(slots, "slots", 1), cache_size(self.size), top)
        self._prefill = BlockPrefill(model, self._slots.size, self.cache)
        self._queue: FairQueue[Request | Job] = FairQueue()
        self._running: dict[Text, Request] = {}
        self._joining: Request | None = None  # whose prompt is being prefilled
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
        self,
        prompt: str | Sequence[int],
        *,
        seed: int | None = None,
        sample: int = 0,
        place: int = 0,
        owner: str = "",
        listener: Callable[[], None] | None = None,
        **options: Any,
    ) -> Request:
        """Puts a request into the queue.

        Args:
            prompt: a text, or token ids.
            seed: decides the draws, together with `sample` and `place`; None draws a fresh one.
            sample, place: numbers of the continuation and of the prompt, as in `complete`.
            owner: owners take turns, however many requests one of them has waiting.
            listener: as in `Request`.
            options: of `Sampling`.

        Raises:
            QueueFull: `waiting` requests wait already.
            ClovaError: an option out of its range, a prompt too long, a closed engine.
        """
        sampling = make_sampling(options)
        if (sampling.logprobs or 0) > self.top:
            raise ClovaError(f"logprobs={sampling.logprobs}: this engine gives up to {self.top}")
        ids = prompt_ids(self.model, [prompt])[0]
        key = seed_key(secrets.randbits(63) if seed is None else one_seed(seed), sample, place)
        text = start(self.model, ids, sampling, key, self.size, name="prompt")
        request = Request(text, owner, self._wake, listener)
        self._append(owner, request)
        return request

    def call(self, work: Callable[[], Any], owner: str = "") -> "concurrent.futures.Future[Any]":
        """Has work done by the engine's thread, which alone uses the device; it waits for its owner's turn.

        Raises:
            QueueFull: `waiting` requests wait already.
            ClovaError: a closed engine.
        """
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._append(owner, Job(work, owner, future))
        return future

    def use(self, model: Model) -> "concurrent.futures.Future[None]":
        """Has all later requests answered by the same model with other virtual tokens."""

        def change() -> None:
            self.model = self._prefill.model = model
            self._slots.use(model)
            self.cache.clear()

        return self.call(change)

    def generate(self, prompt: str | Sequence[int], **options: Any) -> str:
        """Returns the complete text of one request."""
        return self.submit(prompt, **options).result().text

    @property
    def load(self) -> tuple[int, int]:
        """Returns (texts being written, requests waiting)."""
        return len(self._running) + (self._joining is not None), len(self._queue)

    @property
    def closed(self) -> bool:
        """Returns True after `close` or a failure."""
        return self._closed

    def close(self) -> None:
        """Ends the thread; requests that have not ended raise that the engine was closed."""
        if os.getpid() == self._process:  # a fork has no such thread, but maybe its lock
            with self._change:
                self._closed = True
                self._change.notify_all()
            self._thread.join()

    def _append(self, owner: str, item: Request | Job) -> None:
        with self._change:
            if self._closed:
                raise EngineClosed("the engine is closed")
            if len(self._queue) >= self.waiting:
                raise QueueFull(f"{self.waiting} requests wait already; try again later")
            self._queue.append(owner, item)
            self._change.notify_all()

    def _wake(self) -> None:
        with self._change:
            self._change.notify_all()

    def _loop(self) -> None:
        error: BaseException = EngineClosed("the engine was closed")
        try:
            while self._wait():
                self._leave()
                self._join()
                if self._running:
                    self._advance()
        except BaseException as failure:
            error = failure
        with self._change:
            self._closed = True
            left = [*self._running.values(), *self._queue.remove(lambda _: True)]
            left += [self._joining] if self._joining else []
            self._running.clear()
            self._joining = None
        for item in left:
            item.end(None, error)

    def _wait(self) -> bool:
        """Waits for work; returns False when closed."""
        with self._change:
            while not (self._closed or self._running or self._joining or len(self._queue)):
                self._change.wait()
            return not self._closed

    def _leave(self) -> None:
        """Lets the cancelled leave: those who run, those who wait, and whose prompt is being prefilled."""
        left: list[Request | Job] = [r for r in self._running.values() if r.cancelled]
        for request in left:
            self._slots.cancel(request.text)
            del self._running[request.text]
        if self._joining and self._joining.cancelled:
            left.append(self._joining)
            self._joining = None
        with self._change:
            left += self._queue.remove(lambda item: item.cancelled)
        for item in left:
            item.end(None, Cancelled("the request was cancelled"))

    def _join(self) -> None:
        """Does one job, or prefills a few blocks and lets those join whose prompts are complete."""
        blocks = 0
        while blocks < PREFILL_BLOCKS:
            if self._joining is None:
                item = self._next()
                if item is None:
                    return
                if isinstance(item, Job):
                    item.run()
                    return
                if not item.text.limit:
                    item.text.finish = "length"
                    item.end(completion(self.model, item.text))
                    continue
                self._joining = item
                self._prefill.begin(item.text.prompt_ids)
            blocks += 1
            if self._prefill.step():
                text = self._joining.text
                self._slots.seat(text, self._prefill.prefilled())
                self._running[text], self._joining = self._joining, None

    def _next(self) -> Request | Job | None:
        free = bool(self._slots.free)
        running = collections.Counter(request.owner for request in self._running.values())
        with self._change:
            return self._queue.pop(running, lambda item: free or isinstance(item, Job))

    def _advance(self) -> None:
        begun = any(request.text.ids for request in self._running.values())
        ended = self._slots.advance(CALL_TOKENS if begun else FIRST_TOKENS)
        for request in list(self._running.values()):
            request.show()
        for text in ended:
            self._running.pop(text).end(completion(self.model, text))
