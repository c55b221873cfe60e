"""Gives ragged batches static shapes: lengths are rounded up to buckets, batches are bounded in tokens.

XLA compiles once a shape, so a text of 37 tokens and one of 45 share the bucket of 48. Two buckets an
octave keep the padding under a third.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np

SMALLEST = 16
BATCH_TOKENS = 4_096  # of one pass; more rows than that fill no processor better
# Attention scores of one layer and pass: 256 MiB in float32, and what processors hold nearer to them (a quarter faster).
SCORE_ENTRIES, CPU_SCORE_ENTRIES = 1 << 26, 1 << 24


def bucket(length: int, limit: int | None = None) -> int:
    """Returns the smallest of 16, 24, 32, 48, 64, 96, … that holds `length`, at most `limit`."""
    size = SMALLEST
    while size < length:
        size = size * 3 // 2 if size & (size - 1) == 0 else size * 4 // 3
    return size if limit is None else min(size, limit)


def row_bucket(rows: int, most: int) -> int:
    """Returns the smallest of 1, 2, 4, 16, 64, … that holds `rows`, at most `most`."""
    size = 1
    while size < rows:
        size *= 2 if size < 4 else 4
    return min(size, most)


def slot_bucket(rows: int) -> int:
    """Returns the smallest of 1, 2, 3, 4, 8, 16, … that holds `rows`; an app's turn has three candidates."""
    return 3 if rows == 3 else 1 << (rows - 1).bit_length()


def most_rows(time: int, before: int, heads: int) -> int:
    """Returns how many rows of `time` tokens one pass takes after `before` cached ones: a power of two."""
    entries = CPU_SCORE_ENTRIES if jax.default_backend() == "cpu" else SCORE_ENTRIES
    rows = min(BATCH_TOKENS // time, entries // (heads * time * (time + before)))
    return 1 << max(rows, 1).bit_length() - 1


@dataclass(frozen=True)
class Batch:
    """Groups the items of one pass.

    Args:
        items: their numbers.
        rows, time: the static shape they are padded to.
    """

    items: tuple[int, ...]
    rows: int
    time: int

    def pad(self, sequences: Sequence[Sequence[int]], fill: int = 0) -> np.ndarray:
        """Returns int32[rows, time]: the items' sequences, padded with `fill`, which also fills the spare rows."""
        return pad([sequences[i] for i in self.items], self.rows, self.time, fill)


def pad(sequences: Sequence[Sequence[int]], rows: int, time: int, fill: int = 0) -> np.ndarray:
    """Returns int32[rows, time] with the sequences at the left and the top."""
    out = np.full((rows, time), fill, np.int32)
    for row, ids in enumerate(sequences):
        out[row, : len(ids)] = ids
    return out


def batches(
    lengths: Sequence[int], *, before: int, heads: int, limit: int | None = None
) -> Iterator[Batch]:
    """Cuts items into passes, the longest first; only the last pass may have rows to spare.

    Args:
        lengths: tokens of each item.
        before: tokens of the shared prefix.
        heads: attention heads, which bound the memory of the scores.
        limit: no bucket is longer.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    at = 0
    while at < len(order):
        time = bucket(lengths[order[at]], limit)
        most = most_rows(time, before, heads)
        items = tuple(order[at : at + most])
        yield Batch(items, row_bucket(len(items), most), time)
        at += len(items)
