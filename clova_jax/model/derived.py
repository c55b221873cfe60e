"""Keeps what is computed from a model's arrays beside the model itself."""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import jax

T = TypeVar("T")


class Derived(Generic[T]):
    """Computes a value from a tree of arrays, and keeps it while the tree holds the same arrays.

    A model owns it: the value is freed with the model, and another model computes its own. Of NumPy arrays, which
    can change in place, nothing is kept.

    Args:
        compute: from the tree to the value.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self._kept: tuple[list[weakref.ref[jax.Array]], T] | None = None

    def of(self, tree: Any) -> T:
        """Returns the value of a tree."""
        leaves = jax.tree.leaves(tree)
        if (kept := self._kept) is not None:
            arrays, value = kept
            if len(arrays) == len(leaves) and all(map(_is, arrays, leaves)):
                return value
            self._kept = kept = value = None  # freed before the next is made
        value = self.compute(tree)
        if all(isinstance(leaf, jax.Array) for leaf in leaves):
            self._kept = list(map(weakref.ref, leaves)), value
        return value


def _is(array: weakref.ref[jax.Array], leaf: Any) -> bool:
    return array() is leaf
