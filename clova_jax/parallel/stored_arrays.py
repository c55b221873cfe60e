"""Writes and reads a tree of arrays on an object store: each a zarr 3 array, of which a device has its own chunks.

No process needs the disk of another one, and every array can be read onto any mesh.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import tensorstore

from clova_jax.common.errors import ClovaError
from clova_jax.common.objects import CONTEXT, Objects, reached

CHUNK = 1 << 28  # bytes of a chunk, at most where its shape can be halved
_BYTES = {"name": "bytes", "configuration": {"endian": "little"}}


def create_arrays(objects: Objects, prefix: str, tree: Any) -> None:
    """Creates the arrays of a tree, without content; one process does, before any writes."""
    opening = [
        _open(objects, f"{prefix}{name}", metadata=_metadata(array))
        for name, array in _named(tree).items()
    ]
    for future in opening:
        reached(f"{objects.url}{prefix}", future.result)


def write_arrays(objects: Objects, prefix: str, tree: Any) -> Callable[[], None]:
    """Starts writing this process's shards of a tree's arrays, which are created.

    Returns:
        A function that waits until they are written. The arrays may be donated before.
    """
    copies = [
        (name, shard.index, np.array(shard.data))  # a copy: the next step reuses the buffer
        for name, array in _named(tree).items()
        for shard in array.addressable_shards
        if shard.replica_id == 0
    ]

    def finish() -> None:
        names = dict.fromkeys(name for name, _, _ in copies)
        opening = {name: _open(objects, f"{prefix}{name}") for name in names}
        where = f"{objects.url}{prefix}"
        opened = {name: reached(where, future.result) for name, future in opening.items()}
        writing = [opened[name][index].write(values) for name, index, values in copies]
        for future in writing:
            reached(where, future.result)

    return finish


def read_arrays(objects: Objects, prefix: str, abstract: Any) -> Any:
    """Reads a tree of arrays onto the shapes, types and shardings of `abstract`; each device reads its own part.

    Raises:
        ClovaError: an array is missing, or of another shape or type.
    """
    names = _named(abstract)
    opening = {name: _open(objects, f"{prefix}{name}") for name in names}
    opened = {n: reached(f"{objects.url}{prefix}{n}", f.result) for n, f in opening.items()}
    reading = {}
    for name, wanted in names.items():
        found = opened[name]
        if found.shape != wanted.shape or found.dtype.numpy_dtype != wanted.dtype:
            raise ClovaError(
                f"{objects.url}{prefix}{name}: {found.dtype.name}{list(found.shape)}, wanted "
                f"{wanted.dtype.name}{list(wanted.shape)}"
            )
        places = wanted.sharding.addressable_devices_indices_map(wanted.shape).values()
        reading[name] = {_key(index): found[index].read() for index in places}

    def build(name: str, wanted: jax.ShapeDtypeStruct) -> jax.Array:
        def part(index: tuple[slice, ...]) -> np.ndarray:
            return reached(f"{objects.url}{prefix}{name}", reading[name][_key(index)].result)

        return jax.make_array_from_callback(wanted.shape, wanted.sharding, part)

    built = [build(name, wanted) for name, wanted in names.items()]
    return jax.tree.unflatten(jax.tree.structure(abstract), built)


def _named(tree: Any) -> dict[str, Any]:
    """Returns the leaves of a tree by their paths, such as `params/embedding`, in its order."""
    leaves = jax.tree.leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _key(index: tuple[slice, ...]) -> tuple[tuple[int | None, int | None], ...]:
    return tuple((part.start, part.stop) for part in index)


def _metadata(array: jax.Array) -> dict[str, Any]:
    shape = list(array.sharding.shard_shape(array.shape))
    for axis in range(len(shape)):
        while math.prod(shape) * array.dtype.itemsize > CHUNK and shape[axis] % 2 == 0:
            shape[axis] //= 2
    return {
        "shape": list(array.shape),
        "data_type": array.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "codecs": [_BYTES, {"name": "crc32c"}],
    }


def _open(objects: Objects, name: str, metadata: dict[str, Any] | None = None) -> Any:
    """Opens an array, or creates it where its metadata are given; returns a future of TensorStore."""
    spec: dict[str, Any] = {"driver": "zarr3", "kvstore": objects.spec(), "path": name + "/"}
    if metadata is None:
        return tensorstore.open(spec, context=CONTEXT, open=True)
    return tensorstore.open(spec | {"metadata": metadata}, context=CONTEXT, create=True)
