"""Lays parameters out for a train step on its mesh, and checks which meshes a model fits.

Elsewhere parameters have the shapes of `param_specs` ("canonical"). A train step may need others: the
vocabulary padded to a multiple of the model axis, and the blocks of a circular schedule as
[repeats, stages, layers, ...], since a stage holds every S-th part of the stack.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import Params, Spec, param_specs
from clova_jax.parallel import FSDP, TRAINING, Schedule


def _tree_map(value: Any, *trees: Any) -> Any:
    return jax.tree.map(value, *trees, is_leaf=lambda leaf: isinstance(leaf, Spec))


def check_fit(config: ModelConfig, mesh: Mesh, fsdp: bool) -> None:
    """Refuses a mesh that this model cannot be split over.

    Raises:
        ClovaError: heads that do not divide by 'model', or with FSDP a width that does not by 'data'.
    """
    wanted = [("num_heads", "model"), *([("embed_dim", "data")] if fsdp else [])]
    for name, axis in wanted:
        size, devices = getattr(config, name), mesh.shape[axis]
        if size % devices:
            fit = [n for n in range(1, min(size, mesh.size) + 1) if size % n == 0]
            raise ClovaError(
                f"{name}={size} does not divide by {axis}={devices} of the mesh"
                f"{' (fsdp)' if axis == 'data' else ''}; {axis} may be {', '.join(map(str, fit))}"
            )


@dataclass(frozen=True)
class Layout:
    """Holds shapes and shardings of the parameters of one train step.

    Args:
        config: the model's sizes.
        mesh: the devices.
        schedule: its stages and repeats shape the blocks.
        fsdp: split over 'data' as well.
    """

    config: ModelConfig
    mesh: Mesh
    schedule: Schedule
    fsdp: bool

    @property
    def rules(self) -> Any:
        """Returns the sharding rules."""
        return FSDP if self.fsdp else TRAINING

    def _arranged(self) -> Any:
        repeats, stages = self.schedule.repeats, self.schedule.stages
        specs = param_specs(self.config)
        rows = specs["embedding"].shape[0]
        padded = rows + -rows % self.mesh.shape["model"]
        specs["embedding"] = dataclasses.replace(
            specs["embedding"], shape=(padded, self.config.embed_dim)
        )
        if repeats > 1:
            lead = (repeats, stages, self.config.num_layers // (repeats * stages))
            specs["blocks"] = _tree_map(
                lambda spec: dataclasses.replace(
                    spec,
                    shape=(*lead, *spec.shape[1:]),
                    axes=("repeats", "layers", "layers_of_stage", *spec.axes[1:]),
                ),
                specs["blocks"],
            )
        return specs

    def specs(self) -> Any:
        """Returns the tree of `PartitionSpec` of the arranged parameters."""
        return _tree_map(lambda s: self.rules.spec(s.shape, s.axes, self.mesh), self._arranged())

    def shardings(self, canonical: bool = False) -> Any:
        """Returns the tree of `NamedSharding`, of arranged or of canonical parameters."""
        specs = param_specs(self.config) if canonical else self._arranged()
        return _tree_map(lambda s: self.rules.sharding(s.shape, s.axes, self.mesh), specs)

    def split_over_data(self) -> Any:
        """Returns for each parameter the dimension split over 'data', counted from the end; 0 if none is."""

        def dimension(spec: PartitionSpec) -> int:
            return next((i - len(spec) for i, part in enumerate(spec) if part == "data"), 0)

        is_spec = lambda leaf: isinstance(leaf, PartitionSpec)  # noqa: E731
        return jax.tree.map(dimension, self.specs(), is_leaf=is_spec)

    def arrange(self, params: Params) -> Params:
        """Brings canonical parameters into this layout's shapes; new rows of the vocabulary are zeros."""

        def fit(x: Array, spec: Spec) -> Array:
            if x.ndim == len(spec.shape):
                rows = spec.shape[0] - x.shape[0]
                return jnp.pad(x, ((0, rows), *((0, 0),) * (x.ndim - 1))) if rows else x
            return x.reshape(spec.shape)

        return _tree_map(fit, params, self._arranged())

    def canonical(self, params: Params) -> Params:
        """Reverses `arrange`."""

        def fit(x: Array, spec: Spec) -> Array:
            return x[: spec.shape[0]] if x.ndim == len(spec.shape) else x.reshape(spec.shape)

        return _tree_map(fit, params, param_specs(self.config))

    def replicated(self) -> NamedSharding:
        """Returns a small array in full, a copy on every device."""
        return NamedSharding(self.mesh, PartitionSpec())
