"""One token for every row, laid out for the processor: what a CPU's decoding loop spends its time on.

Decoding reads every weight once a token, and little else, so the weights lie as the product of a matrix and a
few columns wants them: each layer apart (a scan over stacked layers copies each out of its stack first), each
kernel with its outputs first ([F,D] with x [D,B]; [B,D] with [D,F] took twice as long). Layers are unrolled, and
keys and values [B,N,S,H] are written in place and read as they lie. This copy of the blocks is made once and
lives as long as the parameters it was made of.

On accelerators and meshes the decoder's own `forward` with a `Cache` runs instead: its scan holds one layer
at a time where a model fills the memory.
"""

import dataclasses
import math
import weakref
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, Params, Prefix, forward, logits
from clova_jax.model.decoder import embed, layer_norm

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


_layers: dict[tuple[int, ...], tuple[Params, ...]] = {}  # by the identity of the blocks' arrays


def split_layers(model: Any) -> tuple[Params, ...] | None:
    """The blocks' parameters, a tree for each layer, kernels as [outputs, inputs]; None for `forward`."""
    leaf = model.params["embedding"]
    if model.mesh is not None or next(iter(leaf.devices())).platform != "cpu":
        return None
    stacks = jax.tree.leaves(model.params["blocks"])
    key = tuple(map(id, stacks))
    if key not in _layers:
        number = range(model.config.num_layers)
        _layers[key] = tuple(_laid_out(model.params["blocks"], layer) for layer in number)
        for stack in stacks:
            weakref.finalize(stack, _layers.pop, key, None)
    return _layers[key]


@jax.jit
def _laid_out(blocks: Params, layer: Int[Array, ""]) -> Params:
    p = jax.tree.map(lambda stack: stack[layer], blocks)
    embed = p["ln_1"]["scale"].size

    def linear(p: Params, inputs: int) -> Params:
        return {"kernel": p["kernel"].reshape(inputs, -1).T, "bias": p["bias"].reshape(-1, 1)}

    attn, mlp = p["attn"], p["mlp"]
    return {
        "ln_1": p["ln_1"],
        "qkv": linear(attn["qkv"], embed),
        "out": linear(attn["out"], embed),
        "ln_2": p["ln_2"],
        "up": linear(mlp["up"], embed),
        "down": linear(mlp["down"], mlp["up"]["bias"].size),
    }


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
    x = embed(params, token[:, None], None, (cache.lengths + before)[:, None], dtype)[:, 0]
    keys, values = [], []
    for number, p in enumerate(layers):
        qkv = _linear(p["qkv"], layer_norm(p["ln_1"], x))
        query, key, value = qkv.reshape(len(x), 3, config.num_heads, -1).swapaxes(0, 1)
        keys.append(_write(cache.keys[number], key, cache.lengths))
        values.append(_write(cache.values[number], value, cache.lengths))
        shared = None
        if prefix is not None:
            shared = prefix.keys[number], prefix.values[number], prefix.length
        mixed = _attend(query, keys[-1], values[-1], cache.lengths + 1, shared)
        x = x + _linear(p["out"], mixed.reshape(len(x), -1))
        up = _linear(p["up"], layer_norm(p["ln_2"], x))
        x = x + _linear(p["down"], jax.nn.gelu(up, approximate=True))
    hidden = layer_norm(params["ln_f"], x)
    lengths = cache.lengths + active
    return hidden, dataclasses.replace(
        cache, keys=tuple(keys), values=tuple(values), lengths=lengths
    )


def head(
    params: Params,
    layers: tuple[Params, ...] | None,
    config: ModelConfig,
    hidden: Float[Array, "B D"],
) -> Float[Array, "B V"]:
    """Scores of the next token, float32; the table is the first factor, as the kernels are."""
    if layers is None:
        return logits(params, config, hidden)
    table = params["embedding"][: config.vocab_size].astype(hidden.dtype)
    return jnp.einsum("vd,bd->vb", table, hidden, preferred_element_type=jnp.float32).T


def _linear(p: Params, x: Float[Array, "B D"]) -> Float[Array, "B F"]:
    """A linear layer; the rows of `x` are the product's columns."""
    return (p["kernel"].astype(x.dtype) @ x.T + p["bias"].astype(x.dtype)).T


def _write(
    cache: Float[Array, "B N S H"], new: Float[Array, "B N H"], lengths: Int[Array, "B"]
) -> Float[Array, "B N S H"]:
    """The new entry of each row behind its valid ones."""
    new = new.astype(cache.dtype)
    if len(cache) == 1:  # a slice written in place; the scatter below is a loop over rows
        return jax.lax.dynamic_update_slice(cache, new[:, :, None], (0, 0, lengths[0], 0))
    return cache.at[jnp.arange(len(cache)), :, lengths].set(new, mode="drop")


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
