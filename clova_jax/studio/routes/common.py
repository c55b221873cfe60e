"""Has what all paths share: the server's state, the key of a request, and the answers that any of them may give."""

import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from clova_jax.studio.server import Studio
from clova_jax.studio.store import Key

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_MEANINGS = {
    400: "a field that is unknown, not supported, or of a wrong value",
    401: "no key, or one that is not known",
    403: "a page of another origin",
    404: "no such model, prompt, app, collection or path",
    409: "a name that is taken, or another change that came first",
    413: "a body that is too large",
    429: "the key's limit of a minute",
    503: "a full queue, a model that is being loaded, or a server that stops",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {"application/json": {"schema": _ERROR}}}
    for status, meaning in _MEANINGS.items()
}


def studio_of(request: Request) -> Studio:
    """Returns the state of the server."""
    return request.app.state.studio


async def key_of(request: Request) -> Key:
    """Returns the key of a request.

    Raises:
        ApiError: 401.
    """
    return await studio_of(request).access.check(request.headers.get("authorization", ""))


State = Annotated[Studio, Depends(studio_of)]
Caller = Annotated[Key, Depends(key_of)]


def shown_time(time: datetime.datetime) -> str:
    """Returns a time of the store's as ISO 8601 in UTC."""
    return f"{time.isoformat(timespec='milliseconds')}Z"
