"""Has the paths that score versions of an app on a table."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from clova_jax.common.errors import ClovaError
from clova_jax.studio.apps.content import INPUT
from clova_jax.studio.apps.running import filled_request
from clova_jax.studio.completions import Completions
from clova_jax.studio.errors import ApiError, as_api_error
from clova_jax.studio.routes.common import ERRORS, Caller, State, shown_time
from clova_jax.studio.routes.completions import CLIENT_LEFT
from clova_jax.studio.schemas import Body, CompletionBody, Plain
from clova_jax.studio.scoring import Table, read_table, score
from clova_jax.studio.server import Studio
from clova_jax.studio.store import App, Key, Version
from clova_jax.studio.streams import while_connected

router = APIRouter(responses=ERRORS)
AT_ONCE = 8  # rows that one scoring has written together
WORTH_WAITING = ("rate_limit_exceeded", "queue_full")
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ScoreBody(Body):
    """Versions to score on a table: CSV or tab-separated text with a header.

    `input` and `target` name columns; a column that is called like a variable of the version fills it.
    """

    versions: Annotated[list[Number], Field(min_length=1, max_length=10)]
    table: str
    name: Annotated[Plain, Field(max_length=200)] = ""
    input: str
    target: str
    metric: Literal["exact", "f1", "bleu", "regex"]
    seed: int = Field(0, ge=0, le=2**32 - 1)


@router.post("/v1/apps/{name}/score", response_model=None)
async def score_versions(
    name: str, body: ScoreBody, request: Request, studio: State, caller: Caller
) -> Response:
    """Writes a text a row with each version, and scores them with 95% intervals; texts count against the key's limits."""
    app = await asyncio.to_thread(studio.store.find_app, name, caller.name)
    table = read_table(body.table)
    targets = table.column(body.target)
    table.column(body.input)
    versions = [await _version(studio, app, number) for number in dict.fromkeys(body.versions)]
    run = _Run(studio, caller, app, table, body)
    written = await while_connected(request, run.write(versions))
    if written is None:
        return CLIENT_LEFT
    found = await asyncio.to_thread(score, written, targets, body.metric, body.seed)
    results = {one["version"]: one for one in found["results"]}
    await asyncio.to_thread(studio.store.add_scores, app.id, body.name, found["rows"], results)
    return JSONResponse(found)


@router.get("/v1/apps/{name}/scores")
async def scores(name: str, studio: State, caller: Caller) -> dict[str, Any]:
    """Lists what versions of an app scored, the newest first."""
    app = await asyncio.to_thread(studio.store.find_app, name, caller.name)
    found = await asyncio.to_thread(studio.store.list_scores, app.id)
    return {"data": [{**one, "when": shown_time(one["when"])} for one in found]}


async def _version(studio: Studio, app: App, number: int) -> Version:
    found = await asyncio.to_thread(studio.store.find_version, app.id, number)
    if found is None:
        message = f"app {app.name!r}: has no version {number}"
        raise ApiError(404, message, param="versions", code="version_not_found")
    return found


class _Run:
    """Writes the texts of one scoring."""

    def __init__(self, studio: Studio, key: Key, app: App, table: Table, body: ScoreBody) -> None:
        self.studio, self.key, self.app, self.table, self.body = studio, key, app, table, body
        self._written: dict[int, list[str]] = {}

    async def write(self, versions: list[Version]) -> dict[int, list[str]]:
        """Returns a text a row of each version.

        Raises:
            ApiError: a row cannot be written; the message names it.
        """
        rows = range(len(self.table.rows))
        self._written = {version.number: [""] * len(rows) for version in versions}
        places = iter([(version, row) for version in versions for row in rows])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work(places))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return self._written

    async def _work(self, places: Iterator[tuple[Version, int]]) -> None:
        for version, row in places:
            try:
                self._written[version.number][row] = await self._text(version, row)
            except (ApiError, ClovaError) as error:
                shown = as_api_error(error)
                message = f"version {version.number}, row {row + 1} of the table: {shown}"
                raise ApiError(shown.status, message, "table", shown.code) from None

    async def _text(self, version: Version, row: int) -> str:
        """Returns a text, after a while where the key's limit or a full queue wants that."""
        cells = dict(zip(self.table.columns, self.table.rows[row], strict=True))
        names = {one["name"] for one in version.content.get("variables", [])} - {INPUT}
        body = CompletionBody(
            prompt=[cells[self.body.input]],
            seed=self.body.seed,
            variables={name: cells[name] for name in names & cells.keys()},
        )
        filled, app = await filled_request(self.studio, self.app, version, body)
        while True:
            unlisted = dataclasses.replace(app, listed=False)
            completions = Completions(self.studio, self.key, filled, unlisted)
            try:
                async with contextlib.aclosing(completions):
                    await completions.begin()
                    ((_, part, _),) = await completions.complete()
                    return part.text
            except (ApiError, ClovaError) as error:
                shown = as_api_error(error)
                if shown.code not in WORTH_WAITING or shown.retry_after is None:
                    raise
                await asyncio.sleep(shown.retry_after)
