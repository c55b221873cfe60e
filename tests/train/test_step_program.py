"""What the compiled step does: which collectives stand where, how many operations a device is given."""

import functools

import jax
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.parallel import Schedule, make_mesh
from clova_jax.plan.program import Program
from clova_jax.train import LearningRate, TrainStep, adamw

CONFIG = ModelConfig(num_layers=8, embed_dim=32, num_heads=4, vocab_size=64, max_length=16)
ROWS, TIME = 16, 16
LARGE = 1_000  # bytes: more than the scalars of loss and norm


def make_step(shape, config=CONFIG, **options):
    return TrainStep(config, adamw(LearningRate(1e-2, 1, 20)), make_mesh(shape), **options)


@functools.cache
def program(shape, config=CONFIG, **options):
    step = make_step(shape, config, **options)
    return Program(step.lower(ROWS, TIME).compile().as_text(), step.mesh)


def collectives(program, axis, depth=None):
    return [
        c
        for c in program.collectives
        if axis in c.axes and c.result_bytes > LARGE and (depth is None or c.depth >= depth)
    ]


@pytest.mark.parametrize(
    ("shape", "options"),
    [((2, 2, 2), {"microbatches": 4}), ((4, 1, 2), {"microbatches": 2})],
    ids=str,
)
def test_gradients_cross_the_data_axis_once_outside_every_loop(shape, options):
    mine = program(shape, **options)
    assert not collectives(mine, "data", depth=1)
    sums = collectives(mine, "data")
    assert {c.kind for c in sums} == {"all-reduce"}
    # The blocks' gradients in one, and with a pipeline those that also differ by stage in another.
    assert len(sums) == (2 if shape[1] > 1 else 1)
    assert sum(c.result_bytes for c in sums) <= 1.1 * 4 * CONFIG.num_params


def test_tensor_parallelism_takes_two_sums_a_layer_each_way():
    mine = program((4, 1, 2), microbatches=2)
    activations = 4 * (ROWS // 4 // 2) * TIME * CONFIG.embed_dim
    sums = [c for c in collectives(mine, "model", depth=2) if c.kind == "all-reduce"]
    assert sum(c.result_bytes * c.count for c in sums) == (
        4 * CONFIG.num_layers * 2 * activations  # two forward, two backward; two microbatches
    )


@pytest.mark.slow
def test_only_fsdp_gathers_parameters_in_a_loop():
    whole = program((2, 2, 2), microbatches=4)
    assert not [c for c in whole.collectives if c.kind == "all-gather" and c.depth]
    split = program((2, 2, 2), microbatches=4, fsdp=True)
    assert [c for c in collectives(split, "data", depth=1) if c.kind == "all-gather"]
    assert [c for c in collectives(split, "data", depth=1) if c.kind == "reduce-scatter"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpipe", "circular"])
def test_a_stage_computes_its_share_and_the_bubble(name):
    schedule = Schedule.named(name, 4, 8, CONFIG.num_layers)
    whole = program((1, 1, 1)).matmul_flops
    mine = program((1, 4, 1), microbatches=8, schedule=name).matmul_flops
    tokens = ROWS * TIME
    head = 6 * tokens * CONFIG.vocab_size * CONFIG.embed_dim
    share = (whole - head) / 4 * schedule.ticks / (schedule.microbatches * schedule.repeats)
    assert mine == pytest.approx(share + head / 4, rel=0.10)


@pytest.mark.slow
def test_depth_does_not_lengthen_the_program():
    lengths = [
        len(program((2, 2, 2), CONFIG.replace(num_layers=layers), microbatches=4).text.splitlines())
        for layers in (4, 32)
    ]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.05)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 1, 8), {}, "num_heads=4 does not divide by model=8.*may be 1, 2, 4$"),
        ((1, 8, 1), {"schedule": "zigzag"}, "'zigzag'"),
        ((2, 4, 1), {"microbatches": 6, "schedule": "circular"}, "microbatches=6.*8 is"),
        ((2, 1, 1), {"microbatches": 3}, "microbatches=3.*8 sequences.*1, 2, 4, 8"),
    ],
    ids=str,
)
def test_impossible_meshes_say_what_would_do(shape, options, message):
    with pytest.raises(ClovaError, match=message):
        make_step(shape, **options).lower(ROWS, TIME)
    assert jax.device_count() == 8
