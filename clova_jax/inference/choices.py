"""Computes log-probabilities of choices that follow one context, for scoring and, differentiated, for tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference.shapes import pad
from clova_jax.model import Cache, Params, Prefix, Remat, bind, cross_entropy


@dataclass(frozen=True)
class Choices:
    """Holds the choices of a batch of items, those of an item side by side in one row.

    Args:
        firsts: int32[B,C], the first token of every choice.
        ids, targets: int32[B,K], the choices without their last and without their first token.
        offsets: int32[B,K], how far behind the context's end a token stands.
        segments: int32[B,K], the number of its choice from 1; 0 is padding.
    """

    firsts: np.ndarray
    ids: np.ndarray
    targets: np.ndarray
    offsets: np.ndarray
    segments: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Returns the arrays in the order of `choice_logprobs`."""
        return self.firsts, self.ids, self.targets, self.offsets, self.segments

    @classmethod
    def of(
        cls, choices: Sequence[Sequence[Sequence[int]]], rows: int, width: int, time: int
    ) -> "Choices":
        """Builds the arrays, padded to `rows` items of `width` choices, whose tokens but the first take `time` at most."""
        lists: tuple[list, ...] = ([], [], [], [])
        for options in choices:
            parts: tuple[list, ...] = ([], [], [], [])
            for number, ids in enumerate(options, 1):
                steps = len(ids) - 1
                values = (ids[:-1], ids[1:], range(steps), [number] * steps)
                for part, value in zip(parts, values, strict=True):
                    part.extend(value)
            for rows_of, part in zip(lists, parts, strict=True):
                rows_of.append(part)
        firsts = pad([[ids[0] for ids in options] for options in choices], rows, width)
        return cls(firsts, *(pad(part, rows, time) for part in lists))


def tail_length(choices: Sequence[Sequence[Sequence[int]]]) -> int:
    """Returns the most tokens that the choices of an item have, their first ones not counted."""
    return max((sum(len(ids) - 1 for ids in options) for options in choices), default=0)


def choice_logprobs(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    ids: Int[Array, "B T"],
    lengths: Int[Array, "B"],
    firsts: Int[Array, "B C"],
    tail_ids: Int[Array, "B K"],
    tail_targets: Int[Array, "B K"],
    tail_offsets: Int[Array, "B K"],
    tail_segments: Int[Array, "B K"],
    *,
    dtype: DTypeLike,
    remat: Remat = "none",
    frozen: bool = True,
) -> Float[Array, "B C"]:
    """Returns log p(choice | prefix + context) in nats; differentiable.

    The context is prefilled once. The first tokens of its choices come from one distribution, their rest from
    one short pass over the cached context.

    Args:
        ids, lengths: the contexts, padded at their end, and how many of their tokens count.
        firsts, tail_*: as `Choices` makes them.
        remat: what a backward pass recomputes.
        frozen: the parameters get no gradient.
    """
    rows, time = ids.shape
    cache = Cache.empty(config, rows, 0, dtype, prefix)
    valid = (jnp.arange(time) < lengths[:, None]).astype(jnp.int32)
    hidden, cache = bind(config, params)(
        ids,
        segment_ids=valid,
        cache=cache,
        dtype=dtype,
        remat=remat,
        at=lengths[:, None] - 1,
        frozen=frozen,
    )
    scores = jax.nn.log_softmax(bind(config, params).logits(hidden[:, 0]))
    total = jnp.take_along_axis(scores, firsts, axis=1)
    if not tail_ids.shape[1]:
        return total
    hidden, _ = bind(config, params)(
        tail_ids,
        positions=cache.next_positions[:, None] + tail_offsets,
        segment_ids=tail_segments,
        cache=cache,
        dtype=dtype,
        remat=remat,
    )
    rest = -cross_entropy(params, config, hidden, tail_targets)
    is_choice = tail_segments[:, :, None] == 1 + jnp.arange(firsts.shape[1])
    return total + jnp.sum(jnp.where(is_choice, rest[:, :, None], 0), axis=1)
