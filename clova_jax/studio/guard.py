"""Guards the app against what is no fair request: foreign hosts, pages of other origins, bodies that are too large."""

from collections import deque
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clova_jax.studio.errors import ApiError
from clova_jax.studio.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")  # methods that change nothing


class Guard:
    """Checks the Host header and where a request comes from, and reads the body up to its bound before the app sees the request.

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
        if scope["method"] not in SAFE and (page := self._foreign_page(headers, host)):
            message = f"{page} is not this server's, and may change nothing here; see --cors"
            await ApiError(403, message).response()(scope, receive, send)
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

    def _foreign_page(self, headers: Mapping[bytes, bytes], host: str) -> str:
        """Returns what tells that a page of another origin sends a request; nothing where none does.

        Browsers let any page send a simple request, with their word for where it comes from; other clients give none.
        """
        if b"origin" in headers:
            origin = headers[b"origin"].decode("latin-1")
            return "" if self.settings.takes_origin(origin, host) else f"Origin {origin[:100]!r}"
        site = headers.get(b"sec-fetch-site", b"")
        return "a page of another site" if site == b"cross-site" else ""


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
