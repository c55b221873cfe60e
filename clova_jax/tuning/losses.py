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
from jaxtyping import Array, Float

from clova_jax.config import ModelConfig
from clova_jax.evaluate import Task
from clova_jax.inference import choice_logprobs, one_pass
from clova_jax.model import Params, Prefix
from clova_jax.tuning.examples import Example

# Beside frozen parameters activations are most of the memory; products are kept, the rest made anew.
REMAT = "dots"


class Loss(Protocol):
    """Computes the loss in nats from a batch's arrays, traceable; the prefix stands before all rows."""

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
    batch: Sequence[Example], before: Sequence[int], parts: int = 1
) -> tuple[Loss, tuple[np.ndarray, ...]]:
    """Chooses the loss of a batch, and builds the arrays that it takes.

    Args:
        batch: all of them labels, or all of them texts.
        before: ids that stand before each of them.
        parts: of the mesh's data axis.
    """
    choices = [(e.target, *e.others) for e in batch]  # the right label first
    arrays = one_pass([e.context for e in batch], choices, before, parts).arrays
    if batch[0].others:
        return label_loss, arrays
    return text_loss, (*arrays, np.array(sum(len(e.target) for e in batch), np.float32))


def loss_of(task: Task) -> str:
    """Returns the name of a task's loss, for the records of a run."""
    return label_loss.__name__ if task.labels else text_loss.__name__


def text_loss(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    *arrays: Array,
    dtype: Any,
    frozen: bool,
) -> Float[Array, ""]:
    """Returns the mean negative log-likelihood of the targets' tokens."""
    *asked, tokens = arrays
    scores = choice_logprobs(
        params, config, prefix, *asked, dtype=dtype, remat=REMAT, frozen=frozen
    )
    return -jnp.sum(scores) / tokens


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
