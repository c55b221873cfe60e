"""Defines the tables of what was asked for, how it was judged, and how versions of an app scored."""

import sqlalchemy as sa

from clova_jax.studio.store.tables import APPS, METADATA

REQUESTS = sa.Table(
    "requests",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("when", sa.DateTime, nullable=False, index=True),
    sa.Column("key", sa.String(100), nullable=False),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("app", sa.String(100)),
    sa.Column("version", sa.Integer),
    sa.Column("model", sa.String(300), nullable=False),
    sa.Column("choices", sa.Integer, nullable=False),
    sa.Column("prompt_tokens", sa.Integer, nullable=False),
    sa.Column("completion_tokens", sa.Integer, nullable=False),
    sa.Column("first_seconds", sa.Float),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("finish", sa.String(20), nullable=False),
    sa.Column("filters", sa.JSON, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("parameters", sa.JSON(none_as_null=True)),
    sa.Column("variables", sa.JSON(none_as_null=True)),
    sa.Column("prompt", sa.Text),
    sa.Column("text", sa.Text),
)

RATINGS = sa.Table(
    "ratings",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "request", sa.String(64), sa.ForeignKey(REQUESTS.c.id, ondelete="CASCADE"), nullable=False
    ),
    sa.Column("value", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("when", sa.DateTime, nullable=False),
    sa.UniqueConstraint("request", "by", name="one_rating_of_a_rater"),
)

MISUSE = sa.Table(
    "misuse",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("request", sa.String(64)),
    sa.Column("app", sa.String(100)),
    sa.Column("owner", sa.String(100), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("when", sa.DateTime, nullable=False),
)

SCORES = sa.Table(
    "scores",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "app", sa.Integer, sa.ForeignKey(APPS.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("table_name", sa.String(200), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("results", sa.JSON, nullable=False),
    sa.Column("when", sa.DateTime, nullable=False),
)
