"""Meshes, what lies where, and the mistakes one can make."""

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import param_shardings
from clova_jax.parallel import (
    FSDP,
    INFERENCE,
    TRAINING,
    data_shard,
    make_mesh,
    shard_batch,
    use_virtual_devices,
)

CONFIG = ModelConfig(num_layers=4, embed_dim=16, num_heads=4, vocab_size=50, max_length=8)


def test_a_small_mesh_takes_the_first_devices():
    mesh = make_mesh((1, 1, 2))
    assert mesh.devices.flatten().tolist() == jax.devices()[:2]
    assert data_shard(mesh) == (0, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((4, 1, 4), "wants 16 devices, there are 8"), ((0, 1, 8), "above 0"), ((8,), "three")],
)
def test_impossible_meshes_are_named(shape, message):
    with pytest.raises(ClovaError, match=message):
        make_mesh(shape)


def test_a_mesh_that_is_too_large_says_where_more_devices_come_from():
    with pytest.raises(ClovaError) as raised:
        make_mesh((4, 1, 4))
    message = str(raised.value)
    assert "XLA_FLAGS=--xla_force_host_platform_device_count=16" in message
    assert "docs/how-to/cluster.md" in message
    assert "\n" not in message


def test_virtual_devices_come_before_jax_starts():
    assert use_virtual_devices(8) == jax.devices()
    with pytest.raises(ClovaError, match="9 virtual devices: JAX has already started with 8"):
        use_virtual_devices(9)


def test_rows_must_divide():
    mesh = make_mesh((4, 1, 2))
    placed = shard_batch(mesh, {"ids": np.arange(8).reshape(8, 1)})["ids"]
    assert {shard.data.shape for shard in placed.addressable_shards} == {(2, 1)}
    with pytest.raises(ClovaError, match="6 sequences.*data=4.*for example 8"):
        shard_batch(mesh, {"ids": np.zeros((6, 1))})


def test_rules_place_parameters():
    mesh = make_mesh((2, 2, 2))

    def spec(rules, *path):
        tree = param_shardings(CONFIG, mesh, rules)
        for key in path:
            tree = tree[key]
        return tree.spec

    up = ("blocks", "mlp", "up", "kernel")
    assert spec(TRAINING, *up) == P("pipe", None, "model")
    assert spec(FSDP, *up) == P("pipe", "data", "model")
    assert spec(INFERENCE, *up) == P(None, None, ("model", "pipe"))
    assert spec(TRAINING, "embedding") == P("model", None)
    assert spec(INFERENCE, "embedding") == P("model", None)  # 50 does not divide by four
