"""Decides which documents are kept for validation: of each source, those whose ids hash lowest.

The choice needs no seed and does not depend on the order of documents; adding text to a corpus moves
few documents over. Documents of one id are distinguished by their texts; copies of one document stay together.
How many are taken aims at a score that means something for small sources too.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from clova_jax.corpus import Document

MOST_BYTES = 600_000  # a source; about 200,000 tokens
FEW_BYTES = 64_000  # wished for where it is at most 5% of the source
FEW_DOCUMENTS = 3  # wished for where they are at most a tenth of the source
_LARGE = 0.1  # a document with more than this share of its source is never held out


def id_hash(identifier: str) -> int:
    """Returns 64 bits of a document's id, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "big")


def text_hash(text: bytes) -> int:
    """Returns 32 bits of a document's text, which order the documents that share an id."""
    return zlib.crc32(text)


class Row(NamedTuple):
    """Holds what the choice needs of a document.

    Args:
        source: its source.
        id: its id.
        text_hash: of its text (`text_hash`).
        size: bytes of its text.
    """

    source: str
    id: str
    text_hash: int
    size: int


def row_of(document: Document) -> Row:
    """Returns the row of a document."""
    text = document.text.encode()
    return Row(document.source, document.id, text_hash(text), len(text))


@dataclass(frozen=True)
class Limits:
    """Bounds the documents of a source that are held out.

    Args:
        id_hash: the highest one; of documents that have just this,
        text_hash: the highest one.
        size: bytes of the largest document.
    """

    id_hash: int = -1
    text_hash: int = -1
    size: int = 0

    def hold_out(self, row: "Row") -> bool:
        """Returns True if a document is kept for validation."""
        hashed = id_hash(row.id)
        if hashed > self.id_hash or row.size > self.size:
            return False
        return hashed < self.id_hash or row.text_hash <= self.text_hash


@dataclass
class SourceSizes:
    """Sums up one pass over a source's documents: counts, and the lowest hashes.

    Args:
        documents: their number.
        bytes: length of their text.
        hashes: uint64, some of the ids' hashes, the lowest among them.
        texts: uint32, the texts' hashes of the same documents.
        sizes: int64, bytes of the same documents.
    """

    documents: int = 0
    bytes: int = 0
    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    texts: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint32))
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, other: "SourceSizes") -> None:
        """Adds another part of the same source."""
        self.documents += other.documents
        self.bytes += other.bytes
        self.hashes = np.concatenate([self.hashes, other.hashes])
        self.texts = np.concatenate([self.texts, other.texts])
        self.sizes = np.concatenate([self.sizes, other.sizes])
        if len(self.hashes) > 100_000:
            self._sort()
            enough = int(np.searchsorted(np.cumsum(self.sizes), 2 * MOST_BYTES)) + 100
            self._keep(slice(enough))

    def _sort(self) -> None:
        self._keep(np.lexsort((self.texts, self.hashes)))

    def _keep(self, places: slice | np.ndarray) -> None:
        self.hashes, self.texts = self.hashes[places], self.texts[places]
        self.sizes = self.sizes[places]

    def limits(self, share: float) -> Limits:
        """Decides what is held out of the source, never all of it.

        Args:
            share: of the source's bytes, before the bounds of this module's constants.
        """
        if not share:
            return Limits()
        self._sort()
        most = int(_LARGE * self.bytes)
        fit = self.sizes <= most
        hashes, texts, sizes = self.hashes[fit], self.texts[fit], self.sizes[fit]
        budget = min(max(share * self.bytes, min(0.05 * self.bytes, FEW_BYTES)), MOST_BYTES)
        count = int(np.searchsorted(np.cumsum(sizes), budget, "right"))
        count = min(max(count, min(FEW_DOCUMENTS, self.documents // 10)), len(hashes))
        while 0 < count < len(hashes) and (hashes[count - 1], texts[count - 1]) == (
            hashes[count],
            texts[count],
        ):
            count -= 1  # copies of one document would all be held out with it
        if not count:
            return Limits()
        return Limits(int(hashes[count - 1]), int(texts[count - 1]), most)


def measure(rows: Iterable[Row]) -> dict[str, SourceSizes]:
    """Counts documents by source; those without a text do not count."""
    found: dict[str, tuple[list[int], list[int], list[int]]] = {}
    for row in rows:
        if row.size:
            hashes, texts, sizes = found.setdefault(row.source, ([], [], []))
            hashes.append(id_hash(row.id))
            texts.append(row.text_hash)
            sizes.append(row.size)
    return {
        source: SourceSizes(
            len(sizes),
            sum(sizes),
            np.array(hashes, np.uint64),
            np.array(texts, np.uint32),
            np.array(sizes, np.int64),
        )
        for source, (hashes, texts, sizes) in found.items()
    }
