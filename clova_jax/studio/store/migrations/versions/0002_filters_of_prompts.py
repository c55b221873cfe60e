"""Gives tuned prompts filters of their own; those that are there already have none."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the column."""
    column = sa.Column("filters", sa.JSON, nullable=False, server_default="{}")
    op.add_column("prompts", column)


def downgrade() -> None:
    """Drops the column."""
    op.drop_column("prompts", "filters")
