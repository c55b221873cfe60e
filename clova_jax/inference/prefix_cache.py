"""Prefills prompts block by block, and keeps the blocks: a prompt that begins like a recent one computes only the rest.

Every prompt is cut at the same places, cached or not, and a block is computed by one program from the same inputs. So a prompt gives
the same keys and values, bit for bit, whether its beginning was found or not.
"""

import collections
import functools
import hashlib
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from clova_jax.inference.decoders import CachedDecoder
from clova_jax.inference.model import Model
from clova_jax.model import Cache, Prefix, bind

BLOCK = 128  # tokens
TIMES = (16, 48, BLOCK)  # static lengths of a block, the last of a prompt being shorter
Block = tuple[Array, Array]


class PrefixCache:
    """Keeps keys and values of blocks by all ids up to their end; the least recently used go first.

    Args:
        capacity: bytes that the blocks may take together.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.used = capacity, 0
        self._blocks: collections.OrderedDict[bytes, Block] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self._blocks)

    def get(self, key: bytes) -> Block | None:
        """Returns a block, now the most recently used."""
        if key in self._blocks:
            self._blocks.move_to_end(key)
        return self._blocks.get(key)

    def put(self, key: bytes, block: Block) -> None:
        """Keeps a block that is not there yet, if it fits at all."""
        size = sum(array.nbytes for array in block)
        if size > self.capacity:
            return
        self._blocks[key] = block
        self.used += size
        while self.used > self.capacity:
            _, old = self._blocks.popitem(last=False)
            self.used -= sum(array.nbytes for array in old)

    def clear(self) -> None:
        """Drops all blocks."""
        self._blocks.clear()
        self.used = 0


class BlockPrefill:
    """Prefills one prompt after another, a block a step.

    Args:
        model: the prompts are for.
        size: entries of the rows that it prefills.
        cache: of blocks, shared by all prompts.
    """

    def __init__(self, model: Model, size: int, cache: PrefixCache) -> None:
        self.model, self.size, self.cache = model, size, cache
        blocks = -(-size // BLOCK)
        config = model.config
        shape = (config.num_layers, blocks * BLOCK, config.num_heads, config.head_dim)
        zeros = jnp.zeros(shape, model.dtype)
        self._keys, self._values = model.beside((zeros, zeros.copy()))  # both are donated
        self._ids: list[int] = []
        self._names: list[bytes] = []
        self._at = 0

    def begin(self, ids: Sequence[int]) -> None:
        """Begins with the ids of a prompt, of which the last is not prefilled."""
        self._ids, self._at = list(ids[:-1]), 0
        self._names, name = [], b""
        for end in range(BLOCK, len(self._ids) + 1, BLOCK):
            part = np.array(self._ids[end - BLOCK : end], np.int32).tobytes()
            name = hashlib.blake2b(name + part, digest_size=16).digest()
            self._names.append(name)

    def step(self) -> bool:
        """Takes the blocks that are cached and computes one that is not; returns whether the prompt is complete."""
        while self._at < len(self._ids):
            number = self._at // BLOCK
            name = self._names[number] if number < len(self._names) else None
            found = self.cache.get(name) if name else None
            if found is None:
                self._compute(name)
                break
            self._keys, self._values = _copy(self._keys, self._values, *found, np.int32(self._at))
            self._at += BLOCK
        return self._at >= len(self._ids)

    def prefilled(self) -> Cache:
        """Returns a cache of one row, of the prompt's tokens or a few more entries."""
        length = jnp.full(1, len(self._ids), jnp.int32)
        capacity = min(self._capacity(len(self._ids)), self.size)
        return _row(self._keys, self._values, length, capacity=capacity)

    def _compute(self, name: bytes | None) -> None:
        part = self._ids[self._at : self._at + BLOCK]
        time = next(time for time in TIMES if time >= len(part))
        ids = np.zeros((1, time), np.int32)
        ids[0, : len(part)] = part
        self._keys, self._values, *block = _compute_block(
            self.model.cached_decoder,
            self._keys,
            self._values,
            np.int32(self._at),
            ids,
            np.int32(len(part)),
            capacity=self._capacity(self._at) if self._at else 0,
        )
        if name:
            self.cache.put(name, tuple(block))
        self._at += len(part)

    def _capacity(self, tokens: int) -> int:
        """Returns the static size that holds so many tokens: few sizes, so that few programs are compiled."""
        size = BLOCK
        while size < tokens:
            size *= 4
        return min(size, self._keys.shape[1])


@functools.partial(jax.jit, static_argnames="capacity", donate_argnums=(1, 2))
def _compute_block(
    decoder: CachedDecoder,
    keys: Float[Array, "L S N H"],
    values: Float[Array, "L S N H"],
    start: Int[Array, ""],
    ids: Int[Array, "1 T"],
    count: Int[Array, ""],
    *,
    capacity: int,
) -> tuple[Array, Array, Array, Array]:
    """Computes the block that begins at `start`; returns keys and values with it and of it alone."""
    config, dtype = decoder.config, decoder.dtype
    prefix = Prefix(keys[:, :capacity], values[:, :capacity], start) if capacity else None
    valid = (jnp.arange(ids.shape[1]) < count).astype(jnp.int32)[None]
    fresh = Cache.empty(config, 1, 0, dtype, prefix)
    bound = bind(config, decoder.params)
    made = bound.prefill(ids, cache=fresh, segment_ids=valid, dtype=dtype)
    block = made.keys[:, 0], made.values[:, 0]
    return *_copied(keys, values, *block, start), *block


@functools.partial(jax.jit, donate_argnums=(0, 1))
def _copy(
    keys: Array, values: Array, new_keys: Array, new_values: Array, start: Array
) -> tuple[Array, Array]:
    return _copied(keys, values, new_keys, new_values, start)


def _copied(
    keys: Array, values: Array, new_keys: Array, new_values: Array, start: Array
) -> tuple[Array, Array]:
    place = (0, start, 0, 0)
    return (
        lax.dynamic_update_slice(keys, new_keys, place),
        lax.dynamic_update_slice(values, new_values, place),
    )


@functools.partial(jax.jit, static_argnames="capacity")
def _row(keys: Array, values: Array, length: Array, *, capacity: int) -> Cache:
    return Cache(keys[:, None, :capacity], values[:, None, :capacity], length)
