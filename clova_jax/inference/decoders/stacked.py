"""Runs the modules' own forward pass, one token at a time, with a `Cache`."""

import functools
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Cache, Params, Prefix, bind


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["params"], meta_fields=["config", "dtype"]
)
@dataclass(frozen=True)
class StackedDecoder:
    """Decodes on any device or mesh; its scan over layers holds one layer at a time where a model fills the memory.

    Args:
        params: the model's.
        config: its sizes and modules.
        dtype: type of the compute.
    """

    params: Params
    config: ModelConfig
    dtype: DTypeLike
    stored: ClassVar[type[Cache]] = Cache
    joins_late: ClassVar[bool] = False
    group: ClassVar[int | None] = None

    def begin(self, cache: Cache, steps: int) -> Cache:
        """Returns the cache itself: a loop writes into it."""
        return cache

    def step(
        self,
        token: Int[Array, "B"],
        cache: Cache,
        carried: Cache,
        prefix: Prefix | None,
        active: Bool[Array, "B"],
        *,
        apart: bool = False,
    ) -> tuple[Float[Array, "B D"], Cache]:
        """Runs the decoder on one token a row; all are computed side by side."""
        hidden, carried = bind(self.config, self.params)(
            token[:, None],
            segment_ids=active[:, None].astype(jnp.int32),
            cache=carried.with_prefix(prefix),
            dtype=self.dtype,
        )
        return hidden[:, 0], carried.with_prefix(None)

    def scores(self, hidden: Float[Array, "B D"]) -> Float[Array, "B V"]:
        """Applies the head."""
        return bind(self.config, self.params).logits(hidden)

    def finish(self, cache: Cache, carried: Cache) -> Cache:
        """Returns what the loop carried."""
        return carried
