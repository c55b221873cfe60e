"""Holds keys and values of the tokens before: those of each row, and those of a shared prefix."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Prefix:
    """Holds what all rows of a batch begin with, once for all of them.

    Args:
        keys, values: [L, P, N, H].
        length: int32 scalar, how many of the P entries count.
    """

    keys: Float[Array, "L P N H"]
    values: Float[Array, "L P N H"]
    length: Int[Array, ""]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Cache:
    """Holds what the decoder attends to before the new tokens: the prefix, then each row's entries.

    Args:
        keys, values: [L, B, S, N, H]. S may be 0, for a first text after the prefix if there is one:
            what the decoder computes then becomes the cache as it is.
        lengths: int32[B], the valid entries of each row.
        prefix: shared by all rows, or None.
    """

    keys: Float[Array, "L B S N H"]
    values: Float[Array, "L B S N H"]
    lengths: Int[Array, "B"]
    prefix: Prefix | None = None

    @classmethod
    def empty(
        cls,
        config: ModelConfig,
        batch: int,
        size: int,
        dtype: DTypeLike = jnp.float32,
        prefix: Prefix | None = None,
    ) -> "Cache":
        """Returns a cache with room for `size` tokens in each of `batch` rows, after the prefix if there is one."""
        shape = (config.num_layers, batch, size, config.num_heads, config.head_dim)
        return cls(
            jnp.zeros(shape, dtype), jnp.zeros(shape, dtype), jnp.zeros(batch, jnp.int32), prefix
        )

    @property
    def size(self) -> int:
        """Returns how many tokens each row has room for (S), the prefix not counted."""
        return self.keys.shape[2]

    @property
    def next_positions(self) -> Int[Array, "B"]:
        """Returns the position of each row's next token: prefix and entries before it."""
        return self.lengths + (self.prefix.length if self.prefix else 0)

    def as_prefix(self) -> Prefix:
        """Returns this cache of one row as a prefix for any number of rows.

        Raises:
            ClovaError: more than one row, or a prefix already.
        """
        if self.keys.shape[1] != 1 or self.prefix is not None:
            raise ClovaError(
                f"Cache.as_prefix: wants one row without a prefix, not {self.keys.shape[1]} rows"
                f"{' with one' if self.prefix else ''}; run the prefix through batch=1 first"
            )
        return Prefix(self.keys[:, 0], self.values[:, 0], self.lengths[0])

    def with_prefix(self, prefix: Prefix | None) -> "Cache":
        """Returns the same rows after another prefix."""
        return dataclasses.replace(self, prefix=prefix)

    def take(self, rows: Int[Array, "R"]) -> "Cache":
        """Returns a cache of the given rows, in their order and as often as they are given."""
        return dataclasses.replace(
            self,
            keys=self.keys[:, rows],
            values=self.values[:, rows],
            lengths=self.lengths[rows],
        )

    def put(self, slots: Int[Array, "R"], prefilled: "Cache") -> "Cache":
        """Returns the cache with the rows of a prefill in the given slots; slots beyond the end are dropped."""
        time = prefilled.keys.shape[2]
        return dataclasses.replace(
            self,
            keys=self.keys.at[:, slots, :time].set(prefilled.keys, mode="drop"),
            values=self.values.at[:, slots, :time].set(prefilled.values, mode="drop"),
            lengths=self.lengths.at[slots].set(prefilled.lengths, mode="drop"),
        )

    def append(
        self,
        keys: Float[Array, "L B T N H"],
        values: Float[Array, "L B T N H"],
        valid: Int[Array, "B T"] | None,
    ) -> "Cache":
        """Writes new entries at each row's length; those beyond `size` or not valid are dropped.

        A cache without room becomes the new entries themselves: attention over room for them, all of it
        still empty, would cost as much again as that of the text, and XLA works out the largest of
        so many constants for a minute at compile time.

        Args:
            keys, values: what the layers made of the new tokens.
            valid: nonzero where a token counts; these stand first in a row. None: all do.
        """
        batch, time = keys.shape[1:3]
        steps = jnp.arange(time)
        added = time if valid is None else jnp.sum(valid != 0, axis=1, dtype=jnp.int32)
        lengths = self.lengths + added
        if not self.size:
            keys, values = keys.astype(self.keys.dtype), values.astype(self.values.dtype)
            return dataclasses.replace(self, keys=keys, values=values, lengths=lengths)
        slots = self.lengths[:, None] + steps
        if valid is not None:
            slots = jnp.where(valid != 0, slots, self.size)
        rows = jnp.arange(batch)[:, None]
        return dataclasses.replace(
            self,
            keys=self.keys.at[:, rows, slots].set(keys.astype(self.keys.dtype), mode="drop"),
            values=self.values.at[:, rows, slots].set(
                values.astype(self.values.dtype), mode="drop"
            ),
            lengths=lengths,
        )
