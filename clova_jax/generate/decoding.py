"""One token for every row, laid out for the processor: what a CPU's decoding loop spends its time on.

Decoding reads every weight once a token, and little else. A scan over stacked layers copies each layer out
of its stack first, so here each layer is an array of its own (a view, not a copy), layers are unrolled, and
keys and values [B,N,S,H] are written in place and read as they lie.

On accelerators and meshes the decoder's own `forward` with a `Cache` runs instead: its scan holds one layer
at a time where a model fills the memory.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, Params, Prefix, forward
from clova_jax.model.decoder import block, embed, layer_norm

_MASKED = -1e30


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LayerCache:
    """Keys and values of each layer apart.

    Args:
        keys, values: L arrays [B,N,S,H].
        lengths: int32[B], the valid entries of each row.
    """

    keys: tuple[Float[Array, "B N S H"], ...]
    values: tuple[Float[Array, "B N S H"], ...]
    lengths: Int[Array, "B"]

    @classmethod
    def empty(cls, config: ModelConfig, batch: int, size: int, dtype: Any) -> "LayerCache":
        """Room for `size` tokens in each of `batch` rows."""
        shape = (batch, config.num_heads, size, config.head_dim)
        arrays = [tuple(jnp.zeros(shape, dtype) for _ in range(config.num_layers)) for _ in "kv"]
        return cls(*arrays, jnp.zeros(batch, jnp.int32))

    def put(self, slots: Int[Array, "R"], read: Cache) -> "LayerCache":
        """Rows of a cache as `forward` fills it, into the given slots."""
        time = read.keys.shape[2]

        def put(mine: tuple, new: Array) -> tuple:
            return tuple(
                old.at[slots, :, :time].set(rows.swapaxes(1, 2), mode="drop")
                for old, rows in zip(mine, new, strict=True)
            )

        lengths = self.lengths.at[slots].set(read.lengths, mode="drop")
        return LayerCache(put(self.keys, read.keys), put(self.values, read.values), lengths)


def put(cache: Cache | LayerCache, slots: Int[Array, "R"], read: Cache) -> Cache | LayerCache:
    """Rows that a prefill read, into their slots."""
    if isinstance(cache, LayerCache):
        return cache.put(slots, read)
    time = read.keys.shape[2]
    return Cache(
        cache.keys.at[:, slots, :time].set(read.keys, mode="drop"),
        cache.values.at[:, slots, :time].set(read.values, mode="drop"),
        cache.lengths.at[slots].set(read.lengths, mode="drop"),
    )


def split_layers(model: Any) -> tuple[Params, ...] | None:
    """The blocks' parameters, a tree for each layer; None where `forward` is to run."""
    leaf = model.params["embedding"]
    if model.mesh is not None or next(iter(leaf.devices())).platform != "cpu":
        return None
    here = leaf.sharding
    views = jax.tree.map(np.asarray, model.params["blocks"])  # no copy on a CPU
    return tuple(
        jax.tree.map(lambda stack, at=layer: jax.device_put(stack[at], here), views)
        for layer in range(model.config.num_layers)
    )


def decode(
    params: Params,
    layers: tuple[Params, ...] | None,
    config: ModelConfig,
    token: Int[Array, "B"],
    cache: Cache | LayerCache,
    prefix: Prefix | None,
    active: Bool[Array, "B"],
    dtype: Any,
) -> tuple[Float[Array, "B D"], Cache | LayerCache]:
    """Hidden states after one more token of each row, which the rows that are `active` keep."""
    if isinstance(cache, Cache):
        hidden, cache = forward(
            params,
            config,
            token[:, None],
            segment_ids=active[:, None].astype(jnp.int32),
            cache=cache.with_prefix(prefix),
            dtype=dtype,
        )
        return hidden[:, 0], cache.with_prefix(None)
    before = 0 if prefix is None else prefix.length
    x = embed(params, token[:, None], None, (cache.lengths + before)[:, None], dtype)
    keys, values = [], []
    for number, p in enumerate(layers):

        def attend(query: Array, key: Array, value: Array, number: int = number) -> Array:
            keys.append(_write(cache.keys[number], key, cache.lengths))
            values.append(_write(cache.values[number], value, cache.lengths))
            shared = None
            if prefix is not None:
                shared = prefix.keys[number], prefix.values[number], prefix.length
            return _attend(query[:, 0], keys[-1], values[-1], cache.lengths + 1, shared)[:, None]

        x, _ = block(p, x, attend)
    hidden = layer_norm(params["ln_f"], x)[:, 0]
    lengths = cache.lengths + active
    return hidden, dataclasses.replace(
        cache, keys=tuple(keys), values=tuple(values), lengths=lengths
    )


def _write(
    cache: Float[Array, "B N S H"], new: Float[Array, "B 1 N H"], lengths: Int[Array, "B"]
) -> Float[Array, "B N S H"]:
    """The new entry of each row behind its valid ones."""
    new = new.swapaxes(1, 2).astype(cache.dtype)
    if len(cache) == 1:  # a slice written in place; the scatter below is a loop over rows
        return jax.lax.dynamic_update_slice(cache, new, (0, 0, lengths[0], 0))
    return cache.at[jnp.arange(len(cache)), :, lengths].set(new[:, :, 0], mode="drop")


def _attend(
    query: Float[Array, "B N H"],
    keys: Float[Array, "B N S H"],
    values: Float[Array, "B N S H"],
    lengths: Int[Array, "B"],
    prefix: tuple[Array, Array, Array] | None,
) -> Float[Array, "B N H"]:
    """Attention of one query a row over the prefix and the row's own entries; softmax in float32."""
    dtype = query.dtype
    query = query / math.sqrt(query.shape[-1])
    scores = jnp.einsum("bnh,bnsh->bns", query, keys.astype(dtype)).astype(jnp.float32)
    seen = jnp.arange(keys.shape[2]) < lengths[:, None, None]
    scores = jnp.where(seen, scores, _MASKED)
    if prefix is None:
        weights = jax.nn.softmax(scores, axis=-1).astype(dtype)
        return jnp.einsum("bns,bnsh->bnh", weights, values.astype(dtype))
    prefix_keys, prefix_values, prefix_length = prefix
    size = prefix_keys.shape[0]
    before = jnp.einsum("bnh,pnh->bnp", query, prefix_keys.astype(dtype)).astype(jnp.float32)
    before = jnp.where(jnp.arange(size) < prefix_length, before, _MASKED)
    weights = jax.nn.softmax(jnp.concatenate([before, scores], -1), axis=-1).astype(dtype)
    return jnp.einsum(
        "bnp,pnh->bnh", weights[..., :size], prefix_values.astype(dtype)
    ) + jnp.einsum("bns,bnsh->bnh", weights[..., size:], values.astype(dtype))
