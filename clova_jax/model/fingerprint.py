"""Computes a short hash that distinguishes models.

It is taken on the host, an array at a time: of a small model, a pass on the device takes longer to compile.
"""

import hashlib
import json

import jax
import numpy as np
from jax.experimental import multihost_utils

from clova_jax.config import ModelConfig
from clova_jax.model.params import Params
from clova_jax.tokenizers import Tokenizer


def model_fingerprint(config: ModelConfig, tokenizer: Tokenizer, weights: str) -> str:
    """Computes 16 hexadecimal digits of shape, modules, tokenizer, and every byte of every array of a model.

    On any mesh the same.

    Args:
        config: the shape; a decoder that is not the standard one counts by its name.
        tokenizer: the model's.
        weights: `weights_hash` of its parameters.
    """
    hashed = hashlib.sha256(json.dumps(config.to_json()).encode())
    if (decoder := config.decoder) is not None:  # equal arrays, other answers
        hashed.update(decoder.__qualname__.encode())
    hashed.update(tokenizer.fingerprint.encode())
    hashed.update(weights.encode())
    return hashed.hexdigest()[:16]


def weights_hash(params: Params) -> str:
    """Computes a hash of names, shapes and every byte of parameters."""
    hashed = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
            leaf = multihost_utils.process_allgather(leaf, tiled=True)
        values = np.ascontiguousarray(leaf, np.float32)
        hashed.update(f"{jax.tree_util.keystr(path)} {values.shape} ".encode())
        hashed.update(values)
    return hashed.hexdigest()
