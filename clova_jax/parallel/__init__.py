"""Devices: the mesh, what lies where on it, the pipeline's schedule, several processes."""

from clova_jax.parallel.mesh import AXES, data_shard, make_mesh, shard_batch

__all__ = ["AXES", "data_shard", "make_mesh", "shard_batch"]
