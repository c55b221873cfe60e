"""Sends events as they come, and notices when nobody listens any more; neither holds a thread."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Result = TypeVar("Result")
DONE = format_sse_event(data_str="[DONE]")
PING = KEEPALIVE_COMMENT
PING_SECONDS = 15.0  # of silence, after which a proxy should see that the connection lives


def event(value: Any) -> bytes:
    """Returns a server-sent event of a JSON value."""
    return format_sse_event(data_str=json.dumps(value, ensure_ascii=False, allow_nan=False))


class EventStream(Response):
    """Answers with server-sent events; a client that leaves ends them at once.

    Args:
        events: the bytes of the events.
        close: frees what they come from; called whatever happens, even before the first event.
    """

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncGenerator[bytes, None], close: Callable[[], Awaitable[None]]
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._events, self._close = events, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the events, unless the client leaves before."""
        sender = asyncio.ensure_future(self._send(send))
        leaver = asyncio.ensure_future(left(receive))
        try:
            await asyncio.wait({sender, leaver}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, leaver):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task
            await self._events.aclose()
            await self._close()

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for data in self._events:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def left(receive: Receive) -> None:
    """Waits until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result | None:
    """Returns the result of some work; None if the client left before, which ends the work."""
    task, leaver = asyncio.ensure_future(work), asyncio.ensure_future(left(request.receive))
    try:
        await asyncio.wait({task, leaver}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, leaver):
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await one
