"""Computes log-probabilities of choices that follow one context, for scoring and, differentiated, for tuning.

Several items share a row, so that little is padded: each stands there as its context and, behind it, its choices
without their last tokens. A mask keeps items apart, and the choices of an item.
"""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference.shapes import SMALLEST, bucket, most_rows, pad
from clova_jax.model import Cache, Params, Prefix, Remat, bind, cross_entropy

ROW_TOKENS = 128  # of a row that short items share
PASS_ITEMS = 256  # at most: each has its scores over the vocabulary in memory

Contexts = Sequence[Sequence[int]]
Options = Sequence[Sequence[Sequence[int]]]  # of each item, the ids of its choices


@dataclass(frozen=True)
class Choices:
    """Holds the items of a pass as arrays of a static shape: R rows of T tokens, K of a row's places asked for.

    Args:
        ids: int32[R,T].
        places: int32[R,T], how far a token stands behind the prefix in its text.
        items: int32[R,T], the number of its item from 1; 0 is padding.
        branches: int32[R,T], the number of its choice from 1; 0 is the context.
        at: int32[R,K], the places that predict a token of a choice.
        ends: int32[I], the place of each context's last token in `at`, flattened.
        firsts: int32[I,C], the first token of every choice.
        tails: int32[N], the places of the choices' tokens in `at`, flattened.
        targets: int32[N], the token behind each.
        rests: int32[I,C,S], which of `tails` belong to a choice; N is padding.
    """

    ids: np.ndarray
    places: np.ndarray
    items: np.ndarray
    branches: np.ndarray
    at: np.ndarray
    ends: np.ndarray
    firsts: np.ndarray
    tails: np.ndarray
    targets: np.ndarray
    rests: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Returns the arrays in the order of `choice_logprobs`."""
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)


def one_pass(contexts: Contexts, choices: Options) -> Choices:
    """Builds the arrays of all items for one pass, with I as many as there are."""
    rows, time = _rows(contexts, choices)
    ((_, arrays),) = _passes(contexts, choices, rows, time, len(rows), len(contexts))
    return arrays


def passes(
    contexts: Contexts, choices: Options, *, before: int, heads: int
) -> Iterator[tuple[list[int], Choices]]:
    """Yields (the items' numbers, arrays) of passes that are bounded in tokens and memory.

    Args:
        contexts, choices: of each item, one token or more each.
        before: tokens of the shared prefix.
        heads: attention heads, which bound the memory of the scores.
    """
    if contexts:
        rows, time = _rows(contexts, choices)
        yield from _passes(
            contexts, choices, rows, time, most_rows(time, before, heads), PASS_ITEMS
        )


def _rows(contexts: Contexts, choices: Options) -> tuple[list[list[int]], int]:
    """Distributes items over rows, the longest first, each into the fullest row that has room; also returns T."""
    lengths = [len(context) + _tail(own) for context, own in zip(contexts, choices, strict=True)]
    wanted = max(max(lengths), min(sum(lengths), ROW_TOKENS))
    time = max(_power(wanted), SMALLEST) if wanted <= ROW_TOKENS else bucket(wanted)
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (tokens left, row), sorted
    for item in sorted(range(len(lengths)), key=lambda item: (-lengths[item], item)):
        at = bisect.bisect_left(free, (lengths[item], 0))
        left, row = free.pop(at) if at < len(free) else (time, len(rows))
        rows[row:] = rows[row:] or [[]]
        rows[row].append(item)
        bisect.insort(free, (left - lengths[item], row))
    return rows, time


def _passes(
    contexts: Contexts,
    choices: Options,
    rows: list[list[int]],
    time: int,
    most: int,
    most_items: int,
) -> Iterator[tuple[list[int], Choices]]:
    """Cuts rows into passes; all have one shape, but the last may have fewer rows."""
    parts: list[list[list[int]]] = [[]]
    for row in rows:
        held = sum(map(len, parts[-1]))
        if parts[-1] and (len(parts[-1]) == most or held + len(row) > most_items):
            parts.append([])
        parts[-1].append(row)
    tails = [_tail(own) for own in choices]
    width = max(map(len, choices))
    steps = max((len(option) - 1 for own in choices for option in own), default=0)
    asked = min(_power(max(sum(1 + tails[i] for i in row) for row in rows)), time)
    for part, like in zip(parts, [*[parts[:-1]] * (len(parts) - 1), parts[-1:]], strict=True):
        held = [[i for row in one for i in row] for one in like]
        most_held, count = max(map(len, held)), max(sum(tails[i] for i in own) for own in held)
        slots = min(_power(most_held), max(most_items, most_held))
        shape = (time, asked, slots, width, _power(count) if count else 0, steps)
        height = _power(max(map(len, like)))
        yield [i for row in part for i in row], _arrays(contexts, choices, part, height, shape)


def _arrays(
    contexts: Contexts,
    choices: Options,
    rows: list[list[int]],
    height: int,
    shape: tuple[int, int, int, int, int, int],
) -> Choices:
    """Builds the arrays of one pass; the shape is T, K, I, C, N and S."""
    time, asked, slots, width, count, steps = shape
    tokens: list[
        list[list[int]]
    ] = []  # of each row: ids, places, items, branches, and what is asked
    ends, firsts, tails, targets = [], [], [], []
    rests = np.full((slots, width, steps), count, np.int32)
    for number, row in enumerate(rows):
        ids, places, items, branches, at = own = [[] for _ in range(5)]
        for item, numbered in enumerate(row, 1):
            context, slot = contexts[numbered], len(ends)
            ids += context
            places += range(len(context))
            branches += [0] * len(context)
            ends.append(number * asked + len(at))
            at.append(len(ids) - 1)
            firsts.append([option[0] for option in choices[numbered]])
            for branch, option in enumerate(choices[numbered]):
                more, first = len(option) - 1, number * asked + len(at)
                rests[slot, branch, :more] = range(len(tails), len(tails) + more)
                tails += range(first, first + more)
                at += range(len(ids), len(ids) + more)
                ids += option[:-1]
                places += range(len(context), len(context) + more)
                branches += [branch + 1] * more
                targets += option[1:]
            items += [item] * (len(ids) - len(items))
        tokens.append(own)
    *columns, at = zip(*tokens, strict=True)
    return Choices(
        *(pad(column, height, time) for column in columns),
        pad(at, height, asked),
        pad([ends], 1, slots)[0],
        pad(firsts, slots, width),
        pad([tails], 1, count)[0],
        pad([targets], 1, count)[0],
        rests,
    )


def _tail(options: Sequence[Sequence[int]]) -> int:
    """Returns how many tokens the choices of an item have, their last ones not counted."""
    return sum(len(ids) - 1 for ids in options)


def _power(count: int) -> int:
    """Returns the smallest power of two that holds `count`."""
    return 1 << (count - 1).bit_length()


def choice_logprobs(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    ids: Int[Array, "R T"],
    places: Int[Array, "R T"],
    items: Int[Array, "R T"],
    branches: Int[Array, "R T"],
    at: Int[Array, "R K"],
    ends: Int[Array, "I"],
    firsts: Int[Array, "I C"],
    tails: Int[Array, "N"],
    targets: Int[Array, "N"],
    rests: Int[Array, "I C S"],
    *,
    dtype: DTypeLike,
    remat: Remat = "none",
    frozen: bool = True,
) -> Float[Array, "I C"]:
    """Returns log p(choice | prefix + context) in nats; differentiable.

    One pass computes contexts and choices. The first tokens of an item's choices come from one distribution.

    Args:
        ids, …, rests: as `Choices` holds them.
        remat: what a backward pass recomputes.
        frozen: the parameters get no gradient.
    """
    decoder, begin, cache = bind(config, params), 0, None
    if prefix is not None:
        begin, cache = prefix.length, Cache.empty(config, len(ids), 0, dtype, prefix)
    hidden, _ = decoder(
        ids,
        positions=begin + places,
        segment_ids=items,
        branch_ids=branches,
        cache=cache,
        dtype=dtype,
        remat=remat,
        at=at,
        frozen=frozen,
    )
    hidden = hidden.reshape(-1, hidden.shape[-1])
    scores = jax.nn.log_softmax(decoder.logits(hidden[ends]))
    total = jnp.take_along_axis(scores, firsts, axis=1)
    if not len(tails):
        return total
    rest = -cross_entropy(params, config, hidden[tails][None], targets[None])[0]
    return total + jnp.sum(jnp.append(rest, 0.0)[rests], axis=-1)
