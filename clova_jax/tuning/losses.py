"""Computes the loss of a batch: of texts, over their tokens; of labels, over the labels of the task.

A label's share among the labels is what decides the answer, and what the development split is judged by.
Its plain likelihood is mostly that of its form: over a vocabulary of thousands a small model spends hundreds
of updates on " (", and none on distinguishing the labels (docs/results/p_tuning.md). The original p-tuning code has both:
the label token over the vocabulary (LAMA), and the label words among each other (few-shot SuperGLUE).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.evaluate import Task
from clova_jax.inference import bucket, choice_logprobs, one_pass, pad
from clova_jax.model import Cache, Params, Prefix, bind, cross_entropy
from clova_jax.tuning.examples import Example

# Beside frozen parameters activations are most of the memory; products are kept, the rest made anew.
REMAT = "dots"


class Loss(Protocol):
    """Computes the loss in nats from a batch's arrays, traceable; all rows begin with the prefix."""

    def __call__(
        self,
        params: Params,
        config: ModelConfig,
        prefix: Prefix | None,
        *arrays: Array,
        dtype: Any,
        frozen: bool,
    ) -> Float[Array, ""]:
        """Returns the loss; `frozen` tells that the parameters get no gradient, only prefix and virtual tokens."""


def as_arrays(
    batch: Sequence[Example], limit: int, width: int
) -> tuple[Loss, tuple[np.ndarray, ...]]:
    """Chooses the loss of a batch, and builds the arrays that it takes.

    Args:
        batch: all of them labels, or all of them texts.
        limit: tokens of the longest row.
        width: tokens of the longest target.
    """
    if batch[0].others:
        return label_loss, label_arrays(batch)
    return text_loss, text_arrays(batch, limit, width)


def loss_of(task: Task) -> str:
    """Returns the name of a task's loss, for the records of a run."""
    return label_loss.__name__ if task.labels else text_loss.__name__


def text_arrays(batch: Sequence[Example], limit: int, width: int) -> tuple[np.ndarray, ...]:
    """Builds the arrays of `text_loss`.

    They are ids int32[B,T] (context, and target without its last token), first int32[B] (where the first target is
    predicted), targets int32[B,K] and weights float32[B,K], 1 for a target and 0 for padding.
    """
    rows = [[*e.context, *e.target[:-1]] for e in batch]
    time, count = bucket(max(map(len, rows)), limit), len(rows)
    return (
        pad(rows, count, time),
        np.array([len(e.context) - 1 for e in batch], np.int32),
        pad([e.target for e in batch], count, width),
        pad([[1] * len(e.target) for e in batch], count, width).astype(np.float32),
    )


def text_loss(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    ids: Int[Array, "B T"],
    first: Int[Array, "B"],
    targets: Int[Array, "B K"],
    weights: Float[Array, "B K"],
    *,
    dtype: Any,
    frozen: bool,
) -> Float[Array, ""]:
    """Returns the mean negative log-likelihood of the targets' tokens."""
    cache = Cache.empty(config, len(ids), 0, dtype, prefix) if prefix else None
    where = jnp.minimum(first[:, None] + jnp.arange(targets.shape[1]), ids.shape[1] - 1)
    hidden, _ = bind(config, params)(
        ids, cache=cache, dtype=dtype, remat=REMAT, at=where, frozen=frozen
    )
    values = cross_entropy(params, config, hidden, targets)
    return jnp.sum(weights * values) / jnp.sum(weights)


def label_arrays(batch: Sequence[Example]) -> tuple[np.ndarray, ...]:
    """Builds the arrays of `choice_logprobs`, the right label first."""
    return one_pass([e.context for e in batch], [(e.target, *e.others) for e in batch]).arrays


def label_loss(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    *arrays: Array,
    dtype: Any,
    frozen: bool,
) -> Float[Array, ""]:
    """Returns the mean of -log of the right label's share among the labels."""
    scores = choice_logprobs(
        params, config, prefix, *arrays, dtype=dtype, remat=REMAT, frozen=frozen
    )
    return -jnp.mean(jax.nn.log_softmax(scores)[:, 0])
