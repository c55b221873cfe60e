"""Reads and writes the keys."""

import hashlib
import secrets

import sqlalchemy as sa

from clova_jax.common.errors import ClovaError
from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.records import Key, Limits
from clova_jax.studio.store.tables import KEYS

KEY_BYTES = 32


class KeyStore(Database):
    """Keeps keys, by their SHA-256."""

    def add_key(
        self, name: str, limits: Limits = Limits(), filters: dict[str, str] | None = None
    ) -> str:
        """Makes a key and returns it; it is shown this once, since only its SHA-256 is kept.

        Raises:
            ClovaError: an empty or overlong name, or one that is taken.
        """
        if not 1 <= len(name) <= 100:
            raise ClovaError(f"key {name[:60]!r}: a name has from 1 to 100 characters")
        key = "sk-" + secrets.token_urlsafe(KEY_BYTES)
        row = {
            "name": name,
            "sha256": _sha256(key),
            "requests_per_minute": limits.requests,
            "tokens_per_minute": limits.tokens,
            "filters": filters or {},
            "created": now(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(KEYS.insert().values(row))
        except sa.exc.IntegrityError:
            raise ClovaError(f"key {name!r}: there is one of this name; revoke it first") from None
        return key

    def find_key(self, key: str) -> Key | None:
        """Returns what is known of a key that is not revoked."""
        query = KEYS.select().where(KEYS.c.sha256 == _sha256(key), KEYS.c.revoked.is_(None))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _key(row)

    def has_keys(self) -> bool:
        """Returns True if there is a key that is not revoked."""
        query = sa.select(KEYS.c.id).where(KEYS.c.revoked.is_(None)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def list_keys(self) -> list[Key]:
        """Returns all keys in the order in which they were made, revoked ones too."""
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(KEYS.select().order_by(KEYS.c.id))]

    def revoke_key(self, name: str) -> None:
        """Makes a key useless and frees its name.

        Raises:
            ClovaError: there is none of this name.
        """
        moment = now()
        with self._engine.begin() as connection:
            found = connection.execute(
                KEYS.update()
                .where(KEYS.c.name == name, KEYS.c.revoked.is_(None))
                .values(revoked=moment, name=f"{name[:60]} (revoked {moment:%Y-%m-%d %H:%M:%S.%f})")
            )
        if not found.rowcount:
            raise ClovaError(f"key {name!r}: there is none of this name")


def _key(row: sa.Row) -> Key:
    limits = Limits(row.requests_per_minute, row.tokens_per_minute)
    return Key(row.name, limits, dict(row.filters), row.created, row.revoked)


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
