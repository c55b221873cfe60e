"""Makes the tables of collections and their documents, of apps, their versions and labels, and of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0003_apps"
down_revision = "0002"

TABLES = ("sessions", "label_log", "labels", "versions", "apps", "documents", "collections")


def upgrade() -> None:
    """Makes all seven."""
    _knowledge()
    _apps()
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        _of("app"),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("turns", sa.JSON, nullable=False),
        sa.Column("updated", sa.DateTime, nullable=False),
        sa.UniqueConstraint("app", "key", name="one_session_of_a_key"),
    )
    for table, column in (
        ("documents", "collection"),
        ("versions", "app"),
        ("label_log", "app"),
        ("sessions", "app"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Drops all seven."""
    for table in TABLES:
        op.drop_table(table)


def _of(owner: str, **options: bool) -> sa.Column:
    key = sa.ForeignKey(f"{owner}s.id", ondelete="CASCADE")
    return sa.Column(owner, sa.Integer, key, **({"nullable": False} | options))


def _knowledge() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("collection"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("passages", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.UniqueConstraint("collection", "name", name="one_document_of_a_name"),
        sqlite_autoincrement=True,
    )


def _apps() -> None:
    op.create_table(
        "apps",
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
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("app"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.UniqueConstraint("app", "number", name="one_version_of_a_number"),
    )
    op.create_table(
        "labels",
        _of("app", primary_key=True),
        sa.Column("label", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "label_log",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("app"),
        sa.Column("label", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("when", sa.DateTime, nullable=False),
    )
