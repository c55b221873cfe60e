"""Handles devices: the mesh, what lies where on it, the pipeline's schedule, several processes."""

from clova_jax.common.lazy import lazy_names

__all__, __getattr__ = lazy_names(
    __name__,
    {
        "mesh": ["AXES", "data_shard", "make_mesh", "shard_batch"],
        "pipeline": ["Schedule"],
        "rules": ["FSDP", "INFERENCE", "LOGICAL_AXES", "TRAINING", "Axis", "ShardingRules"],
        "start": ["join_processes", "on_first_process"],
    },
)
