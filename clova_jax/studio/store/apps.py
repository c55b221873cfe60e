"""Reads and writes apps: immutable versions, and labels that are moved between them."""

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.records import App, Conflict, Labelling, Limits, Missing, Version
from clova_jax.studio.store.tables import APPS, COLLECTIONS, LABEL_LOG, LABELS, VERSIONS

TOKEN_BYTES = 24
_VERSION = [VERSIONS.c[field] for field in ("number", "content", "note", "author", "created")]


@dataclass(frozen=True)
class AppSummary:
    """Describes an app in a list.

    Args:
        app: the app.
        title: of its newest version, by language.
        versions: how many there are.
        labels: the number of the version that each label is on.
        updated: when a version was published or a label moved, in UTC.
    """

    app: App
    title: dict[str, str]
    versions: int
    labels: dict[str, int]
    updated: datetime.datetime


class AppStore(Database):
    """Keeps apps; an app is changed by its owner only."""

    def add_app(self, name: str, owner: str, content: Mapping[str, Any], note: str = "") -> None:
        """Makes an app with its version 1.

        Raises:
            Conflict: the name is taken.
        """
        moment = now()
        row = {"name": name, "owner": owner, "public": False, "created": moment}
        try:
            with self._engine.begin() as connection:
                (app,) = connection.execute(APPS.insert().values(row)).inserted_primary_key
                connection.execute(_version(app, 1, content, note, owner, moment))
        except sa.exc.IntegrityError:
            raise Conflict(f"app {name!r}: the name is taken; choose another") from None

    def find_app(self, name: str, owner: str | None = None) -> App:
        """Returns an app, of an owner where one is given.

        Raises:
            Missing: there is none of this name, or it is another's.
        """
        with self._engine.connect() as connection:
            return _find(connection, name, owner)

    def find_shared(self, token: str) -> App:
        """Returns the app of a link.

        Raises:
            Missing: there is none, or it is no longer shared.
        """
        with self._engine.connect() as connection:
            row = connection.execute(APPS.select().where(APPS.c.share == token)).first()
        if row is None:
            raise Missing("there is no app of this link, or it is no longer shared")
        return _app(row)

    def list_apps(self, owner: str) -> list[AppSummary]:
        """Returns the apps of an owner by name."""
        query = APPS.select().where(APPS.c.owner == owner).order_by(APPS.c.name)
        with self._engine.connect() as connection:
            return [_summary(connection, _app(row)) for row in connection.execute(query).all()]

    def delete_app(self, name: str, owner: str) -> None:
        """Deletes an app with its versions, labels and sessions.

        Raises:
            Missing: the owner has none of this name.
        """
        query = APPS.delete().where(APPS.c.name == name, APPS.c.owner == owner)
        with self._engine.begin() as connection:
            if not connection.execute(query).rowcount:
                raise _missing(name)

    def add_version(
        self, name: str, owner: str, content: Mapping[str, Any], note: str, after: int
    ) -> int:
        """Publishes a version and returns its number.

        Args:
            after: the number of the version that it was made from, which has to be the newest.

        Raises:
            Missing: the owner has no such app.
            Conflict: another version was published meanwhile.
        """
        app, number = self.find_app(name, owner), after + 1
        try:
            with self._engine.begin() as connection:
                if _newest(connection, app.id).number == after:
                    connection.execute(_version(app.id, number, content, note, owner, now()))
                    return number
        except sa.exc.IntegrityError:
            pass  # another version of this number came in between
        self.find_app(name, owner)
        newest = self.newest_version(app.id)
        raise Conflict(
            f"app {name!r}: yours follows version {after}, but {newest.author or 'someone'} published "
            f"version {newest.number} at {newest.created:%Y-%m-%d %H:%M:%S} UTC; compare, and publish again"
        )

    def list_versions(self, app: int) -> list[Version]:
        """Returns the versions of an app, the newest first."""
        query = sa.select(*_VERSION).where(VERSIONS.c.app == app)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(VERSIONS.c.number.desc()))
            return [Version(*row) for row in rows]

    def find_version(self, app: int, number: int) -> Version | None:
        """Returns a version of an app."""
        query = sa.select(*_VERSION).where(VERSIONS.c.app == app, VERSIONS.c.number == number)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Version(*row)

    def newest_version(self, app: int) -> Version:
        """Returns the newest version of an app.

        Raises:
            Missing: the app is gone.
        """
        with self._engine.connect() as connection:
            return _newest(connection, app)

    def labelled_version(self, app: int, label: str) -> Version | None:
        """Returns the version that a label is on."""
        query = (
            sa.select(*_VERSION)
            .join(LABELS, LABELS.c.app == VERSIONS.c.app)
            .where(
                VERSIONS.c.app == app,
                LABELS.c.label == label,
                LABELS.c.number == VERSIONS.c.number,
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Version(*row)

    def labels(self, app: int) -> dict[str, int]:
        """Returns the numbers of the versions that labels are on."""
        with self._engine.connect() as connection:
            return _labels(connection, app)

    def label_log(self, app: int) -> list[Labelling]:
        """Returns what was done with the labels of an app, the latest first."""
        columns = LABEL_LOG.c
        query = (
            sa.select(columns.label, columns.number, columns.by, columns.when)
            .where(columns.app == app)
            .order_by(columns.id.desc())
        )
        with self._engine.connect() as connection:
            return [Labelling(*row) for row in connection.execute(query)]

    def set_label(
        self, name: str, owner: str, label: str, number: int | None, was: int | None
    ) -> None:
        """Moves a label to a version, or takes it away.

        Args:
            number: of the version; None takes the label away.
            was: the number of the version that it is on; None where it is on none.

        Raises:
            Missing: the owner has no such app, it no such version, or that version's collection is not there.
            Conflict: the label is not on `was`.
        """
        row = {"label": label, "number": number, "by": owner, "when": now()}
        try:
            with self._engine.begin() as connection:
                app = _find(connection, name, owner)
                if not _move(connection, app.id, label, number, was):
                    raise _moved(name, label, was)
                connection.execute(LABEL_LOG.insert().values(row | {"app": app.id}))
                if number is not None:
                    _check_version(connection, app, number)
        except sa.exc.IntegrityError:
            self.find_app(name, owner)
            raise _moved(name, label, was) from None

    def set_access(self, name: str, owner: str, public: bool, limits: Limits, shared: bool) -> None:
        """Changes who may use an app. A link that is there stays; one that is taken back never works again.

        Raises:
            Missing: the owner has no such app.
        """
        app = self.find_app(name, owner)
        token = (app.share or secrets.token_urlsafe(TOKEN_BYTES)) if shared else None
        row = {"public": public, "share": token, "requests_per_minute": limits.requests}
        row["tokens_per_minute"] = limits.tokens
        with self._engine.begin() as connection:
            connection.execute(APPS.update().where(APPS.c.id == app.id).values(row))


def labelled_users(connection: sa.Connection, collection: str, owner: str) -> list[str]:
    """Returns the labelled versions of an owner's apps that use a collection: `NAME@service (version 3)`."""
    query = (
        sa.select(APPS.c.name, LABELS.c.label, VERSIONS.c.number, VERSIONS.c.content)
        .join(LABELS, LABELS.c.app == APPS.c.id)
        .join(VERSIONS, (VERSIONS.c.app == APPS.c.id) & (VERSIONS.c.number == LABELS.c.number))
        .where(APPS.c.owner == owner)
        .order_by(APPS.c.name, LABELS.c.label)
    )
    return [
        f"{row.name}@{row.label} (version {row.number})"
        for row in connection.execute(query)
        if _collection(row.content) == collection
    ]


def _collection(content: Mapping[str, Any]) -> str | None:
    knowledge = content.get("knowledge")
    return knowledge["collection"] if knowledge else None


def _version(
    app: int,
    number: int,
    content: Mapping[str, Any],
    note: str,
    author: str,
    created: datetime.datetime,
) -> sa.Insert:
    row = {"app": app, "number": number, "content": dict(content), "note": note}
    return VERSIONS.insert().values(row | {"author": author, "created": created})


def _find(connection: sa.Connection, name: str, owner: str | None) -> App:
    row = connection.execute(APPS.select().where(APPS.c.name == name)).first()
    if row is None or owner not in (None, row.owner):
        raise _missing(name)
    return _app(row)


def _app(row: sa.Row) -> App:
    limits = Limits(row.requests_per_minute, row.tokens_per_minute)
    return App(row.id, row.name, row.owner, row.public, row.share, limits, row.created)


def _newest(connection: sa.Connection, app: int) -> Version:
    query = sa.select(*_VERSION).where(VERSIONS.c.app == app)
    row = connection.execute(query.order_by(VERSIONS.c.number.desc()).limit(1)).first()
    if row is None:
        raise Missing("the app is gone")
    return Version(*row)


def _labels(connection: sa.Connection, app: int) -> dict[str, int]:
    query = sa.select(LABELS.c.label, LABELS.c.number).where(LABELS.c.app == app)
    return {row.label: row.number for row in connection.execute(query)}


def _summary(connection: sa.Connection, app: App) -> AppSummary:
    newest = _newest(connection, app.id)
    moved = connection.execute(
        sa.select(sa.func.max(LABEL_LOG.c.when)).where(LABEL_LOG.c.app == app.id)
    ).scalar()
    updated = max(newest.created, moved or newest.created)
    title = newest.content.get("title", {})
    return AppSummary(app, title, newest.number, _labels(connection, app.id), updated)


def _move(
    connection: sa.Connection, app: int, label: str, number: int | None, was: int | None
) -> bool:
    """Returns False where the label is not on `was`; a label that is set twice at once is an IntegrityError."""
    here = (LABELS.c.app == app) & (LABELS.c.label == label)
    if was is None:
        if number is None:
            return connection.execute(LABELS.select().where(here)).first() is None
        row = {"app": app, "label": label, "number": number}
        connection.execute(LABELS.insert().values(row))
        return True
    here &= LABELS.c.number == was
    change = LABELS.delete() if number is None else LABELS.update().values(number=number)
    return bool(connection.execute(change.where(here)).rowcount)


def _check_version(connection: sa.Connection, app: App, number: int) -> None:
    query = sa.select(VERSIONS.c.content).where(
        VERSIONS.c.app == app.id, VERSIONS.c.number == number
    )
    row = connection.execute(query).first()
    if row is None:
        raise Missing(f"app {app.name!r}: has no version {number}")
    collection = _collection(row.content)
    if collection is None:
        return
    # Locked, so that it is not deleted before the label is seen.
    query = sa.select(COLLECTIONS.c.id).where(
        COLLECTIONS.c.name == collection, COLLECTIONS.c.owner == app.owner
    )
    if connection.execute(query.with_for_update(read=True)).first() is None:
        raise Missing(
            f"app {app.name!r}, version {number}: its collection {collection!r} is not there; "
            "make it, or publish a version with another"
        )


def _moved(name: str, label: str, was: int | None) -> Conflict:
    place = "no version" if was is None else f"version {was}"
    return Conflict(f"app {name!r}: {label} is not on {place} any more; look at it and try again")


def _missing(name: str) -> Missing:
    return Missing(f"app {name[:100]!r}: this key has none of this name")
