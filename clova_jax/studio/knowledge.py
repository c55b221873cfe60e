"""Searches collections: indexes in memory of what the store holds, brought up to date before every query."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from clova_jax.language_model import LanguageModel
from clova_jax.retrieve import Hit, Index, read_document
from clova_jax.studio.store import Store

USUAL = ("bigrams",)
MORPHEMES = "morphemes"


@dataclass(eq=False)
class Held:
    """Holds the index of a collection, and the documents that are in it by their ids."""

    index: Index
    documents: dict[int, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Library:
    """Finds passages; safe to use from several threads.

    The store has the last word, so that what another process has deleted is not found here either.

    Args:
        store: where collections and documents are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.model: LanguageModel | None = None  # for vectors, where it is in this process
        self._held: dict[tuple[int, tuple[str, ...]], Held] = {}
        self._lock = threading.Lock()
        self._analyser = threading.Lock()  # it keeps a memo, which is not made for several

    def load(self) -> None:
        """Indexes all collections, so that no first query waits for it."""
        for collection in self._store.list_collections():
            with self._refreshed(collection.id, USUAL):
                pass

    def search(
        self, collection: str, owner: str, query: str, k: int, by: Sequence[str] = USUAL
    ) -> list[Hit]:
        """Returns the passages of a collection that fit a query, best first.

        Args:
            collection: its name.
            owner: whose it has to be.
            query: what is looked for.
            k: passages, at most.
            by: rankings, as of `Index`.

        Raises:
            Missing: the owner has no such collection.
            ClovaError: vectors, where the model is not in this process; the same ranking twice.
        """
        found = self._store.find_collection(collection, owner)
        with self._refreshed(found.id, by) as index:
            return index.search(query, k)

    def save(self, collection: str, owner: str, name: str, data: bytes) -> int:
        """Keeps and indexes a document; returns how many passages it has.

        Raises:
            Missing: the owner has no such collection.
            ClovaError: the file is no text, or none of a kind that is read; see `read_document`.
        """
        found = self._store.find_collection(collection, owner)
        passages = sum(1 for _ in read_document(name, data).passages())
        self._store.save_document(collection, owner, name, data, passages)
        with self._refreshed(found.id, USUAL):
            return passages

    def delete(self, collection: str, owner: str) -> None:
        """Deletes a collection.

        Raises:
            Missing, Conflict: as `Store.delete_collection`.
        """
        self._store.delete_collection(collection, owner)
        self.release()

    def release(self) -> None:
        """Frees the indexes of collections that are gone, by the hand of another process too."""
        with self._lock:
            held = {collection for collection, _ in self._held}
        gone = held - self._store.collection_ids()
        with self._lock:
            self._held = {key: held for key, held in self._held.items() if key[0] not in gone}

    @contextmanager
    def _refreshed(self, collection: int, by: Sequence[str]) -> Iterator[Index]:
        """Lends the index as the store's documents are now."""
        key = collection, tuple(by)
        with self._lock:
            if key not in self._held:
                self._held[key] = Held(Index(by, self.model))
            held = self._held[key]
        with ExitStack() as locks:
            locks.enter_context(held.lock)
            if MORPHEMES in by:
                locks.enter_context(self._analyser)
            try:
                self._refresh(collection, held)
            except BaseException:  # what is half taken in is made anew by the next query
                with self._lock:
                    self._held.pop(key, None)
                raise
            yield held.index

    def _refresh(self, collection: int, held: Held) -> None:
        there = self._store.document_ids(collection)
        for number in held.documents.keys() - there.keys():
            held.index.delete(held.documents.pop(number))
        for number in sorted(there.keys() - held.documents.keys()):
            data = self._store.document_data(number)
            if data is not None:  # deleted meanwhile
                held.index.add(read_document(there[number], data).passages())
                held.documents[number] = there[number]
