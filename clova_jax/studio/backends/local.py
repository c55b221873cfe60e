"""Writes texts with a model in this process, on the batching engine; a text that is being written holds no thread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from clova_jax.inference import BATCH_TOKENS, Engine, Model, Request, TokenScores, score_tokens
from clova_jax.studio.backends.base import Ask, Entry, Part
from clova_jax.studio.backends.entries import HeldEntries, Sizes
from clova_jax.tokenizers import Tokenizer


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
        return LocalWriting(self.tokenizer, request, news, ask.logprobs)

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
            found = [Entry(ids[0], None, None, sizes[0])]
        columns = (scores.logprobs.tolist(), scores.top_ids.tolist(), scores.top_logprobs.tolist())
        done = len(found)
        for token, size, logprob, near, near_logprobs in zip(
            ids[done:], sizes[done:], *columns, strict=True
        ):
            top = dict(zip(near, near_logprobs, strict=True)) | {token: logprob}
            found.append(Entry(token, logprob, top, size))
        return found

    async def call(self, work: Callable[[], Any], owner: str) -> Any:
        """Has work done on the engine's thread; it is dropped if nobody waits any more."""
        return await asyncio.wrap_future(self.engine.call(work, owner))

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
        tokenizer: of the model.
        request: what is followed.
        news: set by the engine when there is more.
        logprobs: alternatives to a token; None for no log-probabilities.
    """

    def __init__(
        self, tokenizer: Tokenizer, request: Request, news: asyncio.Event, logprobs: int | None
    ) -> None:
        self._tokenizer, self._request, self._news = tokenizer, request, news
        self._logprobs = logprobs
        self._shown = self._entered = 0  # characters given out, tokens that have an entry
        self._sizes, self._held = Sizes(tokenizer), HeldEntries()

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
            self._enter(text.ids[:count], text.logprobs[:count], text.top[:count])
            entries = self._held.shown(len(written))
        return self._part(written, entries, count)

    def _end(self) -> Part:
        """Returns what is left, with the finish.

        Raises:
            ClovaError: the request was cancelled, or the engine failed.
        """
        done = self._request.result(0)
        ids, entries = list(done.ids), []
        if done.finish == "end":
            ids.append(self._tokenizer.end_of_text)
        if self._logprobs is not None:
            top = [(list(near), list(near.values())) for near in done.top or []]
            self._enter(ids, done.logprobs or [], top)
            entries = self._held.rest(len(ids))  # without those of a stop string
        counted = self._request.text.logprobs[: len(ids)]
        score = sum(counted) / len(counted) if counted else None
        return self._part(done.text, entries, len(ids), done.finish, score)

    def _enter(self, ids: Sequence[int], logprobs: Sequence[float], top: Sequence[Any]) -> None:
        """Makes the entries of tokens that have none yet."""
        start = self._entered
        self._entered = max(start, len(ids))
        for at, size in zip(range(start, len(ids)), self._sizes.of(ids[start:]), strict=True):
            near = [part[: self._logprobs] for part in top[at]]
            likeliest = zip(map(int, near[0]), map(float, near[1]), strict=True)
            logprob = float(logprobs[at])
            self._held.add(Entry(ids[at], logprob, dict(likeliest) | {ids[at]: logprob}, size))

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
