"""Reads and writes collections and their documents."""

import hashlib
from typing import Any

import sqlalchemy as sa

from clova_jax.studio.store.apps import labelled_users
from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.records import Collection, Conflict, Missing, StoredDocument
from clova_jax.studio.store.tables import COLLECTIONS, DOCUMENTS

_LISTED = (
    sa.select(
        COLLECTIONS.c.id,
        COLLECTIONS.c.name,
        COLLECTIONS.c.owner,
        sa.func.count(DOCUMENTS.c.id),
        sa.func.coalesce(sa.func.sum(DOCUMENTS.c.passages), 0),
        COLLECTIONS.c.created,
    )
    .select_from(COLLECTIONS.outerjoin(DOCUMENTS))
    .group_by(COLLECTIONS.c.id)
    .order_by(COLLECTIONS.c.name)
)


class KnowledgeStore(Database):
    """Keeps documents in collections; a collection is seen by its owner only."""

    def add_collection(self, name: str, owner: str) -> None:
        """Makes an empty collection.

        Raises:
            Conflict: the name is taken.
        """
        row = {"name": name, "owner": owner, "created": now()}
        try:
            with self._engine.begin() as connection:
                connection.execute(COLLECTIONS.insert().values(row))
        except sa.exc.IntegrityError:
            raise Conflict(f"collection {name!r}: the name is taken; choose another") from None

    def list_collections(self, owner: str | None = None) -> list[Collection]:
        """Returns the collections of an owner, or all, by name."""
        query = _LISTED if owner is None else _LISTED.where(COLLECTIONS.c.owner == owner)
        with self._engine.connect() as connection:
            return [Collection(*row) for row in connection.execute(query)]

    def collection_ids(self) -> set[int]:
        """Returns the ids of all collections."""
        with self._engine.connect() as connection:
            return set(connection.execute(sa.select(COLLECTIONS.c.id)).scalars())

    def find_collection(self, name: str, owner: str) -> Collection:
        """Returns a collection.

        Raises:
            Missing: the owner has none of this name.
        """
        query = _LISTED.where(COLLECTIONS.c.name == name, COLLECTIONS.c.owner == owner)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _missing(name)
        return Collection(*row)

    def delete_collection(self, name: str, owner: str) -> None:
        """Deletes a collection with all its documents.

        Raises:
            Missing: the owner has none of this name.
            Conflict: a labelled version of an app uses it.
        """
        query = COLLECTIONS.delete().where(COLLECTIONS.c.name == name, COLLECTIONS.c.owner == owner)
        with self._engine.begin() as connection:
            # Deleted first, which keeps a label from being set meanwhile; an error takes it back.
            if not connection.execute(query).rowcount:
                raise _missing(name)
            if users := labelled_users(connection, name, owner):
                raise Conflict(
                    f"collection {name!r}: is used by {', '.join(users)}; take the labels off first"
                )

    def list_documents(self, collection: int) -> list[StoredDocument]:
        """Returns the documents of a collection by name."""
        size = sa.func.length(DOCUMENTS.c.data)
        columns = DOCUMENTS.c
        query = (
            sa.select(columns.id, columns.name, size, columns.passages, columns.created)
            .where(columns.collection == collection)
            .order_by(columns.name)
        )
        with self._engine.connect() as connection:
            return [StoredDocument(*row) for row in connection.execute(query)]

    def document_ids(self, collection: int) -> dict[int, str]:
        """Returns the names of a collection's documents by their ids."""
        query = sa.select(DOCUMENTS.c.id, DOCUMENTS.c.name).where(
            DOCUMENTS.c.collection == collection
        )
        with self._engine.connect() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def document_data(self, document: int) -> bytes | None:
        """Returns the bytes of a document; None where it is gone."""
        query = sa.select(DOCUMENTS.c.data).where(DOCUMENTS.c.id == document)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def save_document(
        self, collection: str, owner: str, name: str, data: bytes, passages: int
    ) -> None:
        """Keeps a document in the place of one of its name, if there is one.

        Raises:
            Missing: the owner has no such collection.
            Conflict: another upload of the same name came at the same time.
        """
        found = self.find_collection(collection, owner)
        row: dict[str, Any] = {"collection": found.id, "name": name, "data": data}
        row |= {"passages": passages, "created": now()}
        row["sha256"] = hashlib.sha256(data).hexdigest()
        try:
            with self._engine.begin() as connection:
                connection.execute(_document(found.id, name))
                connection.execute(DOCUMENTS.insert().values(row))
        except sa.exc.IntegrityError:
            self.find_collection(collection, owner)
            raise Conflict(
                f"document {name[:100]!r}: is being uploaded by another; try again"
            ) from None

    def delete_document(self, collection: str, owner: str, name: str) -> None:
        """Deletes a document.

        Raises:
            Missing: the owner has no such collection, or it no such document.
        """
        found = self.find_collection(collection, owner)
        with self._engine.begin() as connection:
            if not connection.execute(_document(found.id, name)).rowcount:
                raise Missing(f"collection {collection!r}: has no document {name[:100]!r}")


def _document(collection: int, name: str) -> sa.Delete:
    return DOCUMENTS.delete().where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.name == name)


def _missing(name: str) -> Missing:
    return Missing(f"collection {name[:100]!r}: this key has none of this name")
