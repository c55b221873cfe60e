"""Defines `Axes`, the mesh axes handled manually inside `shard_map`, and the collectives over them.

The same block runs in two worlds. Under plain `jax.jit` no axis is manual: every method of `ALL_AUTO` is the
identity and XLA places the communication. Inside the train step's `shard_map` arrays are local
shards, `Axes(model="model", …)` names the axes that are split, and the communication is written out.

JAX checks there which arrays differ over which axis ("varying") and derives the backward pass's
communication from that: where an array that is the same everywhere meets one that is not, its gradient is
summed. `varying` says at which point that sum happens, which is how a sum is kept out of a loop.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array, lax


@dataclass(frozen=True)
class Axes:
    """Names the manual mesh axes larger than one device; None for an axis that is not manual.

    Args:
        data: axis that splits the batch.
        pipe: axis that splits the layers into stages.
        model: axis that splits heads, feed-forward width and vocabulary.
    """

    data: str | None = None
    pipe: str | None = None
    model: str | None = None

    def into_model(self, x: Array) -> Array:
        """Hands `x` to every slice of a column-parallel product (Megatron's `f`); its backward pass is a sum."""
        return on_wide(lambda x: varying(x, (self.model,)), x) if self.model else x

    def sum_over_model(self, x: Array) -> Array:
        """Adds the partial results of a row-parallel product (Megatron's `g`)."""
        return on_wide(lambda x: lax.psum(x, self.model), x) if self.model else x

    def max_over_model(self, x: Array) -> Array:
        """Returns the maximum over the slices of the vocabulary."""
        return lax.pmax(x, self.model) if self.model else x

    def model_index(self) -> Array | int:
        """Returns which slice of heads, width and vocabulary this device holds."""
        return lax.axis_index(self.model) if self.model else 0

    @property
    def batch(self) -> tuple[str, ...]:
        """Returns the axes over which tokens differ: losses and gradients are summed over these."""
        return tuple(name for name in (self.data, self.pipe) if name)


ALL_AUTO = Axes()  # under plain jit: nothing is manual


def on_wide(collective: Callable[[Array], Array], x: Array) -> Array:
    """Runs a collective on float32 where x is bfloat16 on a CPU: XLA:CPU crashes on bfloat16 ones."""
    if x.dtype == jnp.bfloat16 and jax.default_backend() == "cpu":
        return collective(x.astype(jnp.float32)).astype(x.dtype)
    return collective(x)


def _names(x: Array) -> frozenset[str]:
    return jax.typeof(x).manual_axis_type.varying


def varying(x: Array, names: tuple[str, ...]) -> Array:
    """Marks `x` as differing over the manual axes `names`; its gradient is summed over them here."""
    names = tuple(name for name in names if name not in _names(x))
    return lax.pcast(x, names, to="varying") if names else x


def zeros_like_varying(shape: tuple[int, ...], dtype: jnp.dtype, *like: Array) -> Array:
    """Returns zeros for the carry of a scan whose body combines it with the arrays `like`."""
    names = tuple(sorted(frozenset().union(*map(_names, like))))
    return varying(jnp.zeros(shape, dtype), names)
