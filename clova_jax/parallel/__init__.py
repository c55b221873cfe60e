"""Devices: the mesh, what lies where on it, the pipeline's schedule, several processes."""

from clova_jax.parallel.mesh import AXES, data_shard, make_mesh, shard_batch
from clova_jax.parallel.rules import FSDP, INFERENCE, TRAINING, ShardingRules

__all__ = [
    "AXES",
    "FSDP",
    "INFERENCE",
    "TRAINING",
    "ShardingRules",
    "data_shard",
    "make_mesh",
    "shard_batch",
]
