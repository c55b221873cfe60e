"""Defines the tables; a change here wants a migration beside it, and a test says so."""

import sqlalchemy as sa

METADATA = sa.MetaData()

KEYS = sa.Table(
    "keys",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("requests_per_minute", sa.Integer),
    sa.Column("tokens_per_minute", sa.Integer),
    sa.Column("filters", sa.JSON, nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sa.Column("revoked", sa.DateTime),
)

PROMPTS = sa.Table(
    "prompts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sa.Column("filters", sa.JSON, nullable=False, server_default="{}"),
)


def _of(table: sa.Table) -> sa.Column:
    """Returns the column of the row that this one belongs to, and goes with."""
    key = sa.ForeignKey(table.c.id, ondelete="CASCADE")
    return sa.Column(table.name.removesuffix("s"), sa.Integer, key, nullable=False, index=True)


COLLECTIONS = sa.Table(
    "collections",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sqlite_autoincrement=True,
)

DOCUMENTS = sa.Table(
    "documents",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    _of(COLLECTIONS),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sa.UniqueConstraint("collection", "name", name="one_document_of_a_name"),
    sqlite_autoincrement=True,
)

APPS = sa.Table(
    "apps",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("public", sa.Boolean, nullable=False),
    sa.Column("share", sa.String(100), unique=True),
    sa.Column("requests_per_minute", sa.Integer),
    sa.Column("tokens_per_minute", sa.Integer),
    sa.Column("created", sa.DateTime, nullable=False),
    sqlite_autoincrement=True,
)

VERSIONS = sa.Table(
    "versions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    _of(APPS),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("author", sa.String(100), nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sa.UniqueConstraint("app", "number", name="one_version_of_a_number"),
)

LABELS = sa.Table(
    "labels",
    METADATA,
    sa.Column("app", sa.Integer, sa.ForeignKey(APPS.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("label", sa.String(20), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

LABEL_LOG = sa.Table(
    "label_log",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    _of(APPS),
    sa.Column("label", sa.String(20), nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("when", sa.DateTime, nullable=False),
)

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    _of(APPS),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("turns", sa.JSON, nullable=False),
    sa.Column("updated", sa.DateTime, nullable=False, index=True),
    sa.UniqueConstraint("app", "key", name="one_session_of_a_key"),
)
