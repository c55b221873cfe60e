"""Cross-entropy over a large vocabulary, chunk by chunk: [B,T,V] never exists.

`cross_entropy` gives each token's value and may be differentiated (the head is computed once more then).
`weighted_loss` is what training uses: a sum with given weights, whose gradients are formed chunk by chunk
in the forward pass, so that the head's product is paid once.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model.decoder import Remat, forward, token_embeddings
from clova_jax.model.params import Params
from clova_jax.parallel.collectives import ALL_AUTO, Axes, zeros_like_varying

CHUNK_ENTRIES = 1 << 24  # of a chunk's [tokens, V] scores: 64 MiB in float32


def _chunks(x: Array, count: int) -> Array:
    """[B, T, ...] -> [count, B, T/count, ...], zeros at the end where T does not divide."""
    batch, time = x.shape[:2]
    size = -(-time // count)
    x = jnp.pad(x, ((0, 0), (0, count * size - time), *((0, 0),) * (x.ndim - 2)))
    return jnp.moveaxis(x.reshape(batch, count, size, *x.shape[2:]), 1, 0)


def _unchunk(x: Array, time: int) -> Array:
    """The reverse of `_chunks`."""
    x = jnp.moveaxis(x, 0, 1)
    return x.reshape(x.shape[0], -1, *x.shape[3:])[:, :time]


def _chunk_count(batch: int, time: int, vocab: int) -> int:
    return min(time, -(-batch * time * vocab // CHUNK_ENTRIES))


def _shifted_scores(
    hidden: Array, table: Array, targets: Array, vocab_size: int, axes: Axes
) -> tuple[Array, Array]:
    """Scores minus the greatest of their row, and where the target stands.

    The table may be a slice of the vocabulary, and may end in padding, which never counts.
    """
    rows = hidden.reshape(-1, hidden.shape[-1])
    scores = jnp.dot(rows, table.T, preferred_element_type=jnp.float32)
    scores = scores.reshape(*hidden.shape[:-1], -1)
    first = axes.model_index() * table.shape[0]
    entries = first + jnp.arange(table.shape[0])
    if axes.model or table.shape[0] > vocab_size:
        scores = jnp.where(entries < vocab_size, scores, -1e30)
    scores -= axes.max_over_model(lax.stop_gradient(jnp.max(scores, -1, keepdims=True)))
    return scores, entries == targets[..., None]


def _negative_log_likelihood(
    hidden: Array, table: Array, targets: Array, vocab_size: int, axes: Axes
) -> Array:
    scores, at_target = _shifted_scores(hidden, table, targets, vocab_size, axes)
    gold = axes.sum_over_model(jnp.sum(jnp.where(at_target, scores, 0), -1))
    return jnp.log(axes.sum_over_model(jnp.sum(jnp.exp(scores), -1))) - gold


def cross_entropy(
    params: Params,
    config: ModelConfig,
    hidden: Float[Array, "B T D"],
    targets: Int[Array, "B T"],
    *,
    axes: Axes = ALL_AUTO,
) -> Float[Array, "B T"]:
    """Negative log-likelihood of each target in nats, float32."""
    table = params["embedding"].astype(hidden.dtype)
    value = functools.partial(_negative_log_likelihood, vocab_size=config.vocab_size, axes=axes)
    batch, time = targets.shape
    count = _chunk_count(batch, time, table.shape[0])
    if count == 1:
        return value(hidden, table, targets)
    chunk = jax.checkpoint(lambda pair: value(pair[0], table, pair[1]))
    return _unchunk(lax.map(chunk, (_chunks(hidden, count), _chunks(targets, count))), time)


def weighted_loss(
    params: Params,
    config: ModelConfig,
    hidden: Float[Array, "B T D"],
    targets: Int[Array, "B T"],
    weights: Float[Array, "B T"],
    *,
    axes: Axes = ALL_AUTO,
) -> Float[Array, ""]:
    """sum(weights * negative log-likelihood), whose gradients cost no second pass over the head.

    Differentiable in `params["embedding"]` and `hidden`; not in `weights`.
    """
    return _weighted_loss(config.vocab_size, axes, hidden, params["embedding"], targets, weights)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _weighted_loss(
    vocab_size: int, axes: Axes, hidden: Array, table: Array, targets: Array, weights: Array
) -> Array:
    return _loss_and_gradients(vocab_size, axes, hidden, table, targets, weights)[0]


def _loss_and_gradients(
    vocab_size: int, axes: Axes, hidden: Array, table: Array, targets: Array, weights: Array
) -> tuple[Array, tuple[Array, Array]]:
    dtype = hidden.dtype
    narrow = table.astype(dtype)

    def chunk(hidden: Array, targets: Array, weights: Array) -> tuple[Array, Array, Array]:
        scores, at_target = _shifted_scores(hidden, narrow, targets, vocab_size, axes)
        powers = jnp.exp(scores)
        total = axes.sum_over_model(jnp.sum(powers, -1))
        gold = axes.sum_over_model(jnp.sum(jnp.where(at_target, scores, 0), -1))
        loss = jnp.sum(weights * (jnp.log(total) - gold))
        # d loss / d scores: (softmax - one-hot) x weight, from the one pass of exponentials
        softmax = powers * (weights / total)[..., None]
        grad = (softmax - jnp.where(at_target, weights[..., None], 0)).astype(dtype)
        # As products of two matrices: XLA:CPU is slow where batch and time are contracted apart.
        grad = grad.reshape(-1, grad.shape[-1])
        d_hidden = axes.sum_over_model(jnp.dot(grad, narrow, preferred_element_type=jnp.float32))
        d_table = jnp.dot(
            grad.T, hidden.reshape(-1, hidden.shape[-1]), preferred_element_type=jnp.float32
        )
        d_hidden = d_hidden.reshape(hidden.shape)
        return loss, d_hidden.astype(dtype), d_table

    batch, time = targets.shape
    count = _chunk_count(batch, time, table.shape[0])
    if count == 1:
        loss, d_hidden, d_table = chunk(hidden, targets, weights)
        return loss, (d_hidden, d_table)

    def step(total: tuple[Array, Array], part: tuple) -> tuple[tuple[Array, Array], Array]:
        loss, d_hidden, d_table = chunk(*part)
        return (total[0] + loss, total[1] + d_table), d_hidden

    start = (
        zeros_like_varying((), jnp.float32, hidden, weights),
        zeros_like_varying(table.shape, jnp.float32, hidden, weights, table),
    )
    parts = tuple(_chunks(x, count) for x in (hidden, targets, weights))
    (loss, d_table), d_hidden = lax.scan(step, start, parts)
    return loss, (_unchunk(d_hidden, time), d_table)


def _backward(
    vocab_size: int, axes: Axes, gradients: tuple[Array, Array], cotangent: Array
) -> tuple[Array, Array, None, None]:
    d_hidden, d_table = gradients
    return (
        (cotangent * d_hidden).astype(d_hidden.dtype),
        cotangent * d_table,
        None,
        None,
    )


_weighted_loss.defvjp(_loss_and_gradients, _backward)


def input_gradients(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "B T"],
    targets: Int[Array, "B T"],
    *,
    loss_mask: Float[Array, "B T"] | None = None,
    segment_ids: Int[Array, "B T"] | None = None,
    dtype: jnp.dtype | None = None,
    remat: Remat = "none",
) -> tuple[Float[Array, ""], Float[Array, "B T D"]]:
    """The mean negative log-likelihood of `targets`, and its gradient at the input embeddings.

    Args:
        ids: tokens, virtual ones too where `params` has them.
        loss_mask: 1 where a target counts, 0 where it does not; all do by default.

    Returns:
        loss in nats, and float32[B,T,D].
    """

    def loss(embeddings: Array) -> Array:
        hidden, _ = forward(
            params, config, embeddings=embeddings, segment_ids=segment_ids, dtype=dtype, remat=remat
        )
        mask = jnp.ones(targets.shape, jnp.float32) if loss_mask is None else loss_mask
        return weighted_loss(params, config, hidden, targets, mask / jnp.sum(mask))

    return jax.value_and_grad(loss)(token_embeddings(params, ids))
