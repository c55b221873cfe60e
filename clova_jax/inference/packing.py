"""Packs texts into passes of static shape, several short ones to a row, so that little is padded.

Texts go with others of their octave of lengths, all up to `ROW_TOKENS` together: attention costs the square of a row's
length.
"""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clova_jax.inference.shapes import SMALLEST, bucket, most_rows

ROW_TOKENS = 128  # of a row that short texts share
ROW_TOKENS_BEFORE_ALL = 384  # and where every row begins with the same tokens
Rows = list[list[int]]  # of each row, the numbers of its texts


@dataclass(frozen=True)
class Packed:
    """Holds passes of one shape.

    Args:
        passes: the rows of each.
        height, time: the static shape, rows and tokens.
    """

    passes: list[Rows]
    height: int
    time: int

    @property
    def alone(self) -> bool:
        """Returns True if no row holds two texts, nor is made for several."""
        texts = (row for rows in self.passes for row in rows)
        return self.time > ROW_TOKENS and all(len(row) == 1 for row in texts)


def pack(
    lengths: Sequence[int], *, before: int, limit: int, heads: int, most: int
) -> Iterator[Packed]:
    """Packs texts into passes that are bounded in tokens and memory; each octave of lengths ends in a pass of fewer rows.

    Args:
        lengths: tokens of each text.
        before: tokens of the shared prefix.
        limit: tokens of a row, unless a text alone is longer.
        heads: attention heads, which bound the memory of the scores.
        most: texts of a pass.
    """
    octaves: dict[int, list[int]] = {}
    for item, length in enumerate(lengths):
        octaves.setdefault(power_of_two(max(length, ROW_TOKENS)), []).append(item)
    for _, items in sorted(octaves.items()):
        of_octave = {item: lengths[item] for item in items}
        longest = max(of_octave.values())
        wanted = max(longest, min(sum(of_octave.values()), ROW_TOKENS), SMALLEST)
        time = power_of_two(wanted) if wanted <= ROW_TOKENS else bucket(wanted)
        time = max(longest, min(time, limit), 1)  # texts without inputs have a row too
        passes = _cut(_pack_rows(of_octave, time), most_rows(time, before, heads), most)
        if len(passes) > 1:
            yield Packed(passes[:-1], power_of_two(max(map(len, passes[:-1]))), time)
        yield Packed(passes[-1:], power_of_two(len(passes[-1])), time)


def tightest(lengths: Sequence[int], before: int = 0, parts: int = 1) -> Packed:
    """Packs texts into as few tokens as rows of one length allow.

    Args:
        lengths: tokens of each text.
        before: tokens that every row begins with.
        parts: of equal size that the rows are split into, over devices.
    """
    longest = bucket(before + max(lengths))
    most = max(ROW_TOKENS, ROW_TOKENS_BEFORE_ALL if before else 0)
    times = sorted({longest, *map(bucket, range(longest, most + 1))})
    found = []
    for time in times:
        rows = _pack_rows(dict(enumerate(lengths)), time - before)
        height = -(-power_of_two(len(rows)) // parts) * parts
        found.append(Packed([rows], height, time))
    return min(found, key=lambda packed: packed.height * packed.time)


def _cut(rows: Rows, most_rows: int, most_texts: int) -> list[Rows]:
    """Cuts rows into passes."""
    passes: list[Rows] = [[]]
    for row in rows:
        held = sum(map(len, passes[-1]))
        if passes[-1] and (len(passes[-1]) == most_rows or held + len(row) > most_texts):
            passes.append([])
        passes[-1].append(row)
    return passes


def _pack_rows(lengths: dict[int, int], time: int) -> Rows:
    """Distributes texts over rows of `time` tokens, the longest first, each into the fullest row that has room.

    Args:
        lengths: tokens of each text by its number.
        time: at least the longest.
    """
    rows: Rows = []
    free: list[tuple[int, int]] = []  # (tokens left, row), sorted
    for item in sorted(lengths, key=lambda item: (-lengths[item], item)):
        at = bisect.bisect_left(free, (lengths[item], 0))
        if at < len(free):
            left, row = free.pop(at)
        else:
            left, row = time, len(rows)
            rows.append([])
        rows[row].append(item)
        bisect.insort(free, (left - lengths[item], row))
    return rows


def power_of_two(count: int) -> int:
    """Returns the smallest power of two that holds `count`; 0 for none."""
    return 1 << (count - 1).bit_length() if count else 0
