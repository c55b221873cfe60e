"""Which documents are kept for validation: of each source, those whose ids hash lowest.

The choice needs no seed and does not depend on the order of documents; adding text to a corpus moves
few documents over. How many are taken aims at a score that means something for small sources too.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from clova_jax.corpus.documents import Document

MOST_BYTES = 600_000  # a source; about 200,000 tokens
FEW_BYTES = 64_000  # wished for where it is at most 5% of the source
FEW_DOCUMENTS = 3  # wished for where they are at most a tenth of the source
_LARGE = 0.1  # a document with more than this share of its source is never held out


def id_hash(identifier: str) -> int:
    """64 bits of a document's id, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "big")


@dataclass
class SourceSizes:
    """What one pass over a source's documents leaves behind: counts, and the lowest hashes.

    Args:
        documents: their number.
        bytes: length of their text.
        hashes: uint64, some of the ids' hashes, the lowest among them.
        sizes: int64, bytes of the same documents.
    """

    documents: int = 0
    bytes: int = 0
    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, other: "SourceSizes") -> None:
        """Takes in another part of the same source."""
        self.documents += other.documents
        self.bytes += other.bytes
        self.hashes = np.concatenate([self.hashes, other.hashes])
        self.sizes = np.concatenate([self.sizes, other.sizes])
        if len(self.hashes) > 100_000:
            self._sort()
            enough = int(np.searchsorted(np.cumsum(self.sizes), 2 * MOST_BYTES)) + 100
            self.hashes, self.sizes = self.hashes[:enough], self.sizes[:enough]

    def _sort(self) -> None:
        order = np.argsort(self.hashes, kind="stable")
        self.hashes, self.sizes = self.hashes[order], self.sizes[order]

    def limits(self, share: float) -> tuple[int, int]:
        """The highest hash, and the largest size, of a document that is held out; (-1, 0): none.

        Args:
            share: of the source's bytes, before the bounds of this module's constants.
        """
        if not share:
            return -1, 0
        self._sort()
        most = int(_LARGE * self.bytes)
        hashes, sizes = self.hashes[self.sizes <= most], self.sizes[self.sizes <= most]
        budget = min(max(share * self.bytes, min(0.05 * self.bytes, FEW_BYTES)), MOST_BYTES)
        count = int(np.searchsorted(np.cumsum(sizes), budget, "right"))
        count = max(count, min(FEW_DOCUMENTS, self.documents // 10))
        count = min(count, len(hashes))
        return (int(hashes[count - 1]), most) if count else (-1, 0)


def measure(documents: Iterable[Document]) -> dict[str, SourceSizes]:
    """Counts documents by source."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for document in documents:
        if document.text:
            hashes, sizes = found.setdefault(document.source, ([], []))
            hashes.append(id_hash(document.id))
            sizes.append(len(document.text.encode()))
    return {
        source: SourceSizes(
            len(sizes), sum(sizes), np.array(hashes, np.uint64), np.array(sizes, np.int64)
        )
        for source, (hashes, sizes) in found.items()
    }
