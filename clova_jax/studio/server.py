"""Holds what all requests share: rules, keys, filters, figures, the backend once it is loaded, and the log."""

import asyncio
import concurrent.futures
import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from clova_jax.apps import Filters
from clova_jax.inference import Engine
from clova_jax.language_model import LanguageModel
from clova_jax.model import ChatTemplate
from clova_jax.retrieve import Examples
from clova_jax.studio.access import Access
from clova_jax.studio.backends import Backend, LocalBackend
from clova_jax.studio.errors import ApiError
from clova_jax.studio.held import OneByOne, Recent
from clova_jax.studio.knowledge import Library
from clova_jax.studio.metrics import Metrics
from clova_jax.studio.retention import Retention
from clova_jax.studio.rounds import Rounds
from clova_jax.studio.settings import Settings
from clova_jax.studio.soft_prompts import Around, SoftPrompts
from clova_jax.studio.store import Store
from clova_jax.studio.usage import RequestLog

LOG = logging.getLogger("clova_jax.studio")
PREFIX = "prompt:"
DAY, MINUTE = 24 * 60 * 60, 60  # seconds
TABLES = 64  # of examples, whose index is kept
Result = TypeVar("Result")


class Studio:
    """Is the state of one server.

    Args:
        settings: the rules.
        store: what is kept.
        filters: what judges texts.
    """

    def __init__(self, settings: Settings, store: Store, filters: Filters = Filters()) -> None:
        self.settings, self.store, self.filters = settings, store, filters
        self.access, self.metrics = Access(store, settings), Metrics()
        self.library = Library(store)
        self.tables: Recent[tuple[int, int], Examples] = Recent(TABLES)  # by app and version
        self.sessions: OneByOne[tuple[int, str]] = OneByOne()  # by app and session
        self.log = RequestLog(store)
        self.retention = Retention(store, settings.keep_days)
        self._rounds: tuple[Rounds, ...] = ()
        self.created = int(time.time())
        self.soft_prompts: SoftPrompts | None = None
        self.lm: LanguageModel | None = None
        self.chat: ChatTemplate | None = None
        self._backend: Backend | None = None
        self._longest_token = 1
        # One thread: tokenizers keep a memo, which is not made for several.
        self._encoder = concurrent.futures.ThreadPoolExecutor(1, "clova-encoder")

    def start(self) -> None:
        """Begins what is done in the background until the server is closed."""
        self._rounds = (
            Rounds("retention", self.retention.prune, DAY),
            Rounds("library", lambda _: self.library.release(), MINUTE),
        )

    async def use(
        self,
        backend: Backend,
        lm: LanguageModel | None = None,
        chat: ChatTemplate | None = None,
    ) -> None:
        """Answers requests from now on.

        Args:
            backend: what writes texts.
            lm: the model itself, where it is in this process.
            chat: how messages become a prompt, where the model answers them.
        """
        prompts = None
        if isinstance(backend, LocalBackend) and lm is not None:
            prompts = SoftPrompts(backend.engine, lm)
            for prompt in await asyncio.to_thread(self.store.list_prompts):
                if prompt.model == prompts.fingerprint:
                    await prompts.add(prompt)
        self.library.model = lm
        await asyncio.to_thread(self.library.load)
        self._longest_token = max(map(len, backend.tokenizer.token_bytes()))
        self.soft_prompts, self.lm, self.chat, self._backend = prompts, lm, chat, backend

    @property
    def ready(self) -> bool:
        """Returns True if requests can be answered."""
        return self._backend is not None and not self._backend.failed

    @property
    def backend(self) -> Backend:
        """Returns what writes texts.

        Raises:
            ApiError: 503 while the model is being loaded, or after a failure.
        """
        if self._backend is None:
            raise ApiError(503, "the model is being loaded", code="loading", retry_after=5)
        if self._backend.failed:
            raise ApiError(503, "the engine has stopped; restart the server", code="stopped")
        return self._backend

    @property
    def load(self) -> tuple[int, int]:
        """Returns (texts being written, requests waiting)."""
        return self._backend.load if self._backend else (0, 0)

    @property
    def engine(self) -> Engine:
        """Returns the engine.

        Raises:
            ApiError: 404 where texts are written by an upstream.
        """
        backend = self.backend
        if not isinstance(backend, LocalBackend):
            raise ApiError(404, "this server writes through an upstream, which has no such thing")
        return backend.engine

    @property
    def tuned(self) -> SoftPrompts:
        """Returns the tuned prompts.

        Raises:
            ApiError: 404 where texts are written by an upstream.
        """
        _ = self.engine
        assert self.soft_prompts is not None
        return self.soft_prompts

    def around(self, model: str | None) -> Around:
        """Returns what stands around the texts of a request for a model.

        Raises:
            ApiError: 404, there is no such model or prompt.
        """
        if model is None or model == self.settings.model_name:
            return Around()
        if model.startswith(PREFIX) and self.soft_prompts:
            found = self.soft_prompts.get(model.removeprefix(PREFIX))
            if found is not None:
                return found
        message = f"model {model[:100]!r}: there is none of this name; see /v1/models"
        raise ApiError(404, message, param="model", code="model_not_found")

    def check_length(self, text: str) -> None:
        """Checks that a text could fit the context at all, before anything is done with it.

        Raises:
            ApiError: 400, it has more bytes than all of the context's tokens could.
        """
        if len(text) > self.backend.max_length * self._longest_token:
            message = f"a prompt of {len(text):,} characters is longer than the model's context"
            raise ApiError(400, message, param="prompt", code="context_length_exceeded")

    async def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of texts that passed `check_length`."""
        encode = self.backend.tokenizer.encode_batch
        return await self.in_encoder(functools.partial(encode, list(texts)))

    async def in_encoder(self, work: Callable[[], Result]) -> Result:
        """Has work done that uses the tokenizer, on the one thread that may."""
        return await asyncio.get_running_loop().run_in_executor(self._encoder, work)

    def count(self, path: str, status: int) -> None:
        """Counts an answer."""
        self.metrics.requests.labels(path, str(status)).inc()

    async def close(self) -> None:
        """Frees what it holds."""
        if self._backend is not None:
            await self._backend.close()
        self._encoder.shutdown()
        await asyncio.to_thread(self.log.close)
        for rounds in self._rounds:
            await asyncio.to_thread(rounds.close)
        self.store.close()
