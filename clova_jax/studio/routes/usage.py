"""Has the paths that say how the server is used: sums, the log of requests, ratings, preference pairs, reports of misuse."""

import asyncio
import datetime
import json
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import AfterValidator, Field

from clova_jax.studio.errors import ApiError
from clova_jax.studio.routes.common import ERRORS, Caller, State, shown_time
from clova_jax.studio.schemas import Body, Name, Plain
from clova_jax.studio.server import LOG, Studio
from clova_jax.studio.store import App, Key, Limits, Misuse, Rating, RequestRecord, Selected
from clova_jax.studio.store.database import now
from clova_jax.studio.usage import as_csv, preference_pairs, summarize

router = APIRouter(responses=ERRORS)
REQUEST_ID = r"^[0-9a-f]{32}$"
RequestId = Annotated[str, Field(pattern=REQUEST_ID)]
MOST_LISTED = 500
FEEDBACK_A_MINUTE = 60  # ratings and reports that an app's own page may send without a key
HALF_A_DAY = 14 * 60  # minutes; no clock on earth is further ahead of UTC


def _in_utc(time: datetime.datetime) -> datetime.datetime:
    if time.tzinfo is None:
        return time
    try:
        return time.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError("wants a time from the year 1 to 9999 in UTC") from None


Filter = Annotated[Plain | None, Query(max_length=100)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Time = Annotated[datetime.datetime, AfterValidator(_in_utc)]
"""A time of ISO 8601, in UTC where it names no other zone."""


class RatingBody(Body):
    """What somebody thinks of an answer."""

    value: Literal[1, -1]
    note: Annotated[Plain, Field(max_length=2_000)] = ""


class RatingOfBody(RatingBody):
    """A rating from an app's own page, which has no key."""

    request_id: RequestId


class MisuseBody(Body):
    """A report of misuse."""

    text: Annotated[Plain, Field(min_length=1, max_length=5_000)]
    request_id: RequestId | None = None
    app: Name | None = None


class AppMisuseBody(Body):
    """A report of misuse from an app's own page, which has no key."""

    text: Annotated[Plain, Field(min_length=1, max_length=5_000)]
    request_id: RequestId | None = None


_CSV = {"text/csv": {"schema": {"type": "string"}}}
_LINES = {"application/jsonl": {"schema": {"type": "string"}}}


@router.get("/v1/usage", responses={200: {"content": _CSV}}, response_model=None)
async def usage(
    studio: State,
    caller: Caller,
    app: Filter = None,
    key: Filter = None,
    version: Number = None,
    since: Annotated[Time | None, Query(alias="from")] = None,
    until: Annotated[Time | None, Query(alias="to")] = None,
    by: Literal["hour", "day", "app", "version", "key"] | None = None,
    offset: Annotated[int, Query(ge=-HALF_A_DAY, le=HALF_A_DAY)] = 0,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Sums up the requests of the key and of its apps; `offset` is how many minutes local days begin before those of UTC.

    `from` and `to` of the answer are the period that was summed up: what is older than `kept_days` is deleted.
    """
    time = now()
    kept = studio.retention.since(time)
    since, until = max(since or kept, kept), until or time
    selected = Selected(caller.name, app, version, key, since, until)

    def work() -> list[dict[str, Any]]:
        return summarize(studio.store.requests(selected), by, offset)

    await _logged(studio)
    found = await asyncio.to_thread(work)
    if format == "json":
        period = {"from": shown_time(since), "to": shown_time(until)}
        return JSONResponse({"data": found, **period, "kept_days": studio.retention.days})
    name = {"Content-Disposition": 'attachment; filename="usage.csv"'}
    return PlainTextResponse(as_csv(found), headers=name, media_type="text/csv")


@router.get("/v1/requests")
async def requests(
    studio: State,
    caller: Caller,
    app: Filter = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    before: Annotated[str | None, Query(pattern=REQUEST_ID)] = None,
) -> dict[str, Any]:
    """Lists requests of the key and of its apps, the newest first; `before` is the id of the last one of the page before."""
    selected = Selected(caller.name, app)
    await _logged(studio)
    found = await asyncio.to_thread(studio.store.list_requests, selected, limit, before)
    return {"data": [{**row, "when": shown_time(row["when"])} for row in found]}


@router.get("/v1/requests/{request_id}")
async def request(request_id: str, studio: State, caller: Caller) -> dict[str, Any]:
    """Returns a request with its ratings; variables, prompt and text where they are kept.

    Prompt and parameters of an app are for its owner only, since they are the app's.
    """
    record = await _find(studio, request_id, caller.name)
    ratings = await asyncio.to_thread(studio.store.ratings, request_id)
    shown = {name: getattr(record, name) for name in RequestRecord.__dataclass_fields__}
    if record.owner != caller.name:
        shown |= {"prompt": None, "parameters": None}
    return {
        **shown,
        "when": shown_time(record.when),
        "ratings": [
            {"value": one.value, "note": one.note, "by": one.by, "when": shown_time(one.when)}
            for one in ratings
        ],
    }


@router.post("/v1/requests/{request_id}/rating")
async def rate(request_id: str, body: RatingBody, studio: State, caller: Caller) -> dict[str, Any]:
    """Rates an answer; a second rating by the same key takes the place of the first."""
    await _find(studio, request_id, caller.name)
    return await _rate(studio, request_id, body, caller.name)


@router.post("/a/{app}/rating")
async def rate_without_key(app: str, body: RatingOfBody, studio: State) -> dict[str, Any]:
    """Rates an answer of a public app; whoever has the id of the request may."""
    await _public(studio, app)
    await _find(studio, body.request_id, app=app)
    return await _rate(studio, body.request_id, body, "")


@router.get("/v1/preferences", responses={200: {"content": _LINES}}, response_class=Response)
async def preferences(studio: State, caller: Caller, app: Filter = None) -> Response:
    """Returns JSON Lines of `prompt`, `chosen`, `rejected`, made of ratings of texts that are kept."""
    selected = Selected(caller.name, app)

    def work() -> str:
        pairs = preference_pairs(studio.store.rated_texts(selected))
        return "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)

    await _logged(studio)
    text = await asyncio.to_thread(work)
    name = {"Content-Disposition": 'attachment; filename="preferences.jsonl"'}
    return Response(text, headers=name, media_type="application/jsonl")


@router.post("/v1/misuse", status_code=201)
async def report(body: MisuseBody, studio: State, caller: Caller) -> dict[str, Any]:
    """Reports misuse, to the owner of the request or the app, else to whoever runs the server."""
    studio.access.charge(caller, 0)
    owner = ""
    if body.request_id is not None:
        owner = (await _find(studio, body.request_id)).owner
    elif body.app is not None:
        owner = (await _find_app(studio, body.app, caller.name)).owner
    return await _report(studio, Misuse(body.text, owner, caller.name, body.request_id, body.app))


@router.post("/a/{app}/misuse", status_code=201)
async def report_without_key(app: str, body: AppMisuseBody, studio: State) -> dict[str, Any]:
    """Reports misuse of a public app to its owner."""
    owner = (await _public(studio, app)).owner
    if body.request_id is not None:
        await _find(studio, body.request_id, app=app)
    return await _report(studio, Misuse(body.text, owner, "", body.request_id, app))


@router.get("/v1/misuse")
async def reports(studio: State, caller: Caller) -> dict[str, Any]:
    """Lists the reports for the key, the newest first."""
    found = await asyncio.to_thread(studio.store.list_misuse, caller.name)
    return {
        "data": [
            {
                "text": one.text,
                "request_id": one.request,
                "app": one.app,
                "by": one.by,
                "when": shown_time(one.when),
            }
            for one in found
        ]
    }


async def _logged(studio: Studio) -> None:
    """Waits until what was answered just now is in the log."""
    await asyncio.to_thread(studio.log.flush)


async def _find(
    studio: Studio, request_id: str, caller: str | None = None, app: str | None = None
) -> RequestRecord:
    """Returns a request, of a caller or an app where one is given.

    Raises:
        ApiError: 404.
    """
    found = None
    if re.fullmatch(REQUEST_ID, request_id):
        await _logged(studio)
        found = await asyncio.to_thread(studio.store.find_request, request_id, caller)
    if found is None or (app is not None and found.app != app):
        message = f"request {request_id[:60]!r}: there is none of this id"
        raise ApiError(404, message, param="request_id", code="request_not_found")
    return found


async def _find_app(studio: Studio, name: str, caller: str | None = None) -> App:
    """Returns an app that is public, or the caller's own.

    Raises:
        Missing: there is none of this name.
    """
    found = await asyncio.to_thread(studio.store.find_app, name)
    return found if found.public else await asyncio.to_thread(studio.store.find_app, name, caller)


async def _public(studio: Studio, name: str) -> App:
    """Returns a public app, and counts what its page says without a key.

    Raises:
        ApiError: 429, too much of it in a minute.
        Missing: there is none of this name.
    """
    found = await asyncio.to_thread(studio.store.find_app, name)
    if not found.public:
        raise ApiError(404, f"app {name[:100]!r}: there is none of this name")
    key = Key(f"feedback:{found.name}", Limits(requests=FEEDBACK_A_MINUTE))
    studio.access.charge(key, 0)
    return found


async def _rate(studio: Studio, request_id: str, body: RatingBody, by: str) -> dict[str, Any]:
    rating = Rating(body.value, body.note, by)
    await asyncio.to_thread(studio.store.rate, request_id, rating)
    return {"request_id": request_id, "value": body.value}


async def _report(studio: Studio, misuse: Misuse) -> dict[str, Any]:
    await asyncio.to_thread(studio.store.add_misuse, misuse)
    LOG.warning("misuse is reported: request=%s app=%r", misuse.request, misuse.app)
    return {"reported": True}
