"""Computes the standard block one token at a time, laid out for a CPU.

Decoding reads every weight once a token, and little else, so the weights lie as the product of a few rows and a
matrix wants them: each layer apart (a scan over stacked layers copies each out of its stack first), each kernel a matrix. XLA:CPU
packs the right side of a product anew in each step, so that a large kernel stands on the left (`_product`). Layers are unrolled, and keys and values [B,N,S,H] are read as they lie. The loop only reads them: its own tokens go into a small buffer
that joins the cache when the loop ends, since XLA:CPU copies what a loop both writes and reads (37 of 44 ms a
token at 1,152 entries). A `Model` keeps the copy of its blocks.
"""

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, Params, Prefix, bind, layer_norm

BLOCK = 128  # entries of a row that are read at a time
LARGE = (
    1 << 18
)  # entries of a kernel beyond which packing it takes longer than a product with few rows
_MASKED = -1e30
Softmax = tuple[Float[Array, "B N"], Float[Array, "B N"], Float[Array, "B N H"]]


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
    data_fields=["params", "weights"],
    meta_fields=["config", "dtype"],
)
@dataclass(frozen=True)
class LayeredDecoder:
    """Decodes with the standard block on one CPU device.

    Args:
        params: the model's.
        weights: what a step reads, as the products want it (`Weights.of`).
        config: its sizes.
        dtype: type of the compute.
    """

    params: Params
    weights: "Weights"
    config: ModelConfig
    dtype: DTypeLike
    stored: ClassVar[type[LayerCache]] = LayerCache
    joins_late: ClassVar[bool] = True
    group: ClassVar[int | None] = (
        8  # reading the weights is most of a step, so that fewer rows take hardly less
    )

    def begin(self, cache: LayerCache, steps: int) -> Recent:
        """Returns room for the tokens of the loop."""
        rows, heads, _, head_dim = cache.keys[0].shape
        room = jnp.zeros((rows, heads, steps, head_dim), cache.keys[0].dtype)
        rooms = (room,) * len(cache.keys)
        return Recent(rooms, rooms, jnp.zeros_like(cache.lengths), jnp.int32(0))

    def step(
        self,
        token: Int[Array, "B"],
        cache: LayerCache,
        carried: Recent,
        prefix: Prefix | None,
        active: Bool[Array, "B"],
        *,
        apart: bool = False,
    ) -> tuple[Float[Array, "B D"], Recent]:
        """Runs all layers on one token a row; rows that are `apart` read only blocks with entries of their own."""
        decoder = bind(self.config, self.params)
        before = cache.lengths if prefix is None else cache.lengths + prefix.length
        positions = (before + carried.made)[:, None]
        x = decoder.embed(token[:, None], None, positions, self.dtype)[:, 0]
        keys, values = [], []
        place = (0, 0, carried.step, 0)
        size = cache.keys[0].shape[2]
        blocks = Blocks.of(cache.lengths, active, size) if apart else None
        for number, p in enumerate(self.weights.layers):
            qkv = _linear(p["qkv"], layer_norm(x, **p["ln_1"]))
            query, key, value = qkv.reshape(len(x), 3, self.config.num_heads, -1).swapaxes(0, 1)
            for written, room, new in (
                (keys, carried.keys[number], key),
                (values, carried.values[number], value),
            ):
                entry = new[:, :, None].astype(room.dtype)
                written.append(lax.dynamic_update_slice(room, entry, place))
            recent = (keys[-1], values[-1], carried.made + 1)
            cached = (cache.keys[number], cache.values[number], cache.lengths)
            shared = prefix and (
                prefix.keys[number].swapaxes(0, 1),
                prefix.values[number].swapaxes(0, 1),
                prefix.length,
            )
            mixed = _attend(query, recent, cached, blocks, shared)
            x = x + _linear(p["out"], mixed.reshape(len(x), -1))
            up = _linear(p["up"], layer_norm(x, **p["ln_2"]))
            x = x + _linear(p["down"], jax.nn.gelu(up, approximate=True))
        made = carried.made + active
        return decoder.ln_f(x), Recent(tuple(keys), tuple(values), made, carried.step + 1)

    def scores(self, hidden: Float[Array, "B D"]) -> Float[Array, "B V"]:
        """Applies the head."""
        return _product(self.weights.head.astype(hidden.dtype), hidden, jnp.float32)

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


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Weights:
    """Holds what every step reads, each kernel a matrix: [outputs, inputs] where it is `LARGE`, else [inputs, outputs].

    Args:
        layers: the parameters of each block.
        head: the token table of the vocabulary.
    """

    layers: tuple[Params, ...]
    head: Array

    @classmethod
    def of(cls, params: Params, vocab_size: int) -> "Weights":
        """Returns copies of a model's `blocks`, and of the `vocab_size` first rows of its `embedding`."""
        blocks = params["blocks"]
        count = len(jax.tree.leaves(blocks)[0])
        layers = tuple(_laid_out(blocks, layer) for layer in range(count))
        return cls(layers, _stored(jnp.asarray(params["embedding"])[:vocab_size].T))


@jax.jit
def _laid_out(blocks: Params, layer: Int[Array, ""]) -> Params:
    p = jax.tree.map(lambda stack: stack[layer], blocks)
    embed = p["ln_1"]["scale"].size

    def linear(p: Params, inputs: int) -> Params:
        kernel = _stored(p["kernel"].reshape(inputs, -1))
        return {"kernel": kernel, "bias": p["bias"].reshape(-1)}

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
    """Applies a linear layer."""
    return _product(p["kernel"].astype(x.dtype), x) + p["bias"].astype(x.dtype)


