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
