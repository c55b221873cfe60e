"""Has the paths of an app in service: its page for phones, which needs no key, and the webhook of speakers and telephones."""

import asyncio
import contextlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from clova_jax.studio.answers import OpenAIAnswer
from clova_jax.studio.apps.addresses import PREFIX, SERVICE, guest_of, public_version, version_of
from clova_jax.studio.apps.content import AppContent
from clova_jax.studio.apps.talk import Talk, session_key
from clova_jax.studio.errors import ApiError
from clova_jax.studio.routes.common import ERRORS, State
from clova_jax.studio.routes.completions import CLIENT_LEFT, STREAM, events
from clova_jax.studio.routes.page import static_answer
from clova_jax.studio.schemas import Body, Plain, Variables
from clova_jax.studio.server import Studio
from clova_jax.studio.store import App, Key, Version
from clova_jax.studio.streams import EventStream, while_connected

router = APIRouter(responses=ERRORS)
Session = Annotated[Plain, Field(min_length=1, max_length=200)]
_SECRET = re.compile(r"[A-Za-z0-9_-]{22,}")  # of 128 random bits, which nobody guesses


class RunBody(Body):
    """A text for an app, from its page."""

    input: Plain = ""
    variables: Variables = Field({})
    session: Session | None = None


class WebhookBody(Body):
    """What was said to an app in a session."""

    session: Session
    text: Plain
    variables: Variables = Field({})


class SessionBody(Body):
    """A session to forget."""

    session: Session


@router.api_route("/a/{app}", methods=["GET", "HEAD"], include_in_schema=False)
async def phone_page(app: str, request: Request) -> Response:
    """Returns the page of any app; it asks `about` what to show."""
    return static_answer(request, "phone.html")


@router.get("/a/{app}/about")
async def about(app: str, studio: State) -> dict[str, Any]:
    """Describes the version in service, as far as its page shows it."""
    _, version = await asyncio.to_thread(public_version, studio.store, app)
    content = AppContent.model_validate(version.content)
    return {
        "name": app,
        "title": content.title.model_dump(),
        "about": content.about.model_dump(),
        "variables": [variable.model_dump() for variable in content.variables],
        "greeting": content.session.greeting if content.session else "",
        "session": content.session is not None,
    }


@router.post("/a/{app}/run", responses={200: {"content": STREAM}}, response_model=None)
async def run(app: str, body: RunBody, request: Request, studio: State) -> Any:
    """Streams the answer of the version in service, within the app's own limits."""
    found, version = await asyncio.to_thread(public_version, studio.store, app)
    guest = guest_of(found)
    _check_guest(body.session)
    talk = Talk(studio, guest, found, version, body.input, body.variables, body.session)
    if await while_connected(request, _begin(talk)) is None:
        return CLIENT_LEFT
    answer = OpenAIAnswer(talk.completions, PREFIX + found.name)
    return EventStream(events(talk.chunks(), answer), talk.aclose)


@router.post("/v1/apps/{app}/webhook", response_model=None)
async def webhook(app: str, body: WebhookBody, request: Request, studio: State) -> Any:
    """Answers a turn of a session; turns that come at once are answered one after the other."""
    caller, found, version = await _deployed(request, studio, app, body.session)
    talk = Talk(studio, caller, found, version, body.text, body.variables, body.session)
    answer = await while_connected(request, _answer(talk))
    return CLIENT_LEFT if answer is None else {**answer, "session": body.session}


@router.post("/v1/apps/{app}/webhook/reset")
async def reset(app: str, body: SessionBody, request: Request, studio: State) -> dict[str, Any]:
    """Forgets a session."""
    caller, found, _ = await _deployed(request, studio, app, body.session)
    place = found.id, session_key(caller, body.session)
    async with studio.sessions.alone(place):
        await asyncio.to_thread(studio.store.delete_session, *place)
    return {"session": body.session, "turns": 0}


async def _deployed(
    request: Request, studio: Studio, app: str, session: str
) -> tuple[Key, App, Version]:
    """Returns who calls a webhook for a session, and the version that answers.

    Raises:
        ApiError: 401, without a key where the app is not public; 404; 400, as `_check_guest`.
    """
    given = request.headers.get("authorization", "")
    try:
        key = await studio.access.check(given)
    except ApiError as refused:
        if given:
            raise
        try:
            found, version = await asyncio.to_thread(public_version, studio.store, app)
        except ApiError:
            raise refused from None
        _check_guest(session)
        return guest_of(found), found, version
    address = f"{PREFIX}{app}@{SERVICE}"
    found, version = await asyncio.to_thread(version_of, studio.store, address, key.name)
    return key, found, version


def _check_guest(session: str | None) -> None:
    """Checks what a caller without a key calls a session: all of them are one guest, and the name is all that keeps others out.

    Raises:
        ApiError: 400, it could be guessed.
    """
    if session is not None and not _SECRET.fullmatch(session):
        message = (
            f"session: {session[:30]!r} may be guessed by others who have no key; wants a random name of 22 or "
            "more letters (A-Z, a-z), digits, - or _"
        )
        raise ApiError(400, message, param="session", code="invalid_value")


async def _begin(talk: Talk) -> bool:
    await talk.begin()
    return True


async def _answer(talk: Talk) -> dict[str, Any]:
    parts, finish = [], None
    await talk.begin()
    try:
        async with contextlib.aclosing(talk.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk.part.text)
                finish = chunk.part.finish
    finally:
        await talk.aclose()
    return {
        "text": "".join(parts).strip(),
        "turns": talk.turns,
        "request_id": talk.completions.request_id,
        "finish": "stop" if finish == "end" else finish,
    }
