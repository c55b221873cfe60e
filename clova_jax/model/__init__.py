"""The decoder: parameters, forward pass, loss, cache. The files behind are private to this room."""

from clova_jax.model.cache import Cache, Prefix
from clova_jax.model.decoder import Remat, default_dtype, forward, logits
from clova_jax.model.loss import cross_entropy, input_gradients, weighted_loss
from clova_jax.model.params import (
    Params,
    abstract_params,
    init_params,
    param_shardings,
    param_specs,
)

__all__ = [
    "Cache",
    "Params",
    "Prefix",
    "Remat",
    "abstract_params",
    "cross_entropy",
    "default_dtype",
    "forward",
    "init_params",
    "input_gradients",
    "logits",
    "param_shardings",
    "param_specs",
    "weighted_loss",
]
