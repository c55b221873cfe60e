"""Writes the continuations of one request: prompts through the filters, choices side by side, the best of several."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from clova_jax.apps import StreamFilter, strictest
from clova_jax.common.errors import ClovaError
from clova_jax.inference import id_row
from clova_jax.studio.access import Charge
from clova_jax.studio.account import Account, ForApp, Prompted
from clova_jax.studio.backends import Ask, Entry, Part, Writing
from clova_jax.studio.errors import ApiError
from clova_jax.studio.schemas import CompletionBody
from clova_jax.studio.server import LOG, Studio
from clova_jax.studio.settings import LONGEST_REQUESTS
from clova_jax.studio.soft_prompts import Around
from clova_jax.studio.store import Key
from clova_jax.tokenizers import Tokenizer

QUEUED = 64  # parts that may wait for a slow reader, of all choices together


@dataclass(frozen=True)
class Chunk:
    """Holds a part of one choice; labels of the complete text come with its finish."""

    index: int
    part: Part
    labels: dict[str, int] | None = None


class Completions:
    """Writes the choices of one request.

    Args:
        studio: the server.
        key: who asks, with its filters.
        body: what is asked for.
        app: that it is for, if it is for one.
    """

    def __init__(
        self, studio: Studio, key: Key, body: CompletionBody, app: ForApp | None = None
    ) -> None:
        self.studio, self.key, self.body = studio, key, body
        self.account = Account(studio, key, body, app)
        self.around = Around(filters=app.filters) if app else studio.around(body.model)
        policies = (studio.settings.filters, key.filters, self.around.filters)
        self.policy = studio.filters.check(strictest(*policies))
        self.count = body.best_of or body.n
        self.prompts: list[Prompted] = []
        self.entries: list[list[Entry]] = []  # of the prompts, where they are echoed
        self.written = 0  # tokens of all choices, those that `best_of` drops too
        self._charge: Charge | None = None
        self._writings: list[Writing] = []
        self._ended = False

    @property
    def request_id(self) -> str:
        """Returns the id that answers, logs and ratings know the request by."""
        return self.account.request_id

    @property
    def tokenizer(self) -> Tokenizer:
        """Returns the tokenizer of the texts."""
        return self.studio.backend.tokenizer

    def filtered(self, text: str) -> str:
        """Returns a text as the filters of the request leave it."""
        return self.studio.filters.apply(text, self.policy)[0]

    async def begin(self) -> None:
        """Checks and encodes the prompts, and puts all choices into the queue.

        Raises:
            ApiError, ClovaError: something does not fit, or is too much.
        """
        try:
            await self._begin()
        except BaseException as error:
            self.account.failed(error)
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Ends all choices that have not ended, settles what was charged, and logs the request."""
        for writing in self._writings:
            await writing.aclose()
        if self._charge:
            self._charge.settle(sum(len(prompt.row) for prompt in self.prompts) + self.written)
            self._charge = None
            self.studio.metrics.completion_tokens.inc(self.written)
        if not self._ended:
            self._ended = True
            choices = self.count * len(self.body.prompt)
            self.account.end(self.prompts, self.written, choices, self.policy)

    async def _begin(self) -> None:
        body = self.body
        self._check()
        self.prompts = await self._prepare()
        tokens = sum(len(p.row) for p in self.prompts)
        most = min(body.max_tokens, self.studio.backend.max_length)
        charged = tokens + self.count * len(self.prompts) * most
        self._charge = self.studio.access.charge(self.key, charged)
        self.studio.metrics.prompt_tokens.inc(tokens)
        if body.echo and body.logprobs is not None:
            await self._score_prompts()
        for place, sample in self._places():
            if not self._unwritten(place):
                ask = self._ask(place, sample)
                self._writings.append(await self.studio.backend.write(ask))

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yields the parts of all choices as they are written; closed by whoever iterates.

        Raises:
            ApiError, ClovaError: a choice cannot be written any further.
        """
        queue: asyncio.Queue[Chunk | BaseException | None] = asyncio.Queue(QUEUED)
        writings = iter(self._writings)
        tasks = [
            asyncio.ensure_future(
                self._follow(
                    index, place, None if self._unwritten(place) else next(writings), queue
                )
            )
            for index, (place, _) in enumerate(self._places())
        ]
        try:
            open_choices = len(tasks)
            while open_choices:
                item = await queue.get()
                if item is None:
                    open_choices -= 1
                elif isinstance(item, BaseException):
                    self.account.failed(item)
                    raise item
                else:
                    yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def complete(self) -> list[tuple[int, Part, dict[str, int]]]:
        """Returns the complete choices: prompt, everything in one part, labels; of `best_of`, the `n` likeliest, blocked ones last.

        Raises:
            ApiError, ClovaError: as `chunks`.
        """
        texts: dict[int, list[str]] = {}
        entries: dict[int, list[Entry]] = {}
        ends: dict[int, Chunk] = {}
        async with contextlib.aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                texts.setdefault(chunk.index, []).append(chunk.part.text)
                entries.setdefault(chunk.index, []).extend(chunk.part.entries)
                if chunk.part.finish:
                    ends[chunk.index] = chunk
        found = []
        for place in range(len(self.prompts)):
            own = range(place * self.count, (place + 1) * self.count)
            best = sorted(own, key=lambda index: _rank(ends[index]))[: self.body.n]
            for index in best if self.count > self.body.n else own:
                part = dataclasses.replace(
                    ends[index].part, text="".join(texts[index]), entries=tuple(entries[index])
                )
                found.append((place, part, ends[index].labels or {}))
        return found

    def _check(self) -> None:
        body = self.body
        if self.count < body.n:
            raise ApiError(400, f"best_of: {body.best_of} is less than n={body.n}", param="best_of")
        if body.stream and self.count > body.n:
            message = (
                "best_of: cannot be streamed, since the best is known at the end; leave it out"
            )
            raise ApiError(400, message, param="best_of")
        if body.stream_options is not None and not body.stream:
            raise ApiError(400, "stream_options: wants stream=true", param="stream_options")
        if self.count * len(body.prompt) > LONGEST_REQUESTS:
            message = f"n: {self.count * len(body.prompt)} texts; a request has {LONGEST_REQUESTS} at most"
            raise ApiError(400, message, param="n")
        if body.logprobs is not None and {"mask", "block"} & set(self.policy.values()):
            message = "logprobs: not where filters mask or block, since tokens would show the text"
            raise ApiError(400, message, param="logprobs")

    async def _prepare(self) -> list[Prompted]:
        """Returns the prompts as filters leave them."""
        studio, around = self.studio, self.around
        tokenizer, known = studio.backend.tokenizer, studio.backend.tokenizer.vocab_size
        found = []
        for number, prompt in enumerate(self.body.prompt):
            ids: list[int] | None = None
            if not isinstance(prompt, str):
                ids = id_row(prompt, f"prompt {number}", known)
                self._check_room(len(ids) + len(around.before) + len(around.after))
            text = prompt if ids is None else tokenizer.decode(ids)
            studio.check_length(text)
            shown, blocked = studio.filters.apply(text, self.policy)
            if ids is None or shown != text:
                (ids,) = await studio.encode([shown])
            row = [*around.before, *ids, *around.after] or [tokenizer.end_of_text]
            self._check_room(len(row))
            found.append(Prompted(shown, ids, row, blocked, studio.filters.labels(text)))
        return found

    def _check_room(self, tokens: int) -> None:
        most = self.studio.backend.max_length
        if tokens + min(1, self.body.max_tokens) > most:
            message = f"prompt: {tokens} tokens leave no room in a context of {most}; shorten it"
            raise ApiError(400, message, param="prompt", code="context_length_exceeded")

    async def _score_prompts(self) -> None:
        before = self.around.before
        end = self.tokenizer.end_of_text  # for an empty text, about which nothing is asked
        rows = [[*before, *one.ids] or [end] for one in self.prompts]
        top, owner = self.body.logprobs or 0, self.key.name
        entries = await self.studio.backend.score(rows, len(before), top, owner)
        self.entries = [
            found[: len(one.ids)] for found, one in zip(entries, self.prompts, strict=True)
        ]

    def _places(self) -> list[tuple[int, int]]:
        return [(place, n) for place in range(len(self.prompts)) for n in range(self.count)]

    def _unwritten(self, place: int) -> bool:
        """Returns True where nothing is to be written after a prompt."""
        return self.prompts[place].blocked or not self.body.max_tokens

    def _ask(self, place: int, sample: int) -> Ask:
        body = self.body
        sampling = {
            "max_new_tokens": body.max_tokens,
            "temperature": body.temperature,
            "top_p": max(body.top_p, 1e-9),
            "top_k": max(body.top_k, 0),
            "min_p": body.min_p,
            "repetition_penalty": body.repetition_penalty,
            "presence_penalty": body.presence_penalty,
            "frequency_penalty": body.frequency_penalty,
            "stop": tuple(body.stop),
            "logit_bias": tuple(body.logit_bias.items()),
        }
        return Ask(
            self.prompts[place].row,
            sampling,
            body.logprobs,
            body.seed,
            sample,
            place,
            self.key.name,
            scored=self.count > body.n,
        )

    async def _follow(
        self, index: int, place: int, writing: Writing | None, queue: asyncio.Queue
    ) -> None:
        """Puts the chunks of one choice into the queue, at the end None, or an error."""
        try:
            if writing is None:
                finish = "content_filter" if self.prompts[place].blocked else "length"
                labels = self.prompts[place].labels
                self.account.finished(index, finish, labels, "", "")
                await queue.put(Chunk(index, Part("", finish=finish), labels))
            else:
                async for chunk in self._filtered(index, self.prompts[place].text, writing):
                    await queue.put(chunk)
            await queue.put(None)
        except (ApiError, ClovaError) as error:
            await queue.put(error)
        except Exception as error:
            LOG.exception("a text could not be written")
            await queue.put(error)

    async def _filtered(self, index: int, prompt: str, writing: Writing) -> AsyncIterator[Chunk]:
        """Yields a choice as the filters leave it; a blocked one ends there."""
        stream = StreamFilter(self.studio.filters, self.policy, prompt)
        texts: list[tuple[str, str]] = []  # as they are shown, and as they were written
        tokens = 0
        async with contextlib.aclosing(aiter(writing)) as parts:
            async for part in parts:
                self.written += part.tokens - tokens
                tokens = part.tokens
                self.account.wrote()
                shown = stream.feed(part.text, last=part.finish is not None)
                texts.append((shown, part.text))
                finish = "content_filter" if stream.blocked else part.finish
                labels = self._finished(index, finish, prompt, texts) if finish else None
                if shown or part.entries or finish:
                    yield Chunk(index, dataclasses.replace(part, text=shown, finish=finish), labels)
                if stream.blocked:
                    break
        await writing.aclose()

    def _finished(
        self, index: int, finish: str, prompt: str, texts: list[tuple[str, str]]
    ) -> dict[str, int]:
        shown, raw = ("".join(parts) for parts in zip(*texts, strict=True))
        labels = self.studio.filters.labels(raw, prompt)
        self.studio.metrics.finished.labels(finish).inc()
        for kind, label in labels.items():
            if label == 0:
                self.studio.metrics.filtered.labels(kind).inc()
        self.account.finished(index, finish, labels, shown, raw)
        return labels


def _rank(end: Chunk) -> tuple[bool, bool, float]:
    """Returns the place of a text among others: likely ones first, those without a score behind them, blocked ones last."""
    score = end.part.score
    return end.part.finish == "content_filter", score is None, -(score or 0.0)
