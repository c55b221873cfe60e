"""Opens the database and brings its tables up to date; the parts of `Store` read and write in it."""

import contextlib
import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from clova_jax.common.errors import ClovaError

BUSY_SECONDS = 30  # that a write waits for another process


class Database:
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
        if "uri" not in parsed.query:
            _make_private(Path(parsed.database))
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


def _make_private(path: Path) -> None:
    """Makes the file of a new database one that its owner alone reads: it holds texts, and hashes of keys.

    SQLite gives its other files the same permissions.
    """
    with contextlib.suppress(OSError):  # it is there, or cannot be made, as SQLite will say
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: object, _: object) -> None:
    """Lets readers and a writer work at the same time, every write reach the disk before it is acknowledged, and what belongs to a row go with it."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


@contextlib.contextmanager
def _readable(place: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise ClovaError(f"{place}: cannot be opened ({reason})") from None


def now() -> datetime.datetime:
    """Returns the time in UTC, as the tables hold it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
