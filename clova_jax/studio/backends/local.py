"""Writes texts with a model in this process, on the batching engine; a text that is being written holds no thread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from clova_jax.inference import BATCH_TOKENS, Engine, Model, Request, TokenScores, score_tokens
from clova_jax.studio.backends.base import Ask, Entry, Part
from clova_jax.studio.backends.names import Sizes, token_name


class LocalBackend:
    """Writes and scores on the engine's thread.

    Args:
        engine: owns the model and the device.
    """

    lacks: frozenset[str] = frozenset()

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tokenizer = engine.model.tokenizer
        self.max_length = engine.size

    @property
    def model(self) -> Model:
        """Returns the model with the virtual tokens that are in use."""
        return self.engine.model

    async def write(self, ask: Ask) -> "LocalWriting":
        """Puts a request into the engine's queue."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def listener() -> None:
            with contextlib.suppress(
                RuntimeError
            ):  # the loop has ended, and with it whoever listened
                loop.call_soon_threadsafe(news.set)

        request = self.engine.submit(
            ask.ids,
            seed=ask.seed,
            sample=ask.sample,
            place=ask.place,
            owner=ask.owner,
            listener=listener,
            logprobs=ask.logprobs,
            **ask.sampling,
        )
        return LocalWriting(self, request, news, ask.logprobs)

    async def score(
        self, rows: Sequence[Sequence[int]], first: int, top: int, owner: str
    ) -> list[list[Entry]]:
        """Returns the entries of given tokens, some rows a turn of the engine."""
        found: list[list[Entry]] = []
        for group in _groups(rows):
            found += await self.call(lambda group=group: self._score(group, first, top), owner)
        return found

    def _score(self, rows: Sequence[Sequence[int]], first: int, top: int) -> list[list[Entry]]:
        starts = [max(first, 1)] * len(rows)
        scored = score_tokens(self.model, rows, starts=starts, top=top)
        return [
            self._entries(ids[first:], scores, first)
            for ids, scores in zip(rows, scored, strict=True)
        ]

    def _entries(self, ids: Sequence[int], scores: TokenScores, first: int) -> list[Entry]:
        sizes, found = Sizes(self.tokenizer).of(ids), []
        if not first and ids:
            found = [Entry(self.name(ids[0]), None, None, sizes[0])]
        columns = (scores.logprobs.tolist(), scores.top_ids.tolist(), scores.top_logprobs.tolist())
        done = len(found)
        for token, size, logprob, near, near_logprobs in zip(
            ids[done:], sizes[done:], *columns, strict=True
        ):
            top = self._top(zip(near, near_logprobs, strict=True), token, logprob)
            found.append(Entry(self.name(token), logprob, top, size))
        return found

    async def call(self, work: Callable[[], Any], owner: str) -> Any:
        """Has work done on the engine's thread; it is dropped if nobody waits any more."""
        return await asyncio.wrap_future(self.engine.call(work, owner))

    def name(self, token: int) -> str:
        """Returns the name of a token."""
        return token_name(self.tokenizer, token)

    def _top(self, pairs: Any, token: int, logprob: float) -> dict[str, float]:
        return {self.name(one): value for one, value in pairs} | {self.name(token): logprob}

    @property
    def load(self) -> tuple[int, int]:
        """Returns (texts being written, requests waiting)."""
        return self.engine.load

    @property
    def failed(self) -> bool:
        """Returns True after a failure of the engine."""
        return self.engine.closed

    async def close(self) -> None:
        """Ends the engine."""
        await asyncio.to_thread(self.engine.close)


class LocalWriting:
    """Follows a request of the engine.

    Args:
        backend: names its tokens.
        request: what is followed.
        news: set by the engine when there is more.
        logprobs: alternatives to a token; None for no log-probabilities.
    """

    def __init__(
        self, backend: LocalBackend, request: Request, news: asyncio.Event, logprobs: int | None
    ) -> None:
        self._backend, self._request, self._news = backend, request, news
        self._logprobs = logprobs
        self._shown = self._characters = 0
        self._entered = self._given = 0  # tokens that have an entry, and whose entry was given out
        self._sizes = Sizes(backend.tokenizer)
        self._waiting: list[Entry] = []

    async def __aiter__(self) -> AsyncIterator[Part]:
        """Yields the text as it is written."""
        while not self._request.done:
            part = self._new()
            if part.text:
                yield part
            await self._news.wait()
            self._news.clear()
        yield self._end()

    async def aclose(self) -> None:
        """Cancels the request, if it has not ended."""
        if not self._request.done:
            self._request.cancel()

    def _new(self) -> Part:
        """Returns what is new, with the entries of tokens whose text is shown."""
        written = self._request.written  # before the ids, which are never behind it
        text = self._request.text
        count, entries = len(text.ids), []
        if self._logprobs is not None:
            self._waiting += self._enter(text.ids[:count], text.logprobs[:count], text.top[:count])
            entries = self._complete(len(written))
        return self._part(written, entries, count)

    def _end(self) -> Part:
        """Returns what is left, with the finish.

        Raises:
            ClovaError: the request was cancelled, or the engine failed.
        """
        done = self._request.result(0)
        ids, entries = list(done.ids), []
        if done.finish == "end":
            ids.append(self._backend.tokenizer.end_of_text)
        if self._logprobs is not None:
            top = [(list(near), list(near.values())) for near in done.top or []]
            self._waiting += self._enter(ids, done.logprobs or [], top)
            entries = self._waiting[: len(ids) - self._given]  # without those of a stop string
        counted = self._request.text.logprobs[: len(ids)]
        score = sum(counted) / len(counted) if counted else 0.0
        return self._part(done.text, entries, len(ids), done.finish, score)

    def _enter(
        self, ids: Sequence[int], logprobs: Sequence[float], top: Sequence[Any]
    ) -> list[Entry]:
        """Makes the entries of tokens that have none yet."""
        start, backend = self._entered, self._backend
        sizes = self._sizes.of(ids[start:])
        self._entered = max(start, len(ids))
        found = []
        for at, size in zip(range(start, len(ids)), sizes, strict=True):
            near = [part[: self._logprobs] for part in top[at]]
            pairs = zip(map(int, near[0]), map(float, near[1]), strict=True)
            names = backend._top(pairs, ids[at], float(logprobs[at]))
            found.append(Entry(backend.name(ids[at]), float(logprobs[at]), names, size))
        return found

    def _complete(self, shown: int) -> list[Entry]:
        """Returns the entries whose characters are among the `shown` ones; the others wait."""
        ready = []
        while self._waiting and self._characters + self._waiting[0].size <= shown:
            self._characters += self._waiting[0].size
            ready.append(self._waiting.pop(0))
        self._given += len(ready)
        return ready

    def _part(
        self,
        written: str,
        entries: list[Entry],
        tokens: int,
        finish: str | None = None,
        score: float | None = None,
    ) -> Part:
        new, self._shown = written[self._shown :], len(written)
        return Part(new, tuple(entries), finish, tokens, score)


def _groups(rows: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
    """Cuts rows into groups of a bounded number of tokens, so that texts being written do not wait long."""
    groups: list[list[Sequence[int]]] = [[]]
    for row in rows:
        if groups[-1] and sum(map(len, groups[-1])) + len(row) > BATCH_TOKENS:
            groups.append([])
        groups[-1].append(row)
    return groups
