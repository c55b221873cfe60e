"""Finds numbers that are not finite: in what is loaded, and in what a model computes."""

from typing import Any

import jax
import numpy as np

from clova_jax.common.errors import ClovaError


def not_finite(tree: Any) -> str | None:
    """Finds an array with a NaN or an infinite number: its name in the tree, or None.

    Of arrays that are spread over several hosts, each host checks its shards.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        shards = (
            [s.data for s in leaf.addressable_shards] if isinstance(leaf, jax.Array) else [leaf]
        )
        if not all(np.isfinite(np.asarray(shard)).all() for shard in shards):
            return jax.tree_util.keystr(path, simple=True, separator="/")
    return None


def refuse_nan(logprobs: np.ndarray) -> None:
    """Refuses log-probabilities that are no numbers.

    Raises:
        ClovaError: one is NaN.
    """
    if np.isnan(logprobs).any():
        raise ClovaError(
            "the model's scores are not numbers (NaN): its weights are damaged, or its training diverged"
        )
