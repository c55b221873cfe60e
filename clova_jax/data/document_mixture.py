"""Mixes documents: how often each kept document of a corpus is written, so that the sources have their shares."""

from typing import Any

import numpy as np

from clova_jax.corpus import Registry, Selection, Selector, kinds_of, source_of
from clova_jax.data.mixture import mix, parse_weights

_TIER_FACTOR = {1: 1.5, 2: 1.0, 3: 0.5}


def selector(selection: Selection, registry: Registry) -> Selector:
    """Makes a selector for the pipeline: shares as for training windows, documents drawn to fill them.

    Args:
        selection: the mixture.
        registry: the user's sources (`read_sources`).
    """

    def select(sources: np.ndarray, sizes: np.ndarray, names: list[str]) -> np.ndarray:
        have = np.bincount(sources, sizes, minlength=len(names))
        by_name = {name: float(size) for name, size in zip(names, have, strict=True) if size}
        weights: Any = parse_weights(selection.weights)
        if weights == "auto":
            weights = _by_tier_and_size(by_name, registry)
        total = 1e6 * selection.megabytes if selection.megabytes else sum(by_name.values())
        shares = mix(
            by_name,
            weights,
            kinds=kinds_of(by_name, registry),
            total=total,
            max_epochs=selection.max_epochs,
        )
        copies = np.zeros(len(sources), np.int32)
        for share in shares:
            mine = np.flatnonzero(sources == names.index(share.source))
            rng = np.random.default_rng([selection.seed, *share.source.encode()])
            copies[mine] = exact_copies(sizes[mine], share.epochs or 0.0, rng)
        return copies

    return select


def _by_tier_and_size(sizes: dict[str, float], registry: Registry) -> dict[str, float]:
    """Weights better tiers more, and large sources less than in proportion to their size."""
    return {
        name: size**0.7 * _TIER_FACTOR[source_of(name, registry).tier]
        for name, size in sizes.items()
    }


def exact_copies(sizes: np.ndarray, epochs: float, rng: np.random.Generator) -> np.ndarray:
    """Returns int32[n]: how often each document is taken, for `epochs` times the bytes that are there.

    All are taken as often as the integer part of `epochs` says. For the remainder, documents are taken in random order
    up to the one that brings the sum nearest to what is wanted.

    Args:
        sizes: of the documents, in bytes, int64[n].
        epochs: bytes wanted over bytes that are there.
        rng: draws the order.
    """
    whole, rest = int(epochs), epochs % 1
    copies = np.full(len(sizes), whole, np.int32)
    order = rng.permutation(len(sizes))
    filled = np.concatenate([[0], np.cumsum(sizes[order])])
    count = int(np.abs(filled - rest * filled[-1]).argmin())
    copies[order[:count]] += 1
    return copies
