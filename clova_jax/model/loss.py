"""Computes cross-entropy over a large vocabulary chunk by chunk: [B,T,V] never exists.

`cross_entropy` gives each token's value and may be differentiated (the head is computed once more then).
`weighted_loss` is what training uses: a sum with given weights, whose gradients are formed chunk by chunk
in the forward pass, so that the head's product is paid once.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model.decoder import lookup
from clova_jax.model.params import Params, bind
from clova_jax.model.stack import Remat
from clova_jax.parallel import ALL_AUTO, Axes, zeros_like_varying

CHUNK_ENTRIES = 1 << 24  # of a chunk's [tokens, V] scores: 64 MiB in float32


def _chunks(x: Array, count: int) -> Array:
    """Maps [B, T, ...] to [count, B, T/count, ...], with zeros at the end where T does not divide."""
    batch, time = x.shape[:2]
    size = -(-time // count)
    x = jnp.pad(x, ((0, 0), (0, count * size - time), *((0, 0),) * (x.ndim - 2)))
    return jnp.moveaxis(x.reshape(batch, count, size, *x.shape[2:]), 1, 0)


def _unchunk(x: Array, time: int) -> Array:
    """Reverses `_chunks`."""
    x = jnp.moveaxis(x, 0, 1)
    return x.reshape(x.shape[0], -1, *x.shape[3:])[:, :time]


def _chunk_count(batch: int, time: int, vocab: int) -> int:
    return min(time, -(-batch * time * vocab // CHUNK_ENTRIES))


def _scores(
    rows: Float[Array, "n D"], table: Float[Array, "V D"], vocab_size: int, axes: Axes
) -> tuple[Float[Array, "n V"], Float[Array, "n"]]:
    """Computes scores, and the greatest of each row over the complete vocabulary.

    The table may be a slice of the vocabulary, and may end in padding, which never counts.
    """
    scores = jnp.dot(rows, table.T, preferred_element_type=jnp.float32)
    if axes.model or table.shape[0] > vocab_size:
        entries = axes.model_index() * table.shape[0] + jnp.arange(table.shape[0])
        scores = jnp.where(entries < vocab_size, scores, -1e30)
    return scores, axes.max_over_model(lax.stop_gradient(jnp.max(scores, -1)))


def _score_of_target(
    rows: Float[Array, "n D"], table: Float[Array, "V D"], targets: Int[Array, "n"], axes: Axes
) -> tuple[Float[Array, "n"], Float[Array, "n D"]]:
    """Returns the target's score, and its row of the table, in float32."""
    gold = lookup(table, targets, axes).astype(jnp.float32)
    return jnp.sum(rows.astype(jnp.float32) * gold, -1), gold


def _negative_log_likelihood(
    hidden: Array, table: Array, targets: Array, vocab_size: int, axes: Axes
) -> Array:
    rows = hidden.reshape(-1, hidden.shape[-1])
    scores, greatest = _scores(rows, table, vocab_size, axes)
    total = axes.sum_over_model(jnp.sum(jnp.exp(scores - greatest[:, None]), -1))
    of_target, _ = _score_of_target(rows, table, targets.reshape(-1), axes)
    return (jnp.log(total) + greatest - of_target).reshape(targets.shape)


def cross_entropy(
    params: Params,
    config: ModelConfig,
    hidden: Float[Array, "B T D"],
    targets: Int[Array, "B T"],
    *,
    axes: Axes = ALL_AUTO,
) -> Float[Array, "B T"]:
    """Returns the negative log-likelihood of each target in nats, float32."""
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
    """Computes sum(weights * negative log-likelihood), whose gradients cost no second pass over the head.

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
        # d loss / d scores is weight x (softmax - one-hot). The exponentials go into both products as they
        # are; weights and the one-hot part are applied to rows of width D afterwards, not of width V.
        rows, targets = hidden.reshape(-1, hidden.shape[-1]), targets.reshape(-1)
        weights = weights.reshape(-1)
        scores, greatest = _scores(rows, narrow, vocab_size, axes)
        powers = jnp.exp(scores - greatest[:, None])
        total = axes.sum_over_model(jnp.sum(powers, -1))
        of_target, gold = _score_of_target(rows, narrow, targets, axes)
        loss = jnp.sum(weights * (jnp.log(total) + greatest - of_target))
        powers, share, weights = powers.astype(dtype), (weights / total)[:, None], weights[:, None]

        mean = axes.sum_over_model(jnp.dot(powers, narrow, preferred_element_type=jnp.float32))
        d_hidden = share * mean - weights * gold
        # The narrow side is turned, and by itself: XLA:CPU is slow at products whose left side is transposed.
        turned = lax.optimization_barrier((share * rows).astype(dtype).T)
        product = jnp.dot(turned, powers, preferred_element_type=jnp.float32)
        d_table = lax.optimization_barrier(product).T
        place = targets - axes.model_index() * table.shape[0]
        place = jnp.where(place < 0, table.shape[0], place)  # beyond the end: not of this slice
        d_table = d_table.at[place].add(-weights * rows, mode="drop")
        return loss, d_hidden.reshape(hidden.shape).astype(dtype), d_table

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
    dtype: DTypeLike | None = None,
    remat: Remat = "none",
    per_row: bool = False,
) -> tuple[Float[Array, "*B"], Float[Array, "B T D"]]:
    """Computes the mean negative log-likelihood of `targets`, and its gradient at the input embeddings.

    Args:
        ids: tokens, virtual ones too where `params` has them.
        loss_mask: 1 where a target counts, 0 where it does not; all do by default.
        per_row: each row's sum over its targets, and the gradient of that, instead of the mean over all.

    Returns:
        loss in nats, float32[] or float32[B], and float32[B,T,D].
    """
    mask = jnp.ones(targets.shape, jnp.float32) if loss_mask is None else loss_mask
    count = 1 if per_row else jnp.sum(mask)

    decoder = bind(config, params)

    def loss(embeddings: Array) -> tuple[Array, Array]:
        hidden, _ = decoder(
            embeddings=embeddings, segment_ids=segment_ids, dtype=dtype, remat=remat
        )
        rows = jnp.sum(mask * cross_entropy(params, config, hidden, targets), 1) / count
        # No row attends to another: the gradient of the sum at a row is that row's.
        return jnp.sum(rows), rows

    (total, rows), gradient = jax.value_and_grad(loss, has_aux=True)(decoder.token_embeddings(ids))
    return (rows if per_row else total), gradient
