import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from clova_jax.common.errors import ClovaError
from clova_jax.parallel import make_mesh
from clova_jax.plan.program import Program, _groups

LAYERS, ROWS, WIDE, NARROW = 12, 16, 64, 32


def compile_two_products_a_layer(mesh):
    """A pipeline-like program whose operations and bytes are known."""

    def stage(x, w):
        def layer(x, w):
            return jax.lax.psum(x @ w, "model") @ w.T, None

        x, _ = jax.lax.scan(layer, x, w)
        x = jax.lax.ppermute(x, "pipe", [(i, (i + 1) % 2) for i in range(2)])
        return jax.lax.psum(x.sum(), ("data", "pipe"))

    mapped = jax.shard_map(
        stage,
        mesh=mesh,
        in_specs=(P("data", None), P("pipe", None, None)),
        out_specs=P(),
        check_vma=False,
    )
    x = jax.ShapeDtypeStruct((ROWS, WIDE), jnp.float32)
    w = jax.ShapeDtypeStruct((LAYERS, WIDE, NARROW), jnp.float32)
    return jax.jit(mapped).lower(x, w).compile().as_text()


@pytest.fixture(scope="module")
def program():
    mesh = make_mesh((2, 2, 2))
    return Program(compile_two_products_a_layer(mesh), mesh)


def test_operations_in_a_loop_count_as_often_as_it_turns(program):
    assert program.matmul_flops == (LAYERS // 2) * 2 * (2 * (ROWS // 2) * WIDE * NARROW)


def test_collectives_are_counted_by_axis(program):
    in_loop = [c for c in program.collectives if c.depth == 1]
    assert [(c.kind, c.axes, c.count) for c in in_loop] == [("all-reduce", ("model",), LAYERS // 2)]
    sent = program.sent_bytes()
    activations = (ROWS // 2) * NARROW * 4
    assert sent["model"] == LAYERS // 2 * activations  # ring over two: 2 x 1/2 of the bytes
    assert sent["pipe"] == (ROWS // 2) * WIDE * 4
    assert sent["data+pipe"] == 2 * 3 / 4 * 4


@pytest.mark.parametrize(
    ("written", "groups"),
    [
        ("{{0,2},{1,3},{4,6},{5,7}}", [[0, 2], [1, 3], [4, 6], [5, 7]]),
        ("[4,2]<=[2,2,2]T(0,2,1)", [[0, 2], [1, 3], [4, 6], [5, 7]]),
        ("mesh['data'=2,'pipe'=2,'model'=2] {'pipe'}", [[0, 2], [1, 3], [4, 6], [5, 7]]),
        ("mesh['data'=2,'pipe'=2,'model'=2] {'data','model'}", [[0, 1, 4, 5], [2, 3, 6, 7]]),
        ("mesh['data'=4,'model'=2] {'data':(2)2}", [[0, 2], [1, 3], [4, 6], [5, 7]]),
        ("mesh['data'=4,'model'=2] {'data':(1)2,'model'}", [[0, 1, 4, 5], [2, 3, 6, 7]]),
        (
            "mesh['axis_0'=2,'axis_1'=1,'axis_2'=4], device_ids=([4,2]T(1,0)) {'axis_0'}",
            [[0, 1], [2, 3], [4, 5], [6, 7]],
        ),
        ("mesh['a'=2,'b'=4], device_ids=(0,2,4,6,1,3,5,7) {'b'}", [[0, 2, 4, 6], [1, 3, 5, 7]]),
        ("{}", [list(range(8))]),
    ],
)
def test_groups_are_read_in_every_way_the_compiler_writes_them(written, groups):
    found = _groups(f"%x), channel_id=1, replica_groups={written}, to_apply=%add", 8)
    np.testing.assert_array_equal(found, groups)


def test_groups_that_cannot_be_read_are_told():
    with pytest.raises(ClovaError, match="rows of a torus"):
        _groups("%x), replica_groups=rows of a torus, to_apply=%add", 8)
