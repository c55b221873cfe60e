"""Decides how much of each source is drawn, for training windows and for documents (`document_mixture`).

`mix` turns sizes and wishes into shares and epochs. `Interleave` lays the shares out one sample
after another, without memory of what came before.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.corpus import by_source, kinds_of, source_name, table_1_row
from clova_jax.paper import TABLE_1

Weights = str | Mapping[str, float]


@dataclass(frozen=True)
class Share:
    """Holds what a mixture gives one source.

    Args:
        source: its name.
        kind: its kind (`corpus.sources.KINDS`).
        size: what it has (tokens, or bytes).
        share: its part of all that is drawn; the shares sum to 1.
        epochs: how often it is seen over the whole run; None where the length is not known.
    """

    source: str
    kind: str
    size: float
    share: float
    epochs: float | None


def mix(
    sizes: Mapping[str, float],
    weights: Weights = "natural",
    *,
    kinds: Mapping[str, str] | None = None,
    total: float | None = None,
    max_epochs: float | None = None,
) -> list[Share]:
    """Returns the shares of the sources, in order of name.

    Args:
        sizes: what each source has, in any one unit.
        weights: `natural` (by size), `table1` (the paper's shares of the rows of Table 1 that are present; by
            size inside a row), or a number by source (sources left out get nothing).
        kinds: of the sources, by name (default: as our registry has them, `corpus.sources.kinds_of`).
        total: how much will be drawn, in the unit of `sizes`.
        max_epochs: no source is drawn more often than this; what it would have had goes to
            the others, in proportion.

    Raises:
        ClovaError: an unknown source or preset, weights that are negative or all zero, a cap that
            leaves too little for `total`.
    """
    sizes = {source: size for source, size in sorted(sizes.items()) if size > 0}
    if not sizes:
        raise ClovaError("a mixture of no sources: there is nothing to draw from")
    kinds = kinds_of(sizes) if kinds is None else kinds
    wishes = _wishes(sizes, weights, kinds)
    whole = sum(wishes.values())
    shares = {source: wish / whole for source, wish in wishes.items()}
    if max_epochs is not None:
        if total is None:
            raise ClovaError("a cap on epochs needs the length of the run")
        shares = _capped(shares, sizes, total, max_epochs)
    return [
        Share(source, kinds[source], size, shares[source], total and shares[source] * total / size)
        for source, size in sizes.items()
    ]


def _wishes(
    sizes: dict[str, float], weights: Weights, kinds: Mapping[str, str]
) -> dict[str, float]:
    if weights == "natural":
        return dict(sizes)
    if weights == "table1":
        rows = {source: table_1_row(kinds[source]) for source in sizes}
        of_row: Counter[str] = Counter()
        for source, size in sizes.items():
            of_row[rows[source]] += size
        return {
            source: TABLE_1[rows[source]] * size / of_row[rows[source]]
            for source, size in sizes.items()
        }
    if isinstance(weights, str):
        raise ClovaError(f"weights {weights!r}: neither natural nor table1 nor source=number pairs")
    weights = by_source(weights.items(), "weights")
    names = {source: source_name(source) for source in sizes}
    for source, weight in weights.items():
        if source not in names.values():
            raise ClovaError(f"weights: no source {source!r}; there are: {', '.join(sizes)}")
        if not 0 <= weight < float("inf"):
            raise ClovaError(f"weights: {source}={weight} is not a number from 0 on")
    if not sum(weights.values()):
        raise ClovaError("weights: all are zero")
    return {source: float(weights.get(name, 0)) for source, name in names.items()}


def _capped(
    shares: dict[str, float], sizes: dict[str, float], total: float, max_epochs: float
) -> dict[str, float]:
    most = {source: max_epochs * sizes[source] / total for source in shares if shares[source]}
    if sum(most.values()) < 1 - 1e-9:
        raise ClovaError(
            f"{max_epochs:g} epochs of the sources are {sum(most.values()):.1%} of what the run "
            "draws; allow more epochs or make the run shorter"
        )
    full: set[str] = set()
    while True:
        free = {source: share for source, share in shares.items() if source not in full}
        left = 1 - sum(most[source] for source in full)
        scale = left / sum(free.values()) if sum(free.values()) else 0
        over = {source for source, share in free.items() if share * scale > most.get(source, 0)}
        if not over:
            return {
                source: most[source] if source in full else share * scale
                for source, share in shares.items()
            }
        full |= over


def parse_weights(words: tuple[str, ...]) -> Weights:
    """Parses the words of a `--weights` flag: a preset's name, or `source=number` pairs.

    Raises:
        ClovaError: a word that is neither.
    """
    if len(words) == 1 and "=" not in words[0]:
        return words[0]
    weights = []
    for word in words:
        source, sign, number = word.rpartition("=")
        try:
            weights.append((source, float(number)))
        except ValueError:
            sign = ""
        if not sign:
            raise ClovaError(f"--weights: {word!r} is not source=number")
    return by_source(weights, "--weights")


class Interleave:
    """Generates an endless, even sequence of sources with exact shares, computable at any place.

    Sample g belongs to the source in whose part of the circle the point g·a + c (mod 2^40) lies,
    `a` being the golden section of the circle: any stretch of samples holds each source within a few
    samples of its share, and how many came before is a sum in closed form.

    Args:
        shares: by source, summing to 1.
        seed: turns the circle.
    """

    _MODULUS = 1 << 40
    _STEP = 679_535_556_991  # odd, nearest to 2^40 / golden ratio

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self.sources = list(shares)
        edges = np.cumsum([shares[source] for source in self.sources])
        self.edges = [0, *(round(edge / edges[-1] * self._MODULUS) for edge in edges)]
        digest = hashlib.blake2b(f"interleave {seed}".encode(), digest_size=5).digest()
        self.shift = int.from_bytes(digest, "big")

    def sources_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns the index into `sources` of each sample; integers in, int64 of the same shape out."""
        points = samples.astype(np.uint64) * np.uint64(self._STEP) + np.uint64(self.shift)
        points &= np.uint64(self._MODULUS - 1)
        return np.searchsorted(np.array(self.edges[1:], np.uint64), points, "right")

    def counts_before(self, sample: int) -> list[int]:
        """Counts how many of the samples 0 … sample - 1 belong to each source."""
        all_points = _floor_sum(sample, self._MODULUS, self._STEP, self.shift)
        below = [
            all_points
            - _floor_sum(sample, self._MODULUS, self._STEP, self.shift + self._MODULUS - edge)
            + sample
            for edge in self.edges[1:-1]
        ]
        return [high - low for low, high in itertools.pairwise([0, *below, sample])]


def _floor_sum(count: int, modulus: int, step: int, shift: int) -> int:
    """Sums (step·i + shift) // modulus for i from 0 below count, in logarithmic time."""
    total = 0
    while True:
        total += (count - 1) * count // 2 * (step // modulus) + count * (shift // modulus)
        step, shift = step % modulus, shift % modulus
        last = step * count + shift
        if last < modulus:
            return total
        count, shift = last // modulus, last % modulus
        modulus, step = step, modulus


def mixture_rows(shares: list[Share]) -> list[dict[str, Any]]:
    """Returns the mixture as rows of a table: source, kind, size, natural share, share, epochs."""
    whole = sum(share.size for share in shares)
    return [
        {
            "source": share.source,
            "kind": share.kind,
            "size": int(share.size),
            "natural_percent": 100 * share.size / whole,
            "percent": 100 * share.share,
            "epochs": share.epochs,
        }
        for share in shares
    ]
