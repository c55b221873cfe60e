"""Sums the log-probabilities of answers, traceable: over the answer and its end, never over prompt or padding."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference import bucket, pad
from clova_jax.model import Params, bind, cross_entropy

REMAT = "dots"
Ids = Sequence[int]


def answer_arrays(
    contexts: Sequence[Ids], answers: Sequence[Ids], limit: int
) -> tuple[np.ndarray, ...]:
    """Builds the arrays of `answer_logps`.

    Args:
        contexts: at least an id each.
        answers: at least an id each.
        limit: tokens of the longest row.

    Returns:
        ids int32[R,T] (context, and answer without its last token), first int32[R] (where the first token of the answer is
        predicted), targets int32[R,K] and weights float32[R,K], 1 for a token of the answer and 0 for padding.
    """
    rows = [[*context, *answer[:-1]] for context, answer in zip(contexts, answers, strict=True)]
    count, width = len(rows), bucket(max(map(len, answers)), limit)
    return (
        pad(rows, count, bucket(max(map(len, rows)), limit)),
        np.array([len(context) - 1 for context in contexts], np.int32),
        pad(answers, count, width),
        pad([[1] * len(answer) for answer in answers], count, width).astype(np.float32),
    )


def answer_logps(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "R T"],
    first: Int[Array, "R"],
    targets: Int[Array, "R K"],
    weights: Float[Array, "R K"],
    *,
    dtype: Any,
) -> Float[Array, "R"]:
    """Returns log p(answer | context) of each row in nats."""
    hidden, _ = bind(config, params)(ids, dtype=dtype, remat=REMAT)
    where = jnp.minimum(first[:, None] + jnp.arange(targets.shape[1]), ids.shape[1] - 1)
    hidden = jnp.take_along_axis(hidden, where[..., None], axis=1)
    return -jnp.sum(weights * cross_entropy(params, config, hidden, targets), axis=1)


@functools.partial(jax.jit, static_argnames=("config", "dtype"))
def frozen_logps(
    params: Params, *arrays: Array, config: ModelConfig, dtype: Any
) -> Float[Array, "R"]:
    """Returns what `answer_logps` returns, of a model that is not trained."""
    return answer_logps(params, config, *arrays, dtype=dtype)
