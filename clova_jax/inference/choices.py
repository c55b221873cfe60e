"""Computes log-probabilities of choices that follow one context, for scoring and, differentiated, for tuning.

Several items share a row, so that little is padded: each stands there as its context and, behind it, its choices
without their last tokens. A mask keeps items apart, and the choices of an item.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference.packing import Packed, Rows, pack, power_of_two, tightest
from clova_jax.inference.shapes import pad
from clova_jax.model import Cache, Params, Prefix, Remat, bind, cross_entropy

PASS_ITEMS = 256  # at most: each has its scores over the vocabulary in memory
FEW_FIRSTS = (
    128  # first tokens whose scores are computed again rather than the token table read twice
)

Contexts = Sequence[Sequence[int]]
Options = Sequence[Sequence[Sequence[int]]]  # of each item, the ids of its choices


@dataclass(frozen=True)
class Choices:
    """Holds the items of a pass as arrays of a static shape: R rows of T tokens, K of a row's places asked for.

    Args:
        ids: int32[R,T].
        places: int32[R,T], how far a token stands behind the prefix in its text.
        items: int32[R,T], the number of its item from 1; 0 is padding, -1 what the row begins with for all of them.
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


def one_pass(
    contexts: Contexts, choices: Options, before: Sequence[int] = (), parts: int = 1
) -> Choices:
    """Builds the arrays of all items for one pass, in the order of its rows, with I as many as there are.

    Args:
        contexts, choices: of each item, one token or more each.
        before: ids that stand before each context; every row begins with them.
        parts: of equal size that the rows are split into, over devices.
    """
    packed = tightest(_lengths(contexts, choices), len(before), parts)
    return next(_arrays(contexts, choices, packed, len(contexts), before))


def passes(
    contexts: Contexts, choices: Options, *, before: int, limit: int, heads: int
) -> Iterator[tuple[list[int], Choices]]:
    """Yields (the items' numbers, arrays) of passes that are bounded in tokens and memory.

    Args:
        contexts, choices: of each item, one token or more each.
        before: tokens of the shared prefix.
        limit: tokens of the context after it.
        heads: attention heads, which bound the memory of the scores.
    """
    lengths = _lengths(contexts, choices)
    for packed in pack(lengths, before=before, limit=limit, heads=heads, most=PASS_ITEMS):
        most = max(sum(map(len, rows)) for rows in packed.passes)
        arrays = _arrays(contexts, choices, packed, power_of_two(most))
        for rows, of_pass in zip(packed.passes, arrays, strict=True):
            yield [item for row in rows for item in row], of_pass


def _arrays(
    contexts: Contexts,
    choices: Options,
    packed: Packed,
    slots: int,
    before: Sequence[int] = (),
) -> Iterator[Choices]:
    """Builds the arrays of each pass, of one shape, with `slots` for items (I)."""
    tails = [_tail(own) for own in choices]
    asked = max(sum(1 + tails[i] for i in row) for rows in packed.passes for row in rows)
    asked = min(power_of_two(asked), packed.time)
    count = power_of_two(max(sum(tails[i] for row in rows for i in row) for rows in packed.passes))
    options = [option for own in choices for option in own]
    steps = power_of_two(max((len(option) - 1 for option in options), default=0))
    shape = (packed.height, packed.time, asked, slots, max(map(len, choices)), count, steps)
    for rows in packed.passes:
        yield _arrays_of_pass(contexts, choices, rows, shape, before)


def _arrays_of_pass(
    contexts: Contexts,
    choices: Options,
    rows: Rows,
    shape: tuple[int, int, int, int, int, int, int],
    before: Sequence[int],
) -> Choices:
    """Builds the arrays of one pass; the shape is R, T, K, I, C, N and S."""
    height, time, asked, slots, width, count, steps = shape
    tokens: list[list[list[int]]] = []  # of each row ids, places, items, branches, at
    ends, firsts, tails, targets = [], [], [], []
    rests = np.full((slots, width, steps), count, np.int32)
    for number, row in enumerate(rows):
        begin = len(before)
        ids, places = list(before), list(range(begin))
        items, branches, at = [-1] * begin, [0] * begin, []
        tokens.append([ids, places, items, branches, at])
        for item, numbered in enumerate(row, 1):
            context, slot = contexts[numbered], len(ends)
            ids += context
            places += range(begin, begin + len(context))
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
                places += range(begin + len(context), begin + len(context) + more)
                branches += [branch + 1] * more
                targets += option[1:]
            items += [item] * (len(ids) - len(items))
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


def _lengths(contexts: Contexts, choices: Options) -> list[int]:
    """Returns the tokens of each item in its row."""
    return [len(context) + _tail(own) for context, own in zip(contexts, choices, strict=True)]


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

    One pass computes contexts and choices. The first tokens of many choices come from one distribution an item.

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

    def logprobs(where: Int[Array, "n"], wanted: Int[Array, "n"]) -> Float[Array, "n"]:
        return -cross_entropy(params, config, hidden[where][None], wanted[None])[0]

    if (
        firsts.size - len(ends) <= FEW_FIRSTS
    ):  # one product with the token table, which is read once
        where = jnp.concatenate([jnp.repeat(ends, firsts.shape[1]), tails])
        found = logprobs(where, jnp.concatenate([firsts.ravel(), targets]))
        total, rest = found[: firsts.size].reshape(firsts.shape), found[firsts.size :]
    else:
        scores = jax.nn.log_softmax(decoder.logits(hidden[ends]))
        total = jnp.take_along_axis(scores, firsts, axis=1)
        rest = logprobs(tails, targets) if len(tails) else jnp.zeros(0)
    return total + jnp.sum(jnp.append(rest, 0.0)[rests], axis=-1)
