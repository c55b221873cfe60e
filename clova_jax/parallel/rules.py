"""Maps the logical axes of arrays to axes of the mesh.

An array is described by the names of its dimensions ("layers", "embed", "heads", …); the rules turn
those into a `PartitionSpec`. Changing a layout is changing a rule, not the model.
"""

import dataclasses
from dataclasses import dataclass

from jax.sharding import Mesh, NamedSharding, PartitionSpec

MeshAxes = str | tuple[str, ...] | None
Axis = str | None  # a dimension's logical name; None for one that is not split


@dataclass(frozen=True)
class ShardingRules:
    """Names the mesh axis of each logical axis; an axis of None, and one that is not listed, is not split.

    Args:
        layers: the stack of blocks.
        vocab: rows of the token table.
        heads: attention heads.
        mlp: feed-forward width.
        embed: width of the residual stream; "data" splits parameters and optimizer state over the data
            axis too (FSDP, ZeRO 3).
    """

    layers: MeshAxes = "pipe"
    vocab: MeshAxes = "model"
    heads: MeshAxes = "model"
    mlp: MeshAxes = "model"
    embed: MeshAxes = None

    def spec(self, shape: tuple[int, ...], axes: tuple[Axis, ...], mesh: Mesh) -> PartitionSpec:
        """Returns the `PartitionSpec` of an array; a mesh axis that does not divide its dimension is left out.

        Mesh axes of one device are left out as well, so that the specs say what is really split.
        """
        parts: list[MeshAxes] = []
        for size, axis in zip(shape, axes, strict=True):
            wanted = getattr(self, axis or "", None) or ()
            kept: tuple[str, ...] = ()
            for name in (wanted,) if isinstance(wanted, str) else wanted:
                devices = mesh.shape[name]
                if devices > 1 and size % devices == 0:
                    kept, size = (*kept, name), size // devices
            parts.append(kept[0] if len(kept) == 1 else kept or None)
        return PartitionSpec(*parts)

    def sharding(self, shape: tuple[int, ...], axes: tuple[Axis, ...], mesh: Mesh) -> NamedSharding:
        """Returns `spec` on its mesh."""
        return NamedSharding(mesh, self.spec(shape, axes, mesh))


UNSPLIT = ("head_dim", "length", "qkv", "virtual")  # axes that no rule splits
LOGICAL_AXES = tuple(sorted([*(f.name for f in dataclasses.fields(ShardingRules)), *UNSPLIT]))

TRAINING = ShardingRules()
FSDP = ShardingRules(embed="data")
# One token at a time leaves a pipeline idle: its devices split the heads and widths further instead.
INFERENCE = ShardingRules(
    layers=None, vocab=("model", "pipe"), heads=("model", "pipe"), mlp=("model", "pipe")
)
