"""Computes what stands for a document in the search for duplicates: a digest and a MinHash signature.

A document is the set of its 4-character shingles over letters and digits alone, so that spaces, punctuation and
capitals make no difference. A signature has 64 values (rensa): 16 bands of 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from jaxtyping import UInt32, UInt64

from clova_jax.corpus.clean.profile import SPACE, SYMBOL, class_table

BANDS, ROWS = 16, 4
SHINGLE = 4  # characters
PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SEED = 42


@dataclass(frozen=True, slots=True)
class Signatures:
    """Holds what stands for documents in the search for duplicates.

    Args:
        digests: uint64[n, 2], equal for documents with the same letters.
        minhashes: uint32[n, 64].
    """

    digests: UInt64[np.ndarray, "n 2"]
    minhashes: UInt32[np.ndarray, "n 64"]


def signatures(texts: Sequence[str]) -> Signatures:
    """Computes the signatures of some texts (vectorised: a few megabytes at a time)."""
    import rensa

    if not texts:
        return Signatures(np.zeros((0, 2), np.uint64), np.zeros((0, BANDS * ROWS), np.uint32))

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
        hashed *= PRIME
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
    """Concatenates the codes of letters and digits of all texts (Latin in lower case); returns them and each text's end."""
    joined = "".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = class_table()[codes]
    kept = (classes != SPACE) & (classes != SYMBOL)
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.concatenate([[0], np.cumsum(kept)])[np.cumsum(lengths)].astype(np.int64)
    codes = codes[kept]
    return codes + np.uint32(32) * ((codes >= 65) & (codes <= 90)), ends
