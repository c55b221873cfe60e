"""Builds the device mesh ('data', 'pipe', 'model') and lays batches on it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from clova_jax.common.errors import ClovaError

AXES = ("data", "pipe", "model")


def make_mesh(shape: Sequence[int] = (1, 1, 1), devices: Sequence[Any] | None = None) -> Mesh:
    """Builds a mesh of `data x pipe x model` devices.

    Args:
        shape: devices along ('data', 'pipe', 'model'); any may be 1.
        devices: which devices to use, the first ones if there are more; all of JAX's by default.

    Raises:
        ClovaError: a number below 1, or more devices than there are.
    """
    shape = tuple(shape)
    if len(shape) != 3 or any(not isinstance(n, int) or n < 1 for n in shape):
        raise ClovaError(
            f"mesh {','.join(map(str, shape))}: wants three whole numbers above 0: "
            "data,pipe,model (1,1,1 is one device)"
        )
    devices = jax.devices() if devices is None else devices
    needed = math.prod(shape)
    if needed > len(devices):
        raise ClovaError(
            f"mesh {','.join(map(str, shape))} wants {needed} devices, there are {len(devices)}: give a smaller "
            f"one ({len(devices)},1,1), start a process on each host of a cluster (docs/how-to/cluster.md), or "
            f"try it on a CPU with XLA_FLAGS=--xla_force_host_platform_device_count={needed}"
        )
    if needed == len(jax.devices()) and list(devices) == list(jax.devices()):
        return jax.make_mesh(shape, AXES, axis_types=(AxisType.Auto,) * 3)  # minds the topology
    return Mesh(np.asarray(devices[:needed]).reshape(shape), AXES, axis_types=(AxisType.Auto,) * 3)


def data_shard(mesh: Mesh) -> tuple[int, int]:
    """Returns (index, count): which of `count` equal slices of the global batch this process loads.

    Processes whose devices stand at the same places of the data axis load the same rows.
    """
    here = jax.process_index()
    homes = np.vectorize(lambda device: device.process_index)(mesh.devices)
    groups = sorted({tuple(np.unique(np.argwhere(homes == p)[:, 0])) for p in np.unique(homes)})
    mine = tuple(np.unique(np.argwhere(homes == here)[:, 0]))
    if sum(map(len, groups)) != mesh.devices.shape[0] or len(set(map(len, groups))) > 1:
        raise ClovaError(
            f"mesh {','.join(map(str, mesh.devices.shape))}: its data axis does not fall into equal "
            f"parts over {len(np.unique(homes))} processes; make data a multiple or a divisor"
        )
    return groups.index(mine), len(groups)


def shard_batch(mesh: Mesh, batch: Mapping[str, Any]) -> dict[str, jax.Array]:
    """Lays this process's rows `[B/processes, ...]` on the mesh, split over 'data'.

    Raises:
        ClovaError: the rows do not divide by the data axis.
    """
    sharding = NamedSharding(mesh, PartitionSpec("data"))
    _, count = data_shard(mesh)
    size = mesh.shape["data"]
    placed = {}
    for name, value in batch.items():
        if isinstance(value, jax.Array) and value.sharding == sharding:
            placed[name] = value
            continue
        rows = len(value) * count
        if rows % size:
            raise ClovaError(
                f"batch of {rows} sequences does not divide by data={size} of the mesh; "
                f"use a multiple of {size}, for example {-(-rows // size) * size}"
            )
        if jax.process_count() == 1:
            placed[name] = jax.device_put(value, sharding)
        else:
            placed[name] = jax.make_array_from_process_local_data(sharding, np.asarray(value))
    return placed
