"""A look for numbers that are not finite, at the door of everything that is loaded."""

from typing import Any

import jax
import numpy as np


def not_finite(tree: Any) -> str | None:
    """Finds an array with a NaN or an infinite number: its name in the tree, or None.

    Of arrays that are spread over several hosts, each looks at its own shards.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        shards = (
            [s.data for s in leaf.addressable_shards] if isinstance(leaf, jax.Array) else [leaf]
        )
        if not all(np.isfinite(np.asarray(shard)).all() for shard in shards):
            return jax.tree_util.keystr(path, simple=True, separator="/")
    return None
