"""Computes the standard block one token at a time, laid out for a CPU.

Decoding reads every weight once a token, and little else, so the weights lie as the product of a matrix and a
few columns wants them: each layer apart (a scan over stacked layers copies each out of its stack first), each
kernel with its outputs first ([F,D] with x [D,B]; [B,D] with [D,F] took twice as long). Layers are unrolled, and
keys and values [B,N,S,H] are read as they lie. The loop only reads them: its own tokens go into a small buffer
that joins the cache when the loop ends, since XLA:CPU copies what a loop both writes and reads (37 of 44 ms a
token at 1,152 entries). A `Model` keeps the copy of its blocks.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, Params, Prefix, bind, layer_norm

_MASKED = -1e30


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LayerCache:
    """Holds keys and values of each layer in arrays for themselves.

    Args:
        keys, values: L arrays [B,N,S,H].
        lengths: int32[B], the valid entries of each row.
    """

    keys: tuple[Float[Array, "B N S H"], ...]
    values: tuple[Float[Array, "B N S H"], ...]
    lengths: Int[Array, "B"]

    @classmethod
    def empty(cls, config: ModelConfig, batch: int, size: int, dtype: DTypeLike) -> "LayerCache":
        """Returns a cache with room for `size` tokens in each of `batch` rows."""
        shape = (batch, config.num_heads, size, config.head_dim)
        arrays = [tuple(jnp.zeros(shape, dtype) for _ in range(config.num_layers)) for _ in "kv"]
        return cls(*arrays, jnp.zeros(batch, jnp.int32))

    def put(self, slots: Int[Array, "R"], prefilled: Cache) -> "LayerCache":
        """Returns the cache with rows of a prefill, as the decoder fills them, in the given slots."""
        time = prefilled.keys.shape[2]

        def put(layers: tuple[Array, ...], new: Array) -> tuple[Array, ...]:
            return tuple(
                old.at[slots, :, :time].set(rows.swapaxes(1, 2), mode="drop")
                for old, rows in zip(layers, new, strict=True)
            )

        lengths = self.lengths.at[slots].set(prefilled.lengths, mode="drop")
        keys, values = put(self.keys, prefilled.keys), put(self.values, prefilled.values)
        return LayerCache(keys, values, lengths)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Recent:
    """Holds keys and values of the tokens that a decoding loop made so far, behind the cache it started with.

    Args:
        keys, values: L arrays [B,N,C,H], an entry a step.
        made: int32[B], the valid entries of each row.
        step: int32, the place of the next entry; rows that have ended fall behind it.
    """

    keys: tuple[Float[Array, "B N C H"], ...]
    values: tuple[Float[Array, "B N C H"], ...]
    made: Int[Array, "B"]
    step: Int[Array, ""]


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "layers"],
    meta_fields=["config", "dtype"],
)
@dataclass(frozen=True)
class LayeredDecoder:
    """Decodes with the standard block on one CPU device.

    Args:
        params: the model's.
        layers: its blocks, a tree for each layer, kernels as [outputs, inputs] (`laid_out`).
        config: its sizes.
        dtype: type of the compute.
    """

    params: Params
    layers: tuple[Params, ...]
    config: ModelConfig
    dtype: DTypeLike

    def empty(self, rows: int, size: int) -> LayerCache:
        """Returns an empty cache."""
        return LayerCache.empty(self.config, rows, size, self.dtype)

    def put(self, cache: LayerCache, slots: Int[Array, "R"], prefilled: Cache) -> LayerCache:
        """Returns the cache with the rows of a prefill in their slots."""
        return cache.put(slots, prefilled)

    def begin(self, cache: LayerCache, steps: int) -> Recent:
        """Returns room for the tokens of the loop."""
        rows, heads, _, head_dim = cache.keys[0].shape
        room = jnp.zeros((rows, heads, steps, head_dim), cache.keys[0].dtype)
        apart = (room,) * len(cache.keys)
        return Recent(apart, apart, jnp.zeros_like(cache.lengths), jnp.int32(0))

    def step(
        self,
        token: Int[Array, "B"],
        cache: LayerCache,
        carried: Recent,
        prefix: Prefix | None,
        active: Bool[Array, "B"],
    ) -> tuple[Float[Array, "B D"], Recent]:
        """Runs all layers on one token a row."""
        decoder = bind(self.config, self.params)
        before = cache.lengths if prefix is None else cache.lengths + prefix.length
        positions = (before + carried.made)[:, None]
        x = decoder.embed(token[:, None], None, positions, self.dtype)[:, 0]
        keys, values = [], []
        place = (0, 0, carried.step, 0)
        for number, p in enumerate(self.layers):
            qkv = _linear(p["qkv"], layer_norm(x, **p["ln_1"]))
            query, key, value = qkv.reshape(len(x), 3, self.config.num_heads, -1).swapaxes(0, 1)
            for written, room, new in (
                (keys, carried.keys[number], key),
                (values, carried.values[number], value),
            ):
                entry = new[:, :, None].astype(room.dtype)
                written.append(jax.lax.dynamic_update_slice(room, entry, place))
            parts = [
                (cache.keys[number], cache.values[number], cache.lengths),
                (keys[-1], values[-1], carried.made + 1),
            ]
            if prefix is not None:
                shared = (
                    prefix.keys[number].swapaxes(0, 1),
                    prefix.values[number].swapaxes(0, 1),
                )
                parts.append((*shared, prefix.length))
            mixed = _attend(query, parts)
            x = x + _linear(p["out"], mixed.reshape(len(x), -1))
            up = _linear(p["up"], layer_norm(x, **p["ln_2"]))
            x = x + _linear(p["down"], jax.nn.gelu(up, approximate=True))
        made = carried.made + active
        return decoder.ln_f(x), Recent(tuple(keys), tuple(values), made, carried.step + 1)

    def scores(self, hidden: Float[Array, "B D"]) -> Float[Array, "B V"]:
        """Applies the head; the table is the first factor, as the kernels are."""
        table = self.params["embedding"][: self.config.vocab_size].astype(hidden.dtype)
        return jnp.einsum("vd,bd->vb", table, hidden, preferred_element_type=jnp.float32).T

    def finish(self, cache: LayerCache, carried: Recent) -> LayerCache:
        """Joins the loop's tokens to the cache. Entries past a row's end are written too, behind its length."""
        rows, _, steps, _ = carried.keys[0].shape
        where = cache.lengths[:, None] + jnp.arange(steps)

        def join(cached: tuple[Array, ...], recent: tuple[Array, ...]) -> tuple[Array, ...]:
            return tuple(
                old.at[jnp.arange(rows)[:, None], :, where].set(new.swapaxes(1, 2), mode="drop")
                for old, new in zip(cached, recent, strict=True)
            )

        return LayerCache(
            join(cache.keys, carried.keys),
            join(cache.values, carried.values),
            cache.lengths + carried.made,
        )


def laid_out(blocks: Params) -> tuple[Params, ...]:
    """Returns the blocks' parameters, a tree for each layer, kernels as [outputs, inputs]."""
    return tuple(_laid_out(blocks, layer) for layer in range(len(jax.tree.leaves(blocks)[0])))


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


