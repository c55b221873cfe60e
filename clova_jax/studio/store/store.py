"""Puts the parts of the store together; what a method has returned from is on the disk."""

from clova_jax.studio.store.apps import AppStore
from clova_jax.studio.store.keys import KeyStore
from clova_jax.studio.store.knowledge import KnowledgeStore
from clova_jax.studio.store.prompts import PromptStore
from clova_jax.studio.store.sessions import SessionStore
from clova_jax.studio.store.usage import UsageStore


class Store(KeyStore, PromptStore, KnowledgeStore, AppStore, SessionStore, UsageStore):
    """Keeps keys, tuned prompts, documents, apps, their sessions and their usage in one database."""

    # `Database` opens it; each part has the methods of its tables.
