"""The parameters of the decoder: one table of shapes, logical axes and initial values.

Notable:
- parameters are a nested dict of float32 arrays; the blocks' arrays are stacked on axis 0, so that
  one `lax.scan` runs them and compile time does not grow with depth;
- names and layouts follow GPT-2 (a transposition-free copy in either direction, `interop/`);
- the table is also what the sharding rules read, and what ahead-of-time compilation needs.

A table rather than Flax modules: inside the train step's `shard_map` a block sees local shards, whose
shapes are not those a module was declared with, and a stage holds a slice of the stack. What is left for a
module to do is this table.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from clova_jax.config import ModelConfig
from clova_jax.parallel.rules import INFERENCE, ShardingRules

Params = dict[str, Any]  # a nested dict of arrays


@dataclass(frozen=True)
class Spec:
    """One array: its shape, a logical axis for each dimension, and how it starts.

    `std` is the standard deviation of a normal distribution; 0 gives zeros and None ones.
    """

    shape: tuple[int, ...]
    axes: tuple[str, ...]
    std: float | None = 0.0


def param_specs(config: ModelConfig) -> dict[str, Any]:
    """The table: the tree of `Spec` with the structure of the parameters.

    Weights start from a normal distribution of 0.02; the two projections that write to the residual
    stream are scaled by 1/sqrt(2L) (GPT-2 and GPT-3 default, the paper is silent).
    """
    layers, embed = config.num_layers, config.embed_dim
    heads, head_dim, mlp = config.num_heads, config.head_dim, config.mlp_dim
    std, residual_std = 0.02, 0.02 / math.sqrt(2 * layers)

    def stacked(shape: tuple[int, ...], axes: tuple[str, ...], std: float | None = 0.0) -> Spec:
        return Spec((layers, *shape), ("layers", *axes), std)

    def norm(spec: Any) -> dict[str, Spec]:
        return {"scale": spec((embed,), ("embed",), None), "bias": spec((embed,), ("embed",))}

    return {
        "embedding": Spec((config.vocab_size, embed), ("vocab", "embed"), std),
        "positions": Spec((config.max_length, embed), ("length", "embed"), std),
        "blocks": {
            "ln_1": norm(stacked),
            "attn": {
                "qkv": {
                    "kernel": stacked(
                        (embed, 3, heads, head_dim), ("embed", "qkv", "heads", "head_dim"), std
                    ),
                    "bias": stacked((3, heads, head_dim), ("qkv", "heads", "head_dim")),
                },
                "out": {
                    "kernel": stacked(
                        (heads, head_dim, embed), ("heads", "head_dim", "embed"), residual_std
                    ),
                    "bias": stacked((embed,), ("embed",)),
                },
            },
            "ln_2": norm(stacked),
            "mlp": {
                "up": {
                    "kernel": stacked((embed, mlp), ("embed", "mlp"), std),
                    "bias": stacked((mlp,), ("mlp",)),
                },
                "down": {
                    "kernel": stacked((mlp, embed), ("mlp", "embed"), residual_std),
                    "bias": stacked((embed,), ("embed",)),
                },
            },
        },
        "ln_f": norm(Spec),
    }


def _map_specs(value: Callable[[Spec], Any], config: ModelConfig) -> dict[str, Any]:
    return jax.tree.map(value, param_specs(config), is_leaf=lambda leaf: isinstance(leaf, Spec))


def abstract_params(config: ModelConfig) -> Params:
    """The parameters as `jax.ShapeDtypeStruct`, without a byte of memory."""
    return _map_specs(lambda spec: jax.ShapeDtypeStruct(spec.shape, jnp.float32), config)


def param_shardings(
    config: ModelConfig, mesh: Mesh, rules: ShardingRules = INFERENCE
) -> dict[str, Any]:
    """Where each parameter lies on a mesh: the tree of `NamedSharding`."""
    return _map_specs(lambda spec: rules.sharding(spec.shape, spec.axes, mesh), config)


def init_params(config: ModelConfig, seed: int = 0) -> Params:
    """Fresh parameters, float32; the seed decides every value, on any mesh.

    Traceable, so that `jax.jit(init_params, static_argnums=0, out_shardings=…)` makes a model no
    single device could hold.
    """
    key = jax.random.key(seed, impl="threefry2x32")  # whatever JAX's default is

    def start(path: Any, spec: Spec) -> jax.Array:
        if not spec.std:
            return jnp.full(spec.shape, 1.0 if spec.std is None else 0.0, jnp.float32)
        own = jax.random.fold_in(key, zlib.crc32(jax.tree_util.keystr(path).encode()) >> 1)
        return spec.std * jax.random.normal(own, spec.shape, jnp.float32)

    return jax.tree.map_with_path(
        start, param_specs(config), is_leaf=lambda leaf: isinstance(leaf, Spec)
    )
