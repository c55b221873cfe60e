"""Makes parameters as plain nested dicts, and binds them to the modules.

Everything that crosses a `jax.jit` boundary, a checkpoint or a file is a dict of float32 arrays with the names
of the modules' attributes; the blocks' arrays are stacked on axis 0. Shapes and logical axes are read off the
modules: they stand in one place.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model.decoder import Decoder
from clova_jax.parallel import INFERENCE, LOGICAL_AXES, Axis, ShardingRules

Params = dict[str, Any]  # a nested dict of arrays, with the names of the modules' attributes


@dataclass(frozen=True)
class Spec:
    """Describes an array: its shape, and a logical axis for each dimension."""

    shape: tuple[int, ...]
    axes: tuple[Axis, ...]


def decoder_class(config: ModelConfig) -> type[Decoder]:
    """Returns the modules of a config: `Decoder`, or what a subclass of `ModelConfig` names."""
    return config.decoder or Decoder


def init_params(config: ModelConfig, seed: int = 0) -> Params:
    """Makes fresh parameters, float32; the seed decides every value, on any mesh.

    Traceable, so that `jax.jit(init_params, static_argnums=0, out_shardings=…)` makes a model no
    single device could hold.
    """
    key = jax.random.key(seed, impl="threefry2x32")  # whatever JAX's default is
    decoder = decoder_class(config)(config, nnx.Rngs(key))
    return nnx.to_pure_dict(nnx.state(decoder))


@functools.cache
def _skeleton(config: ModelConfig, virtual: bool) -> tuple[nnx.GraphDef, Any]:
    """Returns the modules without their parameters, and the tree of the parameters without values."""
    make = functools.partial(decoder_class(config), config, virtual=int(virtual))
    graph, state = nnx.split(nnx.eval_shape(lambda: make(rngs=nnx.Rngs(0))))
    parameters = nnx.to_pure_dict(state, lambda parameter: parameter)
    for path, found in jax.tree_util.tree_leaves_with_path(
        parameters, is_leaf=lambda leaf: isinstance(leaf, nnx.Variable)
    ):
        axes = getattr(found, "out_sharding", None)
        name = f"{decoder_class(config).__qualname__}{jax.tree_util.keystr(path)}"
        if axes is None or len(axes) != len(found.shape):
            raise ClovaError(
                f"{name}: shape {tuple(found.shape)} with the axes {axes}; make it with "
                "clova_jax.model.parameter(value, *axes), an axis a dimension"
            )
        for axis in axes:
            if axis is not None and axis not in LOGICAL_AXES:
                raise ClovaError(
                    f"{name}: no axis is called {axis!r}; there are {', '.join(LOGICAL_AXES)}, and None for a "
                    "dimension that is not split"
                )
    return graph, parameters


def bind(config: ModelConfig, params: Params) -> Decoder:
    """Puts parameters into the modules of a config, for use inside `jit` or `shard_map`.

    Args:
        config: names the modules.
        params: a tree with their names: complete arrays, a device's shards, or a stage's part of the stack; shapes
            are not compared. A key `virtual` at the top holds prompt vectors [P,D].

    Raises:
        ClovaError: a key is missing, misspelt or unknown; it is named.
    """
    graph, expected = _skeleton(config, isinstance(params, dict) and "virtual" in params)
    # Flax pairs arrays with names by their order: a misspelt key would be taken for its neighbour.
    check_keys(params, expected)
    return nnx.merge(graph, params)


def check_keys(params: Any, expected: Any, place: str = "params") -> None:
    """Compares the keys of two trees.

    Raises:
        ClovaError: a key is missing, unknown, or holds an array where a tree belongs; it is named.
    """
    if not isinstance(expected, dict):
        if params is None or isinstance(params, dict | list | tuple):
            raise ClovaError(f"{place}: an array belongs here, not {type(params).__name__}")
        return
    if not isinstance(params, dict):
        keys, kind = ", ".join(sorted(expected)), type(params).__name__
        raise ClovaError(f"{place}: a dict with the keys {keys} belongs here, not {kind}")
    missing = sorted(set(expected) - set(params))
    unknown = sorted(map(str, set(params) - set(expected)))
    if missing or unknown:
        wrong = [f"missing {', '.join(missing)}"] if missing else []
        wrong += [f"unknown {', '.join(unknown)}"] if unknown else []
        raise ClovaError(f"{place}: {'; '.join(wrong)}; its keys are {', '.join(sorted(expected))}")
    for key, value in expected.items():
        check_keys(params[key], value, f"{place}.{key}")


def check_saved(config: ModelConfig, params: Any, place: str | Path) -> None:
    """Refuses parameters that no model directory can hold, before anything is written.

    Args:
        config: of the model.
        params: the parameters.
        place: where they were to be written, for the message.

    Raises:
        ClovaError: a key is missing or unknown; prompt vectors are among them.
    """
    expected = abstract_params(config)
    if isinstance(params, dict) and "virtual" in set(params) - set(expected):
        raise ClovaError(
            f"{place}: the model holds the vectors of a prompt (virtual), which is saved by itself with "
            "SoftPrompt.save; save the model without them"
        )
    check_keys(params, expected, f"{place}: params")


def _map(value: Callable[[nnx.Param], Any], config: ModelConfig) -> dict[str, Any]:
    is_parameter = lambda leaf: isinstance(leaf, nnx.Param)  # noqa: E731
    return jax.tree.map(value, _skeleton(config, False)[1], is_leaf=is_parameter)


def param_specs(config: ModelConfig) -> dict[str, Any]:
    """Returns the tree of `Spec` with the structure of the parameters, read off the modules."""
    return _map(lambda parameter: Spec(parameter.shape, parameter.out_sharding), config)


def abstract_params(config: ModelConfig) -> Params:
    """Returns the parameters as `jax.ShapeDtypeStruct`, without a byte of memory."""
    return _map(lambda parameter: jax.ShapeDtypeStruct(parameter.shape, jnp.float32), config)


def param_shardings(
    config: ModelConfig, mesh: Mesh, rules: ShardingRules = INFERENCE
) -> dict[str, Any]:
    """Returns where each parameter lies on a mesh: the tree of `NamedSharding`."""
    return _map(lambda p: rules.sharding(p.shape, p.out_sharding, mesh), config)
