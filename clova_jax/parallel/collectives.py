"""Defines `Axes`, the mesh axes handled manually inside `shard_map`, and the collectives over them.

The same block runs in two worlds. Under plain `jax.jit` no axis is manual: every method of `ALL_AUTO` is the
identity and XLA places the communication. Inside the train step's `shard_map` arrays are local
shards, `Axes(model="model", …)` names the axes that are split, and the communication is written out.

JAX checks there which arrays differ over which axis ("varying") and derives the backward pass's
communication from that: where an array that is the same everywhere meets one that is not, its gradient is
summed. `varying` says at which point that sum happens, which is how a sum is kept out of a loop.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

# Terms added in bfloat16 one after another lose about sqrt(n / 3) / 512 of their sum: 0.9% at 64, no more than
# rounding costs elsewhere in a bfloat16 step, 3.6% at 1,024.
BFLOAT16_TERMS = 64


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
        return varying(x, (self.model,)) if self.model else x

    def sum_over_model(self, x: Array) -> Array:
        """Adds the partial results of a row-parallel product (Megatron's `g`)."""
        return lax.psum(x, self.model) if self.model else x

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


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2, 3))
def gather(name: str, dimension: int, dtype: DTypeLike, reduce_dtype: DTypeLike, x: Array) -> Array:
    """Collects the slices of an array from all devices of an axis; the gradient is summed and sliced again.

    Args:
        name: the axis.
        dimension: that is split over it.
        dtype: of what is sent, and of the result.
        reduce_dtype: in which gradients are sent and summed.
        x: this device's slice, float32, as its gradient.
    """
    return lax.all_gather(x.astype(dtype), name, axis=dimension, tiled=True)


def _gather_forward(
    name: str, dimension: int, dtype: DTypeLike, reduce_dtype: DTypeLike, x: Array
) -> tuple[Array, None]:
    return gather(name, dimension, dtype, reduce_dtype, x), None


def _gather_backward(
    name: str, dimension: int, dtype: DTypeLike, reduce_dtype: DTypeLike, _: None, grad: Array
) -> tuple[Array]:
    return (scatter(grad.astype(reduce_dtype), name, dimension).astype(jnp.float32),)


gather.defvjp(_gather_forward, _gather_backward)


def default_reduce_dtype(dtype: DTypeLike, devices: int) -> jnp.dtype:
    """Returns the type in which gradients are summed over devices: that of the compute, float32 where too many add up.

    In bfloat16 half the bytes are sent. A device's own gradient has passed through the compute's type already; only the sum
    is rounded more often.
    """
    return jnp.dtype(dtype if devices <= BFLOAT16_TERMS else jnp.float32)


def scatter(x: Array, name: str, dimension: int) -> Array:
    """Sums arrays over an axis; each device gets its slice of the sum."""
    return lax.psum_scatter(x, name, scatter_dimension=dimension, tiled=True)


def untyped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function so that JAX does not follow inside it which arrays differ over which axis.

    For kernels of JAX that cannot say so of their results; `varying_like` gives the results their types back. Nothing inside may
    communicate, and no operation but the kernels may combine two arrays: where JAX evaluates the recorded operations again,
    outside of this function, it compares types.
    """
    from jax._src import config  # there is no public switch

    def plain(x: Array) -> Array:
        return jnp.squeeze(x[None], 0)  # any operation that computes its type anew; XLA drops it

    def run(*inputs: Any) -> Any:
        with config._check_vma(False):
            return function(*jax.tree.map(plain, inputs))

    return run


def varying_like(tree: Any, like: Array) -> Any:
    """Marks arrays as differing over the axes over which `like` does."""
    return jax.tree.map(lambda x: varying(x, tuple(sorted(_names(like)))), tree)
