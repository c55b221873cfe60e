"""Shuffles without a list: the place of one index among N is computed, not looked up."""

import functools
import hashlib

import numpy as np

_ROUNDS = 6


@functools.lru_cache(4096)
def round_keys(name: str) -> np.ndarray:
    """Derives uint64[7] from the name of a permutation: six round keys, and a spare number."""
    digest = hashlib.blake2b(name.encode(), digest_size=8 * (_ROUNDS + 1)).digest()
    return np.frombuffer(digest, "<u8")


def permute(indices: np.ndarray, sizes: int | np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Returns where random permutations of `range(size)` send the given indices.

    An index is split as l + a·r, with a·b just above N; in turn l has a function of r added to it
    modulo a, and r one of l modulo b (a Feistel network on two numbers instead of two halves of the
    bits). That is a permutation of range(a·b); the rare result from N on, one in √N, goes through
    again.

    Args:
        indices: integers in [0, size), [n].
        sizes: N of each, below 2^60; one number or [n].
        keys: `round_keys` of each, uint64[7] or [7, n].

    Returns:
        int64[n]: distinct for distinct indices of one size and key.
    """
    sizes = np.asarray(sizes, np.uint64)
    a = np.ceil(np.sqrt(sizes.astype(np.float64))).astype(np.uint64)
    b = (sizes + a - np.uint64(1)) // a

    def network(values: np.ndarray) -> np.ndarray:
        left, right = values % a, values // a
        for number, key in enumerate(keys[:_ROUNDS]):
            if number % 2:
                right = (right + _mix(left + key) % b) % b
            else:
                left = (left + _mix(right + key) % a) % a
        return left + a * right

    result = network(np.asarray(indices).astype(np.uint64))
    while (outside := result >= sizes).any():
        result = np.where(outside, network(result), result)
    return result.astype(np.int64)


def _mix(values: np.ndarray) -> np.ndarray:
    """Applies the finaliser of splitmix64 (public domain, Vigna): every input bit affects every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
