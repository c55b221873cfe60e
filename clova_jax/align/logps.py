"""Sums the log-probabilities of answers, traceable: over the answer and its end, never over prompt or padding.

Sequences lie several in a row, told apart by segment ids, so that little is computed for padding; the head sees tokens of answers alone.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference import bucket
from clova_jax.model import Params, bind, cross_entropy

REMAT = "dots"
ROW = 64  # tokens of a row, where no sequence is longer
Ids = Sequence[int]


def answer_arrays(
    contexts: Sequence[Ids], answers: Sequence[Ids], limit: int
) -> tuple[np.ndarray, ...]:
    """Packs sequences into rows, the longest first, each into the first row that has room.

    Args:
        contexts: at least an id each.
        answers: at least an id each.
        limit: tokens of the longest row.

    Returns:
        The arrays of `answer_logps`: ids, positions and segments int32[R,T] (context, and answer without its last token; segment
        0 is padding), and where, targets and owner int32[K]: of each token of an answer the place in the rows at which it is
        predicted, the token, and the number of its sequence, which for padding is beyond the last.
    """
    rows = [[*context, *answer[:-1]] for context, answer in zip(contexts, answers, strict=True)]
    time = bucket(max(ROW, *map(len, rows)), limit)
    used: list[int] = []
    places = np.zeros(len(rows), np.int32)
    for number in sorted(range(len(rows)), key=lambda n: -len(rows[n])):
        size = len(rows[number])
        row = next((row for row, taken in enumerate(used) if taken + size <= time), len(used))
        used += [0] * (row == len(used))
        places[number] = row * time + used[row]
        used[row] += size
    ids, positions, segments = np.zeros((3, _few_sizes(len(used)) * time), np.int32)
    count = sum(map(len, answers))
    where, targets, owner = np.zeros((3, bucket(count)), np.int32)
    owner[:] = len(rows)
    at = 0
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        place = places[number]
        filled, asked = slice(place, place + len(row)), slice(at, at + len(answer))
        ids[filled], positions[filled], segments[filled] = row, np.arange(len(row)), number + 1
        where[asked] = place + len(row) - len(answer) + np.arange(len(answer))
        targets[asked], owner[asked] = answer, number
        at += len(answer)
    shaped = (array.reshape(-1, time) for array in (ids, positions, segments))
    return *shaped, where, targets, owner


def _few_sizes(rows: int) -> int:
    """Returns the smallest of 1, 2, 3, 4, 6, 8, 12, … that holds so many rows, so that few programs are compiled."""
    return bucket(rows * 16) // 16


def answer_logps(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "R T"],
    positions: Int[Array, "R T"],
    segments: Int[Array, "R T"],
    where: Int[Array, "K"],
    targets: Int[Array, "K"],
    owner: Int[Array, "K"],
    *,
    count: int,
    dtype: Any,
) -> Float[Array, "N"]:
    """Returns log p(answer | context) of `count` sequences in nats; the arrays are those of `answer_arrays`."""
    hidden, _ = bind(config, params)(
        ids, positions=positions, segment_ids=segments, dtype=dtype, remat=REMAT
    )
    asked = hidden.reshape(1, -1, hidden.shape[-1])[:, where]
    (losses,) = cross_entropy(params, config, asked, targets[None])
    return -jax.ops.segment_sum(losses, owner, count)


@functools.partial(jax.jit, static_argnames=("config", "count", "dtype"))
def frozen_logps(
    params: Params, *arrays: Array, config: ModelConfig, count: int, dtype: Any
) -> Float[Array, "N"]:
    """Returns what `answer_logps` returns, of a model that is not trained."""
    return answer_logps(params, config, *arrays, count=count, dtype=dtype)
