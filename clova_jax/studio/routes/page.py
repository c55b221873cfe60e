"""Has the playground page and its static files, with the headers that keep text from ever being run."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from clova_jax.studio.errors import ApiError

router = APIRouter(include_in_schema=False)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Only files of this server: no inline script or style, no frame, no form, no other host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked for again each time, and answered with 304
}


@dataclass(frozen=True)
class StaticFile:
    """Holds a file as it is sent."""

    data: bytes
    media_type: str
    tag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Returns all static files by path; what is not among them cannot be asked for."""
    return dict(_walk(files("clova_jax.studio") / "static", ""))


def _walk(folder: Traversable, before: str) -> list[tuple[str, StaticFile]]:
    found = []
    for entry in folder.iterdir():
        path = before + entry.name
        if entry.is_dir():
            found += _walk(entry, path + "/")
        elif (kind := TYPES.get(entry.name[entry.name.rfind(".") :])) is not None:
            data = entry.read_bytes()
            tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            found.append((path, StaticFile(data, kind, tag)))
    return found


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Returns the playground."""
    return static_answer(request, "index.html")


@router.api_route("/static/{path:path}", methods=["GET", "HEAD"])
async def static_file(path: str, request: Request) -> Response:
    """Returns a file of the page."""
    return static_answer(request, path)


def static_answer(request: Request, path: str) -> Response:
    """Returns a static file as an answer.

    Raises:
        ApiError: 404, there is none of this path.
    """
    found = static_files().get(path)
    if found is None:
        raise ApiError(404, f"{path[:100]!r}: the page has no such file")
    headers = HEADERS | {"ETag": found.tag}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)
