"""Keeps what a Studio may not forget: SQLAlchemy tables with Alembic migrations, on SQLite or PostgreSQL."""

from clova_jax.studio.store.apps import AppSummary
from clova_jax.studio.store.records import (
    App,
    Collection,
    Conflict,
    Key,
    Labelling,
    Limits,
    Missing,
    Prompt,
    StoredDocument,
    Version,
)
from clova_jax.studio.store.sessions import Turn
from clova_jax.studio.store.store import Store
from clova_jax.studio.store.usage import Counted, Misuse, Rating, RequestRecord, Selected

__all__ = [
    "App",
    "AppSummary",
    "Collection",
    "Conflict",
    "Counted",
    "Key",
    "Labelling",
    "Limits",
    "Missing",
    "Misuse",
    "Prompt",
    "Rating",
    "RequestRecord",
    "Selected",
    "Store",
    "StoredDocument",
    "Turn",
    "Version",
]
