"""A shuffle without a list: the place of one index among N is computed, not looked up."""

import hashlib

import numpy as np

_ROUNDS = 6


def permute(indices: np.ndarray, size: int, key: str) -> np.ndarray:
    """Where a random permutation of `range(size)` sends some indices.

    A balanced Feistel network over the smallest even number of bits that holds `size`; results
    outside the range are sent through again until they are inside (up to three in four at first).

    Args:
        indices: integers in [0, size).
        size: N, below 2^62.
        key: chooses the permutation.

    Returns:
        int64, as many: distinct for distinct indices.
    """
    half = np.uint64(max((max(size - 1, 1).bit_length() + 1) // 2, 1))
    mask = np.uint64((1 << int(half)) - 1)
    digest = hashlib.blake2b(key.encode(), digest_size=8 * _ROUNDS).digest()
    keys = np.frombuffer(digest, "<u8")

    def network(values: np.ndarray) -> np.ndarray:
        left, right = values >> half, values & mask
        for round_key in keys:
            left, right = right, left ^ (_mix(right + round_key) & mask)
        return (left << half) | right

    result = network(np.asarray(indices).astype(np.uint64))
    while (outside := result >= size).any():
        result[outside] = network(result[outside])
    return result.astype(np.int64)


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (public domain, Vigna): every input bit moves every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