def _stored(kernel: Float[Array, "D F"]) -> Array:
    """Returns a kernel as `_product` reads it."""
    return kernel.T if kernel.size >= LARGE else kernel


def _product(kernel: Array, x: Float[Array, "B D"], dtype: DTypeLike | None = None) -> Array:
    """Returns the rows' products with a kernel, [B,F]."""
    if kernel.size < LARGE:
        return jnp.matmul(x, kernel, preferred_element_type=dtype)
    product = jnp.einsum("fd,bd->fb", kernel, x, preferred_element_type=dtype)
    # Without the barrier XLA puts the kernel on the right again.
    return (lax.optimization_barrier(product) if len(x) > 1 else product).T


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Blocks:
    """Lists the blocks of a cache that rows attend to: those with entries of rows that are active.

    Args:
        row, first: int32[M], of each block its row and its first entry.
        count: int32, so many of them are listed.
    """

    row: Int[Array, "M"]
    first: Int[Array, "M"]
    count: Int[Array, ""]

    @classmethod
    def of(cls, lengths: Int[Array, "B"], active: Bool[Array, "B"], size: int) -> "Blocks":
        """Returns the blocks of rows with room for `size` entries."""
        counts = jnp.where(active, -(-lengths // BLOCK), 0)
        ends = jnp.cumsum(counts)
        number = jnp.arange(len(lengths) * -(-size // BLOCK), dtype=jnp.int32)
        row = jnp.searchsorted(ends, number, side="right").astype(jnp.int32)
        return cls(row, (number - (ends - counts)[row]) * BLOCK, ends[-1])


def _attend(
    query: Float[Array, "B N H"],
    recent: tuple[Array, Array, Array],
    cached: tuple[Array, Array, Array],
    blocks: Blocks | None,
    prefix: tuple[Array, Array, Array] | None,
) -> Float[Array, "B N H"]:
    """Computes attention of one query a row; softmax in float32.

    A row's bits depend on its own entries alone: its blocks are computed one by one, in one order, whatever other rows have.

    Args:
        recent: keys and values [B,N,S,H] of the loop's tokens, and how many are valid (int32[B]), at least one.
        cached: keys, values and lengths of each row's tokens before the loop.
        blocks: of `cached`; without them it is read whole, for all rows in one product.
        prefix: keys and values [N,P,H] that all rows share, and how many are valid.
    """
    query = query / math.sqrt(query.shape[-1])
    rows, heads, width = query.shape
    zeros = jnp.zeros((rows, heads), jnp.float32)
    state = (zeros + _MASKED, zeros, jnp.zeros((rows, heads, width), jnp.float32))
    for part in [recent, prefix, cached if blocks is None else None]:
        if part is not None:
            keys, values, lengths = part
            seen = jnp.arange(keys.shape[-2]) < lengths.reshape(-1, 1, 1)
            state = _add(query, keys, values, seen, state)
    if blocks is not None:
        state = _add_blocks(query, cached, blocks, state)
    _, total, mixed = state
    return (mixed / total[..., None]).astype(query.dtype)


def _add_blocks(
    query: Float[Array, "B N H"],
    cached: tuple[Array, Array, Array],
    blocks: Blocks,
    state: Softmax,
) -> Softmax:
    """Adds a cache's listed blocks to a softmax that is under way, one by one."""
    _, heads, width = query.shape
    keys, values, lengths = cached
    block = min(keys.shape[2], BLOCK)

    def add(number: Array, state: Softmax) -> Softmax:
        row, wanted = blocks.row[number], blocks.first[number]
        # The last block of a size that no block divides begins earlier, and what was seen is left out.
        first = jnp.minimum(wanted, keys.shape[2] - block)
        sizes = (1, heads, block, width)
        part = (lax.dynamic_slice(one, (row, 0, first, 0), sizes) for one in (keys, values))
        places = first + jnp.arange(block)
        seen = (places >= wanted) & (places < lengths[row])
        old = jax.tree.map(lambda one: lax.dynamic_slice_in_dim(one, row, 1), state)
        new = _add(lax.dynamic_slice_in_dim(query, row, 1), *part, seen, old)
        put = functools.partial(lax.dynamic_update_slice_in_dim, start_index=row, axis=0)
        return jax.tree.map(put, state, new)

    return lax.fori_loop(0, blocks.count, add, state)


def _add(
    query: Array, keys: Array, values: Array, seen: Bool[Array, "..."], state: Softmax
) -> Softmax:
    """Adds some entries to a softmax that is under way: the maximum, the sum, and the sum of weighted values."""
    highest, total, mixed = state
    layout = "bnsh" if keys.ndim == 4 else "nsh"
    dtype = query.dtype
    scores = jnp.einsum(
        f"bnh,{layout}->bns", query, keys.astype(dtype), preferred_element_type=jnp.float32
    )
    scores = jnp.where(seen, scores, _MASKED)
    higher = jnp.maximum(highest, jnp.max(scores, axis=-1))
    weights, shrink = jnp.exp(scores - higher[..., None]), jnp.exp(highest - higher)
    added = jnp.einsum(f"bns,{layout}->bnh", weights.astype(dtype), values.astype(dtype))
    total = total * shrink + jnp.sum(weights, axis=-1)
    return higher, total, mixed * shrink[..., None] + added
