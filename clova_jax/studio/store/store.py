"""Reads and writes keys and tuned prompts; what a method has returned from is on the disk."""

import datetime
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from clova_jax.common.errors import ClovaError
from clova_jax.studio.store.records import Key, Limits, Prompt
from clova_jax.studio.store.tables import KEYS, PROMPTS

PROMPT_FIELDS = [column.name for column in PROMPTS.c if column.name != "id"]
KEY_BYTES = 32
BUSY_SECONDS = 30  # that a write waits for another process


class Store:
    """Opens a database and brings its tables up to date; safe to use from several threads.

    Args:
        url: SQLAlchemy's, `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        ClovaError: a URL of another kind; a database that cannot be opened; a driver that is not installed.
    """

    def __init__(self, url: str) -> None:
        self._engine = _open(url)
        with _readable(f"--database {self._engine.url!r}"), self._engine.begin() as connection:
            config = Config()
            folder = Path(__file__).parent / "migrations"
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

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
            "created": _now(),
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
        now = _now()
        with self._engine.begin() as connection:
            found = connection.execute(
                KEYS.update()
                .where(KEYS.c.name == name, KEYS.c.revoked.is_(None))
                .values(revoked=now, name=f"{name[:60]} (revoked {now:%Y-%m-%d %H:%M:%S.%f})")
            )
        if not found.rowcount:
            raise ClovaError(f"key {name!r}: there is none of this name")

    def save_prompt(self, prompt: Prompt) -> bool:
        """Keeps a tuned prompt; returns False if there is one of this name."""
        row = {name: getattr(prompt, name) for name in PROMPT_FIELDS}
        try:
            with self._engine.begin() as connection:
                connection.execute(PROMPTS.insert().values(row | {"created": _now()}))
        except sa.exc.IntegrityError:
            return False
        return True

    def list_prompts(self) -> list[Prompt]:
        """Returns all tuned prompts in the order in which they came."""
        with self._engine.connect() as connection:
            rows = connection.execute(PROMPTS.select().order_by(PROMPTS.c.id))
            return [Prompt(*(getattr(row, name) for name in PROMPT_FIELDS)) for row in rows]

    def delete_prompt(self, name: str) -> bool:
        """Deletes a tuned prompt; returns False if there is none of this name."""
        with self._engine.begin() as connection:
            return bool(connection.execute(PROMPTS.delete().where(PROMPTS.c.name == name)).rowcount)


def _open(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ClovaError(
            f"--database {url!r}: wants sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if kind == "postgresql":
        try:
            return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ImportError:
            raise ClovaError(
                "PostgreSQL needs the extra `postgres`: pip install 'clova_jax[studio,postgres]'"
            ) from None
    raise ClovaError(
        f"--database {parsed!r}: wants sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    )


def _prepare_sqlite(connection: object, _: object) -> None:
    """Lets readers and a writer work at the same time, and every write reach the disk before it is acknowledged."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


@contextmanager
def _readable(place: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise ClovaError(f"{place}: cannot be opened ({reason})") from None


def _key(row: sa.Row) -> Key:
    limits = Limits(row.requests_per_minute, row.tokens_per_minute)
    return Key(row.name, limits, dict(row.filters), row.created, row.revoked)


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
