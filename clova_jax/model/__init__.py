"""Defines the decoder: Flax modules, parameters, loss, cache. The files behind are private to this room."""

from clova_jax.common.compilation_cache import use_compilation_cache
from clova_jax.common.host_memory import keep_freed_memory
from clova_jax.model.attention import causal_mask, computed_share, self_attention
from clova_jax.model.cache import Cache, Prefix
from clova_jax.model.decoder import Decoder, default_dtype
from clova_jax.model.derived import Derived
from clova_jax.model.fingerprint import model_fingerprint, weights_hash
from clova_jax.model.finite import not_finite, refuse_nan
from clova_jax.model.loss import cross_entropy, input_gradients, weighted_loss
from clova_jax.model.modules import (
    MLP,
    Attention,
    Block,
    LayerNorm,
    Linear,
    layer_norm,
    parameter,
)
from clova_jax.model.params import (
    Params,
    Spec,
    abstract_params,
    bind,
    decoder_class,
    init_params,
    param_shardings,
    param_specs,
)
from clova_jax.model.stack import Remat, run_blocks

keep_freed_memory()  # here, since it must come before JAX makes its threads
use_compilation_cache()

__all__ = [
    "MLP",
    "Attention",
    "Block",
    "Cache",
    "Decoder",
    "Derived",
    "LayerNorm",
    "Linear",
    "Params",
    "Prefix",
    "Remat",
    "Spec",
    "abstract_params",
    "bind",
    "causal_mask",
    "computed_share",
    "cross_entropy",
    "decoder_class",
    "default_dtype",
    "init_params",
    "input_gradients",
    "layer_norm",
    "model_fingerprint",
    "not_finite",
    "param_shardings",
    "param_specs",
    "parameter",
    "refuse_nan",
    "run_blocks",
    "self_attention",
    "weighted_loss",
    "weights_hash",
]
