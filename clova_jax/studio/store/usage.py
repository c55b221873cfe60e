"""Reads and writes what was asked for, how it was rated, reports of misuse, and scores of versions."""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.usage_tables import MISUSE, RATINGS, REQUESTS, SCORES

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_TEXTS = ("parameters", "variables", "prompt", "text")
_FIGURES = [column for column in REQUESTS.c if column.name not in _TEXTS]
# Filters as JSON's text: there are few different ones, and most of the time would go into reading them.
_COUNTED = [
    *(REQUESTS.c[name] for name in ("when", "key", "app", "version", "prompt_tokens")),
    *(REQUESTS.c[name] for name in ("completion_tokens", "first_seconds", "seconds", "finish")),
    REQUESTS.c.status,
    sa.cast(REQUESTS.c.filters, sa.Text),
]
MOST_ROWS = 10_000  # that are read at a time


@dataclass(frozen=True)
class RequestRecord:
    """Records one request; its texts are None where they are not to be kept.

    Args:
        id: as the answer names it.
        when: it came, in UTC.
        key: the name of the key that asked; "" where none was needed.
        owner: whose usage it is: the app's owner, else the key.
        app, version: that it was for, if it was for one.
        model: as the request names it.
        choices: texts that it asked for.
        prompt_tokens, completion_tokens: of all its texts.
        first_seconds: until the first text; None where there was none.
        seconds: until the end.
        finish: "end", "stop", "length", "content_filter", "error", or "left" where the client went away.
        filters: the worst label of each kind, of prompts and texts.
        status: of HTTP; 499 for a client that went away.
        parameters: of the sampling.
        variables: of the app.
        prompt, text: the first of each, as they were shown.
    """

    id: str
    when: datetime.datetime
    key: str
    owner: str
    app: str | None
    version: int | None
    model: str
    choices: int
    prompt_tokens: int
    completion_tokens: int
    first_seconds: float | None
    seconds: float
    finish: str
    filters: dict[str, int]
    status: int
    parameters: dict[str, Any] | None = None
    variables: dict[str, str] | None = None
    prompt: str | None = None
    text: str | None = None


class Counted(NamedTuple):
    """Holds what is counted of a request; `harmful` has the filters that found something, the rest is as in `RequestRecord`."""

    when: datetime.datetime
    key: str
    app: str | None
    version: int | None
    prompt_tokens: int
    completion_tokens: int
    first_seconds: float | None
    seconds: float
    finish: str
    status: int
    harmful: tuple[str, ...]
    up: int
    down: int


