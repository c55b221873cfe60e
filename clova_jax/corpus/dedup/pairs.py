"""Exact and near duplicates: MinHash signatures and locality-sensitive hashing.

A document is the set of its 4-character shingles over letters and digits alone, so that blanks,
punctuation and capitals make no difference. Documents with the same letters are exact duplicates.
For the rest, two documents whose signatures (64 values, rensa) agree in all four values of one of 16 bands
are compared by all 64, the usual estimate of their Jaccard similarity. A document goes when one that stands before it,
*and stays*, is similar enough: no chains, and each loss has a witness.

Cost grows with the number of documents; memory is about 60 bytes a document, the signatures
(256 bytes a document) lie in a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from jaxtyping import Bool, Int64, UInt32, UInt64

from clova_jax.corpus.clean.profile import SPACE, SYMBOL, class_table

BANDS, ROWS = 16, 4
SHINGLE = 4
_SEED = 42
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, slots=True)
class Signatures:
    """What stands for documents in the search for duplicates.

    Args:
        digests: uint64[n, 2], equal where the letters are.
        minhashes: uint32[n, 64].
    """

    digests: UInt64[np.ndarray, "n 2"]
    minhashes: UInt32[np.ndarray, "n 64"]


def signatures(texts: Sequence[str]) -> Signatures:
    """The signatures of some texts (a few megabytes at a time, it is vectorised)."""
    import rensa

    codes, ends = _letters(texts)
    starts = np.concatenate([[0], ends[:-1]])
    raw = codes.tobytes()
    digests = np.frombuffer(
        b"".join(
            blake2b(
                raw[4 * start : 4 * end] or text.encode("utf-8", "surrogatepass"), digest_size=16
            ).digest()
            for text, start, end in zip(texts, starts.tolist(), ends.tolist(), strict=True)
        ),
        np.uint64,
    ).reshape(-1, 2)
    # Windows may run into the next document; the counts below leave those out.
    padded = np.concatenate([codes.astype(np.uint64), np.zeros(SHINGLE - 1, np.uint64)])
    hashed = np.zeros(len(codes), np.uint64)
    for offset in range(SHINGLE):
        hashed *= _PRIME
        hashed += padded[offset : offset + len(codes)]
    hashed ^= hashed >> np.uint64(30)
    hashed *= _MIX
    hashed ^= hashed >> np.uint64(27)
    lengths = ends - starts
    whole = lengths < SHINGLE  # too short for one shingle: the text itself is the shingle
    counts = np.where(whole, np.minimum(lengths, 1), lengths - SHINGLE + 1)
    inside = np.arange(len(codes)) - np.repeat(starts, lengths) < np.repeat(counts, lengths)
    hashed = hashed[inside]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    if whole.any():
        at = offsets[:-1][whole & (counts == 1)].astype(np.int64)
        hashed[at] = digests[whole & (counts == 1), 0]
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        hashed, offsets, BANDS * ROWS, _SEED
    )
    minhashes = np.array(matrix.to_rows(), np.uint32).reshape(len(texts), BANDS * ROWS)
    return Signatures(digests, minhashes)


def _letters(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Codes of letters and digits of all texts in a row (Latin in lower case), and where each ends."""
    joined = "".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = class_table()[codes]
    kept = (classes != SPACE) & (classes != SYMBOL)
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.concatenate([[0], np.cumsum(kept)])[np.cumsum(lengths)].astype(np.int64)
    codes = codes[kept]
    return codes + np.uint32(32) * ((codes >= 65) & (codes <= 90)), ends


def band_keys(rows: UInt32[np.ndarray, "n 4"]) -> UInt64[np.ndarray, "n"]:
    """One key a document for a band's four values."""
    keys = np.zeros(len(rows), np.uint64)
    for column in range(ROWS):
        keys = (keys ^ rows[:, column]) * _PRIME
        keys ^= keys >> np.uint64(29)
    return keys


def candidate_pairs(
    keys: UInt64[np.ndarray, "n"], order: Int64[np.ndarray, "n"]
) -> Int64[np.ndarray, "pairs 2"]:
    """Pairs (first of the bucket, other) of documents with equal keys.

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
    """float32[pairs]: the share of equal values, which estimates the Jaccard similarity.

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
    """For each document the first one with the same letters: itself, where there is none before."""
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
    compare,
    threshold: float,
) -> dict[int, tuple[int, float]]:
    """Which documents go: later ones similar to an earlier one that stays.

    Args:
        pairs: (earlier, later), similar enough.
        similarity: of each pair.
        compare: `compare(earlier, later) -> similarity`, for a pair that buckets did not bring together.
        threshold: from where documents are near duplicates.

    Returns:
        For each that goes, its witness and their similarity.
    """
    gone: dict[int, tuple[int, float]] = {}
    for place in np.lexsort((pairs[:, 0], pairs[:, 1])).tolist():
        earlier, later = int(pairs[place, 0]), int(pairs[place, 1])
        if later in gone:
            continue
        if earlier not in gone:
            gone[later] = (earlier, float(similarity[place]))
            continue
        witness = gone[earlier][0]  # it stays: what goes has a witness that stays
        if witness < later:
            like = compare(witness, later)
            if like >= threshold:
                gone[later] = (witness, like)
    return gone


def near_duplicates(
    minhashes: np.ndarray,
    alive: Bool[np.ndarray, "n"],
    threshold: float,
    bands: Iterable[int] = range(BANDS),
) -> dict[int, tuple[int, float]]:
    """Near duplicates among the documents of `alive`, in memory (`duplicates.find_duplicates` works in files).

    Args:
        minhashes: uint32[16, n, 4], documents in order of preference.
        alive: which take part.
        threshold: estimated Jaccard similarity from which a document goes.
        bands: which bands to look at.
    """
    places = np.flatnonzero(alive)
    found = [similar_pairs(minhashes, band, places, threshold) for band in bands]
    return resolve_all([p for p, _ in found], [s for _, s in found], minhashes, threshold)


def similar_pairs(
    minhashes: np.ndarray, band: int, places: Int64[np.ndarray, "m"], threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of one band that are similar enough, and how similar."""
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
    """Joins the pairs of all bands and decides which documents go."""
    every, where = np.unique(np.concatenate(pairs), axis=0, return_index=True)

    def compare(a: int, b: int) -> float:
        return float(similarities(minhashes, np.array([[a, b]]))[0])

    return resolve(every, np.concatenate(likeness)[where], compare, threshold)
