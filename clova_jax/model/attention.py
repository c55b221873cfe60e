"""Causal attention: over the sequence itself, and over a cache before it.

Segment ids are honoured on every path: a token sees only tokens of its own segment. Padding (segment 0)
sees padding, so that no row of the softmax is empty.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

_MASKED = -1e30  # finite: a row of nothing but masked scores stays a number


def causal_mask(time: int, segment_ids: Int[Array, "B T"] | None = None) -> Bool[Array, "#B 1 T T"]:
    """True where a query (second to last axis) may see a key (last axis)."""
    mask = jnp.tril(jnp.ones((time, time), bool))[None, None]
    if segment_ids is not None:
        mask = mask & (segment_ids[:, None, :, None] == segment_ids[:, None, None, :])
    return mask


def self_attention(
    query: Float[Array, "B T N H"],
    key: Float[Array, "B T N H"],
    value: Float[Array, "B T N H"],
    mask: Bool[Array, "#B 1 T T"],
) -> Float[Array, "B T N H"]:
    """Attention of a sequence over itself; softmax in float32."""
    if jax.default_backend() == "gpu" and query.dtype in (jnp.bfloat16, jnp.float16):
        return jax.nn.dot_product_attention(query, key, value, mask=mask, implementation="cudnn")
    scores = jnp.einsum("btnh,bsnh->bnts", query, key, preferred_element_type=jnp.float32)
    scores = jnp.where(mask, scores / math.sqrt(query.shape[-1]), _MASKED)
    weights = jax.nn.softmax(scores, axis=-1).astype(value.dtype)
    return jnp.einsum("bnts,bsnh->btnh", weights, value)


def cached_attention(
    query: Float[Array, "B T N H"],
    key: Float[Array, "B T N H"],
    value: Float[Array, "B T N H"],
    mask: Bool[Array, "#B 1 T T"],
    rows: tuple[Float[Array, "B S N H"], Float[Array, "B S N H"], Int[Array, "B"]],
    prefix: tuple[Float[Array, "P N H"], Float[Array, "P N H"], Int[Array, ""]] | None,
) -> Float[Array, "B T N H"]:
    """Attention over prefix, then the row's cache, then the new tokens themselves.

    Args:
        query, key, value: of the new tokens.
        mask: among the new tokens.
        rows: cached keys and values of each row, and how many of them are valid.
        prefix: keys and values shared by all rows, and how many of them are valid.
    """
    dtype, scale = query.dtype, 1 / math.sqrt(query.shape[-1])
    row_keys, row_values, lengths = rows
    parts = []  # (scores [B,N,T,*], how weights [B,N,T,*] meet the values)
    if prefix is not None:
        prefix_keys, prefix_values, prefix_length = prefix
        scores = jnp.einsum("btnh,pnh->bntp", query, prefix_keys.astype(dtype))
        seen = jnp.arange(prefix_keys.shape[0]) < prefix_length
        parts.append((scores, seen, prefix_values.astype(dtype), "bntp,pnh->btnh"))
    if row_keys.shape[1]:
        scores = jnp.einsum("btnh,bsnh->bnts", query, row_keys.astype(dtype))
        seen = jnp.arange(row_keys.shape[1]) < lengths[:, None, None, None]
        parts.append((scores, seen, row_values.astype(dtype), "bnts,bsnh->btnh"))
    parts.append((jnp.einsum("btnh,bsnh->bnts", query, key), mask, value, "bnts,bsnh->btnh"))
    scores = jnp.concatenate(
        [jnp.where(seen, s.astype(jnp.float32) * scale, _MASKED) for s, seen, _, _ in parts], -1
    )
    weights = jax.nn.softmax(scores, axis=-1).astype(dtype)
    cuts, at = [], 0
    for part, *_ in parts[:-1]:
        at += part.shape[-1]
        cuts.append(at)
    pieces = jnp.split(weights, cuts, axis=-1)
    return sum(
        jnp.einsum(how, piece, values)
        for piece, (_, _, values, how) in zip(pieces, parts, strict=True)
    )