@dataclass(frozen=True)
class Selected:
    """Selects requests: those that a key made, or that came to its apps.

    Args:
        caller: the name of the key.
        app, version, key: of the requests; None for all.
        since, until: when they came, in UTC; the first counts, the second does not.
    """

    caller: str
    app: str | None = None
    version: int | None = None
    key: str | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Returns what the requests have to fulfil."""
        table, found = REQUESTS.c, [_seen_by(self.caller)]
        for name in ("app", "version", "key"):
            if (value := getattr(self, name)) is not None:
                found.append(table[name] == value)
        if self.since is not None:
            found.append(table.when >= self.since)
        if self.until is not None:
            found.append(table.when < self.until)
        return found


@dataclass(frozen=True)
class Rating:
    """Records what somebody thought of an answer.

    Args:
        value: 1 or -1.
        by: the name of the key; "" without one.
        when: in UTC.
    """

    value: int
    note: str = ""
    by: str = ""
    when: datetime.datetime = field(default_factory=now)


@dataclass(frozen=True)
class Misuse:
    """Records a report of misuse.

    Args:
        text: of the reporter.
        owner: whom it is for: the owner of the request or the app; "" for whoever runs the server.
        by: the name of the reporter's key; "" without one.
        request, app: what it is about, if that is said.
        when: in UTC.
    """

    text: str
    owner: str = ""
    by: str = ""
    request: str | None = None
    app: str | None = None
    when: datetime.datetime = field(default_factory=now)


class UsageStore(Database):
    """Keeps requests with their ratings, reports of misuse, and scores."""

    def add_requests(self, records: Sequence[RequestRecord]) -> None:
        """Keeps requests, all or none."""
        with self._engine.begin() as connection:
            connection.execute(REQUESTS.insert(), [asdict(record) for record in records])

    def delete_requests(self, before: datetime.datetime, most: int) -> int:
        """Deletes up to `most` requests that came before a time in UTC, with texts and ratings; returns how many."""
        some = sa.select(REQUESTS.c.id).where(REQUESTS.c.when < before).limit(most)
        with self._engine.begin() as connection:
            return connection.execute(REQUESTS.delete().where(REQUESTS.c.id.in_(some))).rowcount

    def find_request(self, request: str, caller: str | None = None) -> RequestRecord | None:
        """Returns a request with its texts, where a caller is given only if the caller may see it."""
        query = REQUESTS.select().where(REQUESTS.c.id == request)
        if caller is not None:
            query = query.where(_seen_by(caller))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else RequestRecord(**row._mapping)

    def list_requests(
        self, selected: Selected, limit: int, before: str | None = None
    ) -> list[dict[str, Any]]:
        """Returns the newest requests first, without texts, each with `up` and `down`.

        Args:
            selected: which ones.
            limit: how many at most.
            before: the id of a request; only older ones follow.
        """
        query = _rated(_FIGURES).where(*selected.conditions)
        if before is not None:
            moment = sa.select(REQUESTS.c.when).where(REQUESTS.c.id == before).scalar_subquery()
            older = (REQUESTS.c.when == moment) & (REQUESTS.c.id < before)
            query = query.where((REQUESTS.c.when < moment) | older)
        query = query.order_by(REQUESTS.c.when.desc(), REQUESTS.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def requests(self, selected: Selected) -> Iterator[Counted]:
        """Streams what is counted of requests."""
        query = _rated(_COUNTED).where(*selected.conditions)
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=MOST_ROWS).execute(query)
            for *figures, filters, up, down in rows:
                yield Counted(*figures, _harmful(filters), up, down)

    def rate(self, request: str, rating: Rating) -> None:
        """Keeps a rating of a request in place of an earlier one by the same key."""
        insert = _INSERTS[self._engine.dialect.name](RATINGS)
        row = {"request": request, **asdict(rating)}
        new = {name: insert.excluded[name] for name in ("value", "note", "when")}
        insert = insert.values(row).on_conflict_do_update(
            index_elements=["request", "by"], set_=new
        )
        with self._engine.begin() as connection:
            connection.execute(insert)

    def ratings(self, request: str) -> list[Rating]:
        """Returns the ratings of a request in the order in which they came."""
        columns = [RATINGS.c[name] for name in ("value", "note", "by", "when")]
        query = sa.select(*columns).where(RATINGS.c.request == request).order_by(RATINGS.c.id)
        with self._engine.connect() as connection:
            return [Rating(*row) for row in connection.execute(query)]

    def rated_texts(self, selected: Selected) -> Iterator[sa.Row]:
        """Streams the caller's own requests of one text whose prompt and text are kept and that were rated, in their order.

        Yields:
            Rows of `app`, `version`, `variables`, `prompt`, `text` and `value`, the sum of the ratings.
        """
        total = (
            sa.select(RATINGS.c.request, sa.func.sum(RATINGS.c.value).label("value"))
            .group_by(RATINGS.c.request)
            .subquery()
        )
        names = ("app", "version", "variables", "prompt", "text")
        query = (
            sa.select(*(REQUESTS.c[name] for name in names), total.c.value)
            .join(total, total.c.request == REQUESTS.c.id)
            .where(*selected.conditions, REQUESTS.c.owner == selected.caller)
            .where(REQUESTS.c.choices == 1)
            .where(REQUESTS.c.prompt.is_not(None), REQUESTS.c.text.is_not(None))
            .order_by(REQUESTS.c.when, REQUESTS.c.id)
        )
        with self._engine.connect() as connection:
            yield from connection.execution_options(yield_per=MOST_ROWS).execute(query)

    def add_misuse(self, report: Misuse) -> None:
        """Keeps a report."""
        with self._engine.begin() as connection:
            connection.execute(MISUSE.insert().values(asdict(report)))

    def list_misuse(self, owner: str | None = None) -> list[Misuse]:
        """Returns the reports for an owner, or all, the newest first."""
        columns = [MISUSE.c[name] for name in ("text", "owner", "by", "request", "app", "when")]
        query = sa.select(*columns).order_by(MISUSE.c.id.desc())
        if owner is not None:
            query = query.where(MISUSE.c.owner == owner)
        with self._engine.connect() as connection:
            return [Misuse(*row) for row in connection.execute(query)]

    def add_scores(
        self, app: int, table_name: str, rows: int, results: Mapping[int, Mapping[str, Any]]
    ) -> None:
        """Keeps what versions of an app scored on a table, by number."""
        about = {"app": app, "table_name": table_name, "rows": rows, "when": now()}
        found = [{**about, "version": n, "results": dict(one)} for n, one in results.items()]
        with self._engine.begin() as connection:
            connection.execute(SCORES.insert(), found)

    def list_scores(self, app: int) -> list[dict[str, Any]]:
        """Returns what versions of an app scored, the newest first."""
        names = ("version", "table_name", "rows", "results", "when")
        query = sa.select(*(SCORES.c[name] for name in names)).where(SCORES.c.app == app)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(SCORES.c.id.desc()))
            return [dict(row._mapping) for row in rows]


def _seen_by(caller: str) -> sa.ColumnElement[bool]:
    return (REQUESTS.c.key == caller) | (REQUESTS.c.owner == caller)


@lru_cache
def _harmful(filters: str) -> tuple[str, ...]:
    return tuple(kind for kind, label in json.loads(filters).items() if label == 0)


def _rated(columns: Sequence[sa.ColumnElement]) -> sa.Select:
    """Returns a query of columns of the requests, and of the ratings up and down of each."""

    def count(value: int) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((RATINGS.c.value == value, 1), else_=0))

    counts = (
        sa.select(RATINGS.c.request, count(1).label("up"), count(-1).label("down"))
        .group_by(RATINGS.c.request)
        .subquery()
    )
    up, down = (sa.func.coalesce(counts.c[name], 0).label(name) for name in ("up", "down"))
    return sa.select(*columns, up, down).outerjoin(counts, counts.c.request == REQUESTS.c.id)
