"""Makes the tables of requests, ratings, reports of misuse, and scores of versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004_usage"
down_revision = "0003_apps"

TABLES = ("scores", "misuse", "ratings", "requests")


def upgrade() -> None:
    """Makes all four."""
    _requests()
    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "request",
            sa.String(64),
            sa.ForeignKey("requests.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("when", sa.DateTime, nullable=False),
        sa.UniqueConstraint("request", "by", name="one_rating_of_a_rater"),
    )
    op.create_table(
        "misuse",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request", sa.String(64)),
        sa.Column("app", sa.String(100)),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("when", sa.DateTime, nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("app", sa.Integer, sa.ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("table_name", sa.String(200), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("results", sa.JSON, nullable=False),
        sa.Column("when", sa.DateTime, nullable=False),
    )
    for table, column in (("requests", "when"), ("misuse", "owner"), ("scores", "app")):
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Drops all four."""
    for table in TABLES:
        op.drop_table(table)


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("when", sa.DateTime, nullable=False),
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
