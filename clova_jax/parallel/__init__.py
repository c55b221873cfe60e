"""Handles devices: the mesh, what lies where on it, the pipeline's schedule, several processes."""

from clova_jax.parallel.mesh import AXES, data_shard, make_mesh, shard_batch
from clova_jax.parallel.pipeline import Schedule
from clova_jax.parallel.rules import FSDP, INFERENCE, LOGICAL_AXES, TRAINING, Axis, ShardingRules
from clova_jax.parallel.start import join_processes, on_first_process

__all__ = [
    "AXES",
    "FSDP",
    "INFERENCE",
    "LOGICAL_AXES",
    "TRAINING",
    "Axis",
    "Schedule",
    "ShardingRules",
    "data_shard",
    "join_processes",
    "make_mesh",
    "on_first_process",
    "shard_batch",
]
