"""Finds sessions by their age, for those that are too old to be kept."""

from alembic import op

revision = "0005_session_age"
down_revision = "0004_usage"


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_sessions_updated", "sessions", ["updated"])


def downgrade() -> None:
    """Drops the index."""
    op.drop_index("ix_sessions_updated", "sessions")
