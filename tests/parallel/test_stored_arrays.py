"""A tree of arrays, written from one mesh to an object store and read onto another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from clova_jax.common.errors import ClovaError
from clova_jax.common.objects import Objects
from clova_jax.parallel import create_arrays, make_mesh, read_arrays, stored_arrays, write_arrays


def tree(shape, spec):
    mesh = make_mesh(shape)
    wide, small = NamedSharding(mesh, spec), NamedSharding(mesh, PartitionSpec())
    return {
        "w": [jax.device_put(jnp.arange(64.0).reshape(8, 8), wide)],
        "half": jax.device_put(jnp.arange(8, dtype=jnp.bfloat16).reshape(4, 2), wide),
        "step": jax.device_put(jnp.int32(7), small),
    }


def abstract(like):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), like)


def put(objects, arrays):
    create_arrays(objects, "a/", arrays)
    write_arrays(objects, "a/", arrays)()


MESHES = [
    ((1, 1, 1), PartitionSpec()),
    ((4, 1, 2), PartitionSpec("data", "model")),
    ((2, 2, 2), PartitionSpec(("data", "pipe"))),
]


@pytest.mark.parametrize("written", MESHES)
@pytest.mark.parametrize("read", MESHES)
def test_arrays_come_back_on_another_mesh(tmp_path, written, read):
    objects, arrays, wanted = Objects(f"memory://{tmp_path}"), tree(*written), tree(*read)
    put(objects, arrays)
    found = read_arrays(objects, "a/", abstract(wanted))
    jax.tree.map(np.testing.assert_array_equal, found, arrays)
    assert all(jax.tree.leaves(jax.tree.map(lambda x, y: x.sharding == y.sharding, found, wanted)))


def test_large_shards_are_halved(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_arrays, "CHUNK", 64)
    objects, arrays = Objects(str(tmp_path / "한 글")), tree((1, 1, 1), PartitionSpec())
    put(objects, arrays)
    assert len(objects.names("a/w/0/c/")) == 4
    found = read_arrays(objects, "a/", abstract(arrays))
    jax.tree.map(np.testing.assert_array_equal, found, arrays)


def test_buffers_may_be_reused_before_they_are_written(tmp_path):
    objects, arrays = Objects(f"memory://{tmp_path}"), {"w": jnp.ones(8)}
    create_arrays(objects, "a/", arrays)
    finish = write_arrays(objects, "a/", arrays)
    jax.jit(lambda x: x + 1, donate_argnums=0)(arrays["w"])
    finish()
    wanted = {"w": jax.ShapeDtypeStruct((8,), jnp.float32, sharding=jnp.ones(8).sharding)}
    assert read_arrays(objects, "a/", wanted)["w"].tolist() == [1.0] * 8


def test_another_shape_or_a_missing_array_is_named(tmp_path):
    objects, arrays = Objects(f"memory://{tmp_path}"), tree((1, 1, 1), PartitionSpec())
    put(objects, arrays)
    other = abstract(arrays) | {
        "step": jax.ShapeDtypeStruct((2,), jnp.int32, sharding=arrays["step"].sharding)
    }
    with pytest.raises(ClovaError, match=r"a/step: int32\[\], wanted int32\[2\]"):
        read_arrays(objects, "a/", other)
    with pytest.raises(ClovaError, match="b/half"):
        read_arrays(objects, "b/", abstract(arrays))
