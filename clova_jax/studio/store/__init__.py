"""Keeps the keys and tuned prompts of a Studio: SQLAlchemy tables with Alembic migrations, on SQLite or PostgreSQL."""

from clova_jax.studio.store.records import Key, Limits, Prompt
from clova_jax.studio.store.store import Store

__all__ = ["Key", "Limits", "Prompt", "Store"]
