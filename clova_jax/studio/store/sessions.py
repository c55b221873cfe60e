"""Reads and writes sessions: what was said between an app and one of its callers."""

import datetime
import secrets

import sqlalchemy as sa

from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.records import Conflict
from clova_jax.studio.store.tables import SESSIONS

Turn = list[str]  # what the caller said, and the answer


class SessionStore(Database):
    """Keeps the last turns of sessions."""

    def turns(self, app: int, key: str) -> list[Turn]:
        """Returns the turns of a session, the oldest first; none where there is no session.

        Args:
            app: the app's id.
            key: a hash of who calls and of the caller's name for the session.
        """
        query = sa.select(SESSIONS.c.turns).where(_session(app, key))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or []

    def add_turn(self, app: int, key: str, turn: Turn, most: int) -> int:
        """Keeps a turn, and of those before as many as make `most` together; returns how many there are.

        Raises:
            Conflict: the app is gone, or another call made the session at the same time.
        """
        try:
            with self._engine.begin() as connection:
                # Written first, which makes a second process wait.
                touched = connection.execute(
                    SESSIONS.update().where(_session(app, key)).values(updated=now())
                )
                if not touched.rowcount:
                    row = {"id": secrets.token_hex(16), "app": app, "key": key, "turns": []}
                    connection.execute(SESSIONS.insert().values(row | {"updated": now()}))
                query = sa.select(SESSIONS.c.turns).where(_session(app, key))
                turns = [*connection.execute(query).scalar_one(), turn][-most:]
                connection.execute(SESSIONS.update().where(_session(app, key)).values(turns=turns))
                return len(turns)
        except sa.exc.IntegrityError:
            raise Conflict("the session is used by another call; try again") from None

    def delete_sessions(self, before: datetime.datetime, most: int) -> int:
        """Deletes up to `most` sessions without a turn since a time in UTC; returns how many."""
        old = SESSIONS.c.updated < before
        some = sa.select(SESSIONS.c.id).where(old).limit(most)
        with self._engine.begin() as connection:
            # Asked twice: another process may add a turn meanwhile.
            return connection.execute(
                SESSIONS.delete().where(SESSIONS.c.id.in_(some), old)
            ).rowcount

    def delete_session(self, app: int, key: str) -> None:
        """Deletes a session, if there is one."""
        with self._engine.begin() as connection:
            connection.execute(SESSIONS.delete().where(_session(app, key)))


def _session(app: int, key: str) -> sa.ColumnElement[bool]:
    return (SESSIONS.c.app == app) & (SESSIONS.c.key == key)