def _linear(p: Params, x: Float[Array, "B D"]) -> Float[Array, "B F"]:
    """Applies a linear layer; the rows of `x` are the product's columns."""
    return (p["kernel"].astype(x.dtype) @ x.T + p["bias"].astype(x.dtype)).T


def _attend(
    query: Float[Array, "B N H"], parts: Sequence[tuple[Array, Array, Array]]
) -> Float[Array, "B N H"]:
    """Computes attention of one query a row; softmax in float32.

    Args:
        parts: keys and values, of each row [B,N,S,H] or shared by all [N,S,H], and how many are
            valid (int32[B] or int32).
    """
    dtype = query.dtype
    query = query / math.sqrt(query.shape[-1])
    axes = ["bnsh" if keys.ndim == 4 else "nsh" for keys, _, _ in parts]
    scores = []
    for (keys, _, lengths), layout in zip(parts, axes, strict=True):
        part = jnp.einsum(f"bnh,{layout}->bns", query, keys.astype(dtype))
        seen = jnp.arange(part.shape[-1]) < lengths.reshape(-1, 1, 1)
        scores.append(jnp.where(seen, part.astype(jnp.float32), _MASKED))
    weights = jax.nn.softmax(jnp.concatenate(scores, -1), axis=-1).astype(dtype)
    ends = np.cumsum([part.shape[-1] for part in scores])[:-1]
    return sum(
        jnp.einsum(f"bns,{layout}->bnh", some, values.astype(dtype))
        for some, (_, values, _), layout in zip(
            jnp.split(weights, ends, axis=-1), parts, axes, strict=True
        )
    )
