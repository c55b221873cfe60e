"""Has an app answer one text, as a turn of a session where it has one."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing

from clova_jax.studio.apps.addresses import PREFIX
from clova_jax.studio.apps.content import AppContent
from clova_jax.studio.apps.running import filled_request
from clova_jax.studio.completions import Chunk, Completions
from clova_jax.studio.schemas import CompletionBody
from clova_jax.studio.server import Studio
from clova_jax.studio.store import App, Key, Turn, Version


def session_key(caller: Key, name: str) -> str:
    """Returns the hash that a session is kept under: callers do not meet in sessions of the same name."""
    return hashlib.sha256(f"{caller.name}\0{name}".encode()).hexdigest()


class Talk:
    """Writes one answer of an app; a turn is kept before its end is told.

    Args:
        studio: the server.
        caller: who asks.
        app, version: that answer.
        text: what the caller says.
        variables: by name.
        session: the caller's name for it; None for a text by itself.
    """

    def __init__(
        self,
        studio: Studio,
        caller: Key,
        app: App,
        version: Version,
        text: str,
        variables: Mapping[str, str],
        session: str | None,
    ) -> None:
        self.studio, self.caller, self.app, self.version = studio, caller, app, version
        self.text, self.variables = text, variables
        kept = AppContent.model_validate(version.content).session
        self._most = kept.turns if kept and session is not None else 0
        self._key = session_key(caller, session or "")
        self._open = AsyncExitStack()
        self.turns = 0  # of the session, with this one
        self.completions: Completions

    async def begin(self) -> None:
        """Waits for its turn in the session, and begins to write.

        Raises:
            ApiError, ClovaError: something does not fit, or is too much.
        """
        try:
            turns = await self._turns()
            body = CompletionBody(
                model=f"{PREFIX}{self.app.name}@{self.version.number}",
                prompt=self.text,
                variables=dict(self.variables),
            )
            request, for_app = await filled_request(
                self.studio, self.app, self.version, body, turns
            )
            self.completions = Completions(self.studio, self.caller, request, for_app)
            self._open.push_async_callback(self.completions.aclose)
            await self.completions.begin()
        except BaseException:
            await self.aclose()
            raise

    async def _turns(self) -> list[Turn]:
        if not self._most:
            return []
        place = self.app.id, self._key
        await self._open.enter_async_context(self.studio.sessions.alone(place))
        found = await asyncio.to_thread(self.studio.store.turns, *place)
        self.turns = len(found)
        return found

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yields the parts of the answer.

        Raises:
            ApiError, ClovaError: it cannot be written any further.
        """
        parts = []
        async with aclosing(self.completions.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk.part.text)
                if self._most and chunk.part.finish not in (None, "content_filter"):
                    await self._keep("".join(parts).strip())
                yield chunk

    async def _keep(self, answer: str) -> None:
        turn = [self.completions.filtered(self.text), answer]
        add = self.studio.store.add_turn
        self.turns = await asyncio.to_thread(add, self.app.id, self._key, turn, self._most)

    async def aclose(self) -> None:
        """Ends the writing, and lets the next call into the session."""
        await self._open.aclose()
