"""Guards the app against what is no fair request: foreign Host headers, bodies that are too large."""

from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clova_jax.studio.errors import ApiError
from clova_jax.studio.settings import Settings


class Guard:
    """Checks the Host header, and reads the body up to its bound before the app sees the request.

    Args:
        app: what is guarded.
        settings: the rules.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with an error, or hands on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.settings.takes_host(host):
            refused = ApiError(400, f"Host {host[:100]!r} is not this server's; see --allow-host")
            await refused.response()(scope, receive, send)
            return
        length, most = headers.get(b"content-length", b"0"), self.settings.most_bytes(scope["path"])
        body = None if _too_long(length, most) else await _body(receive, most)
        if body is None:
            await ApiError(413, f"a body has {most:,} bytes at most").response()(
                scope, receive, send
            )
            return

        async def replay() -> Message:
            return body.popleft() if body else await receive()

        await self.app(scope, replay, send)


async def _body(receive: Receive, most: int) -> deque[Message] | None:
    """Returns the messages of the body; None where it is too large."""
    messages: deque[Message] = deque()
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > most:
            return None
        if not message.get("more_body", False):
            return messages


def _too_long(header: bytes, most: int) -> bool:
    return header.isdigit() and int(header) > most
