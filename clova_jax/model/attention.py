"""Computes attention, causal or not: over the sequence itself, and over a cache before it.

Segment ids are honoured on every path: a token sees only tokens of its own segment. Padding (segment 0)
sees padding, so that no row of the softmax is empty.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Bool, Float, Int

_MASKED = -1e30  # finite: a row of nothing but masked scores stays a number


def causal_mask(
    time: int,
    segment_ids: Int[Array, "B T"] | None = None,
    branch_ids: Int[Array, "B T"] | None = None,
) -> Bool[Array, "#B 1 T T"]:
    """Returns True where a query (second to last axis) may see a key (last axis); the ids are those of `Decoder`."""
    mask = jnp.tril(jnp.ones((time, time), bool))[None, None]
    if segment_ids is not None:
        key = segment_ids[:, None, None, :]
        mask = mask & ((key < 0) | (key == segment_ids[:, None, :, None]))
    if branch_ids is not None:
        key = branch_ids[:, None, None, :]
        mask = mask & ((key == 0) | (key == branch_ids[:, None, :, None]))
    return mask


def self_attention(
    query: Float[Array, "B T N H"],
    key: Float[Array, "B T N H"],
    value: Float[Array, "B T N H"],
    mask: Bool[Array, "#B 1 #T T"],
    causal: bool = True,
) -> Float[Array, "B T N H"]:
    """Computes attention of a sequence over itself under any mask; softmax in float32.

    Args:
        query, key, value: of the tokens.
        mask: True where a query may see a key.
        causal: the mask is causal, so that what lies well above the diagonal is not computed; False computes it.
    """
    return _attention(query, key, value, mask, causal)


def _query_blocks(time: int, causal: bool = True) -> int:
    """Returns how many blocks of queries are computed one by one, each with the keys up to its end."""
    return 4 if causal and time >= 128 and time % 4 == 0 else 1


def computed_share(time: int) -> float:
    """Returns the share of the [T,T] scores that `self_attention` computes where it writes them to memory."""
    count = _query_blocks(time)
    return (count + 1) / (2 * count)


def _blocks(time: int, causal: bool) -> list[tuple[slice, slice]]:
    """Returns (queries, keys) of each block; what lies above the diagonal in between is never computed."""
    count = _query_blocks(time, causal)
    size = time // count
    return [(slice(n * size, (n + 1) * size), slice(0, (n + 1) * size)) for n in range(count)]


def _heads_first(x: Array) -> Array:
    return x.swapaxes(1, 2)


@functools.partial(jax.custom_vjp, nondiff_argnums=(4,))
def _attention(query: Array, key: Array, value: Array, mask: Array, causal: bool) -> Array:
    return _attend(query, key, value, mask, causal)[0]


def _attend(
    query: Array, key: Array, value: Array, mask: Array, causal: bool
) -> tuple[Array, tuple]:
    """Returns the result, and what the backward pass needs: of the [T,T] arrays only the weights, by block."""
    query = _heads_first(query) * (1 / math.sqrt(query.shape[-1]))
    key, value = _heads_first(key), _heads_first(value)
    mixed, weights = [], []
    for rows, columns in _blocks(query.shape[2], causal):
        scores = jnp.matmul(
            query[:, :, rows],
            key[:, :, columns].swapaxes(2, 3),
            preferred_element_type=jnp.float32,
        )
        scores = jnp.where(mask[:, :, rows, columns], scores, _MASKED)
        weights.append(checkpoint_name(jax.nn.softmax(scores).astype(value.dtype), "weights"))
        mixed.append(jnp.matmul(weights[-1], value[:, :, columns]))
    mixed = checkpoint_name(jnp.concatenate(mixed, 2), "mixed")
    return _heads_first(mixed), (query, key, value, mixed, weights)


def _attend_backward(causal: bool, saved: tuple, grad: Array) -> tuple[Array, Array, Array, None]:
    query, key, value, mixed, weights = saved
    grad, time = _heads_first(grad), query.shape[2]
    # A row's sum over its weights' gradients, as one over the head's width.
    sums = jnp.sum(grad.astype(jnp.float32) * mixed.astype(jnp.float32), -1, keepdims=True)
    # Keys and values get theirs as [H,T] @ [T,S]: XLA:CPU is slow at products whose left side is transposed.
    turned_query, turned_grad = lax.optimization_barrier(
        (query.swapaxes(2, 3), grad.swapaxes(2, 3))
    )
    d_query, d_key, d_value = [], 0.0, 0.0
    for (rows, columns), part in zip(_blocks(time, causal), weights, strict=True):
        d_weights = jnp.matmul(
            grad[:, :, rows],
            value[:, :, columns].swapaxes(2, 3),
            preferred_element_type=jnp.float32,
        )
        d_scores = (part * (d_weights - sums[:, :, rows])).astype(query.dtype)
        d_query.append(jnp.matmul(d_scores, key[:, :, columns]))
        unseen = ((0, 0), (0, 0), (0, 0), (0, time - columns.stop))
        d_key += jnp.pad(jnp.matmul(turned_query[..., rows], d_scores), unseen)
        d_value += jnp.pad(jnp.matmul(turned_grad[..., rows], part), unseen)
    d_query = jnp.concatenate(d_query, 2) * (1 / math.sqrt(query.shape[-1]))
    return (
        _heads_first(d_query),
        d_key.transpose(0, 3, 1, 2),
        d_value.transpose(0, 3, 1, 2),
        None,
    )


_attention.defvjp(_attend, _attend_backward)


def cached_attention(
    query: Float[Array, "B Q N H"],
    key: Float[Array, "B T N H"],
    value: Float[Array, "B T N H"],
    mask: Bool[Array, "#B 1 Q T"],
    rows: tuple[Float[Array, "B S N H"], Float[Array, "B S N H"], Int[Array, "B"]],
    prefix: tuple[Float[Array, "P N H"], Float[Array, "P N H"], Int[Array, ""]] | None,
) -> Float[Array, "B Q N H"]:
    """Computes attention over the prefix, then the row's cache, then the new tokens themselves.

    Args:
        query, key, value: of the new tokens; there may be fewer queries.
        mask: among the new tokens.
        rows: cached keys and values of each row, and how many of them are valid.
        prefix: keys and values shared by all rows, and how many of them are valid.
    """
    dtype, scale = query.dtype, 1 / math.sqrt(query.shape[-1])
    row_keys, row_values, lengths = rows
    if prefix is None and not row_keys.shape[1] and query.shape == key.shape:
        return self_attention(query, key, value, mask)
    # Scores are float32: near 100, neighbours in bfloat16 are 0.5 apart.
    product = functools.partial(jnp.einsum, preferred_element_type=jnp.float32)
    parts = []  # (scores [B,N,T,*], how weights [B,N,T,*] meet the values)
    if prefix is not None:
        prefix_keys, prefix_values, prefix_length = prefix
        scores = product("btnh,pnh->bntp", query, prefix_keys.astype(dtype))
        seen = jnp.arange(prefix_keys.shape[0]) < prefix_length
        parts.append((scores, seen, prefix_values.astype(dtype), "bntp,pnh->btnh"))
    if row_keys.shape[1]:
        scores = product("btnh,bsnh->bnts", query, row_keys.astype(dtype))
        seen = jnp.arange(row_keys.shape[1]) < lengths[:, None, None, None]
        parts.append((scores, seen, row_values.astype(dtype), "bnts,bsnh->btnh"))
    parts.append((product("btnh,bsnh->bnts", query, key), mask, value, "bnts,bsnh->btnh"))
    scores = jnp.concatenate([jnp.where(seen, s * scale, _MASKED) for s, seen, _, _ in parts], -1)
    weights = jax.nn.softmax(scores, axis=-1).astype(dtype)
    cuts, at = [], 0
    for part, *_ in parts[:-1]:
        at += part.shape[-1]
        cuts.append(at)
    shares = jnp.split(weights, cuts, axis=-1)
    return sum(
        jnp.einsum(how, share, values)
        for share, (_, _, values, how) in zip(shares, parts, strict=True)
    )
