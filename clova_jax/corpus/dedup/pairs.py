"""Finds exact and near duplicates among signatures, by locality-sensitive hashing.

Documents with the same letters are exact duplicates. For the rest, two documents whose signatures agree in all
four values of one of 16 bands are compared by all 64, the usual estimate of their Jaccard similarity. A document is
dropped when an earlier one *that is kept* is similar enough: there are no chains, and each dropped one has its kept duplicate.

Cost grows with the number of documents; memory is about 60 bytes a document, the signatures
(256 bytes a document) lie in a file.
"""

from collections.abc import Callable, Iterable

import numpy as np
from jaxtyping import Bool, Int64, UInt32, UInt64

from clova_jax.corpus.dedup.signatures import BANDS, PRIME, ROWS


def band_keys(rows: UInt32[np.ndarray, "n 4"]) -> UInt64[np.ndarray, "n"]:
    """Computes one key per document from a band's four values."""
    keys = np.zeros(len(rows), np.uint64)
    for column in range(ROWS):
        keys = (keys ^ rows[:, column]) * PRIME
        keys ^= keys >> np.uint64(29)
    return keys


def candidate_pairs(
    keys: UInt64[np.ndarray, "n"], order: Int64[np.ndarray, "n"]
) -> Int64[np.ndarray, "pairs 2"]:
    """Pairs documents with equal keys: each with the first of its bucket and with its neighbour.

    Args:
        keys: of one band.
        order: the rank of each document; the lowest of a bucket is its first.

    Returns:
        Ranks, the earlier first.
    """
    by_key = np.lexsort((order, keys))
    keys, order = keys[by_key], order[by_key]
    fresh = np.concatenate([[True], keys[1:] != keys[:-1]])
    first = order[np.flatnonzero(fresh)[np.cumsum(fresh) - 1]]
    before = np.concatenate([order[:1], order[:-1]])
    rest = ~fresh
    # With the first and with the neighbour: a bucket may hold several families.
    pairs = np.concatenate(
        [np.stack([first[rest], order[rest]], 1), np.stack([before[rest], order[rest]], 1)]
    )
    return pairs[pairs[:, 0] < pairs[:, 1]]


def similarities(
    minhashes: np.ndarray, pairs: Int64[np.ndarray, "pairs 2"], block: int = 65_536
) -> np.ndarray:
    """Computes the share of equal values, which estimates the Jaccard similarity; returns float32[pairs].

    Args:
        minhashes: uint32[16, n, 4] (bands first, as the stage keeps them in a file).
        pairs: places in it.
    """
    found = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), block):
        left, right = pairs[start : start + block].T
        equal = np.zeros(len(left), np.int32)
        for band in minhashes:
            equal += (band[left] == band[right]).sum(1, dtype=np.int32)
        found[start : start + block] = equal / (BANDS * ROWS)
    return found


def exact_duplicates(digests: UInt64[np.ndarray, "n 2"]) -> Int64[np.ndarray, "n"]:
    """Returns, for each document, the first one with the same letters: itself, where there is none before."""
    order = np.lexsort((np.arange(len(digests)), digests[:, 1], digests[:, 0]))
    sorted_ = digests[order]
    fresh = np.ones(len(digests), bool)
    fresh[1:] = (sorted_[1:] != sorted_[:-1]).any(1)
    first = np.empty(len(digests), np.int64)
    first[order] = order[np.flatnonzero(fresh)[np.cumsum(fresh) - 1]]
    return first


def resolve(
    pairs: Int64[np.ndarray, "pairs 2"],
    similarity: np.ndarray,
    compare: Callable[[int, int], float],
    threshold: float,
) -> dict[int, tuple[int, float]]:
    """Decides which documents are dropped: later ones similar to an earlier one that is kept.

    Args:
        pairs: (earlier, later), similar enough.
        similarity: of each pair.
        compare: `compare(earlier, later) -> similarity`, for a pair that no bucket brought together.
        threshold: similarity from which documents are near duplicates.

    Returns:
        For each that is dropped, its kept duplicate and their similarity.
    """
    gone: dict[int, tuple[int, float]] = {}
    for place in np.lexsort((pairs[:, 0], pairs[:, 1])).tolist():
        earlier, later = int(pairs[place, 0]), int(pairs[place, 1])
        if later in gone:
            continue
        if earlier not in gone:
            gone[later] = (earlier, float(similarity[place]))
            continue
        kept = gone[earlier][0]
        if kept < later:
            like = compare(kept, later)
            if like >= threshold:
                gone[later] = (kept, like)
    return gone


def near_duplicates(
    minhashes: np.ndarray,
    alive: Bool[np.ndarray, "n"],
    threshold: float,
    bands: Iterable[int] = range(BANDS),
) -> dict[int, tuple[int, float]]:
    """Finds near duplicates among the documents of `alive`, in memory (`stage.find_duplicates` works in files).

    Args:
        minhashes: uint32[16, n, 4], documents in order of preference.
        alive: which take part.
        threshold: estimated Jaccard similarity from which a document is dropped.
        bands: which bands to compare.
    """
    places = np.flatnonzero(alive)
    found = [similar_pairs(minhashes, band, places, threshold) for band in bands]
    return resolve_all([p for p, _ in found], [s for _, s in found], minhashes, threshold)


def similar_pairs(
    minhashes: np.ndarray, band: int, places: Int64[np.ndarray, "m"], threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pairs of one band that are similar enough, and their similarities."""
    pairs = candidate_pairs(band_keys(minhashes[band][places]), places)
    if not len(pairs):
        return pairs.reshape(0, 2), np.zeros(0, np.float32)
    pairs = np.unique(pairs, axis=0)
    likeness = similarities(minhashes, pairs)
    good = likeness >= threshold
    return pairs[good], likeness[good]


def resolve_all(
    pairs: list[np.ndarray], likeness: list[np.ndarray], minhashes: np.ndarray, threshold: float
) -> dict[int, tuple[int, float]]:
    """Joins the pairs of all bands and decides which documents are dropped (`resolve`)."""
    every, where = np.unique(np.concatenate(pairs), axis=0, return_index=True)

    def compare(a: int, b: int) -> float:
        return float(similarities(minhashes, np.array([[a, b]]))[0])

    return resolve(every, np.concatenate(likeness)[where], compare, threshold)
