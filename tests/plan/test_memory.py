"""The sum of named terms against compiled programs, and against a step that really runs."""

import jax
import numpy as np
import pytest

from clova_jax import SIZES, ModelConfig
from clova_jax.common.errors import ClovaError
from clova_jax.parallel.chips import CHIPS
from clova_jax.plan import Run, compile_run, memory, seconds, train_step, work

CONFIG = ModelConfig(8, 256, 8, vocab_size=1_024, max_length=2_048)
PLAIN = Run(CONFIG, (8, 1, 1), 64, 256, 4, remat="full")
PIPED = Run(CONFIG, (2, 2, 2), 64, 256, 8, remat="stage")
FAST = [PLAIN, PIPED]
SLOW = [
    Run(CONFIG, (8, 1, 1), 32, 128, 1, remat="none"),
    Run(CONFIG, (8, 1, 1), 256, 512, 1, remat="dots"),
    Run(CONFIG, (2, 1, 4), 64, 256, 1, remat="full"),
    Run(CONFIG, (2, 1, 4), 64, 256, 4, remat="none"),
    Run(CONFIG, (4, 1, 2), 64, 256, 1, remat="full", fsdp=True),
    Run(CONFIG, (2, 4, 1), 64, 256, 8, remat="none"),
    Run(CONFIG, (2, 4, 1), 64, 256, 8, remat="dots"),
    Run(CONFIG, (1, 8, 1), 64, 256, 16, remat="full"),
    Run(CONFIG, (2, 2, 2), 64, 256, 8, remat="stage", fsdp=True),
    Run(CONFIG, (2, 2, 2), 64, 256, 8, "circular", remat="full"),
    Run(CONFIG, (2, 2, 2), 64, 256, 8, "circular:2", remat="full"),
    Run(CONFIG, (2, 4, 1), 64, 256, 8, "circular", remat="none"),
    Run(SIZES["350m"], (2, 1, 4), 64, 2_048, 4, remat="full"),
    Run(SIZES["137m"], (2, 2, 2), 64, 2_048, 8, remat="none"),
]


def named(run):
    mesh = "x".join(map(str, run.mesh))
    return f"{run.config.embed_dim}-{mesh}-{run.schedule}-{run.remat}{'-fsdp' * run.fsdp}"


def check(run):
    compiled = compile_run(run)
    terms = memory(run, element=4, materialised=True)
    state = terms["parameters"] + terms["optimizer"]
    assert state + terms["batch"] == pytest.approx(compiled.arguments, rel=0.01)
    assert sum(terms.values()) == pytest.approx(compiled.memory, rel=0.15)
    done = work(run, element=4, materialised=True)
    assert done.flops == pytest.approx(compiled.flops, rel=0.02)
    for axis in ("pipe", "model"):
        assert getattr(done, f"{axis}_bytes") == pytest.approx(
            compiled.sent.get(axis, 0), rel=0.05, abs=1e4
        )
    if not run.fsdp:
        over_data = sum(n for axes, n in compiled.sent.items() if axes.startswith("data"))
        assert done.data_bytes == pytest.approx(over_data, rel=0.1, abs=1e4)


@pytest.mark.parametrize("run", FAST, ids=named)
def test_the_sum_agrees_with_the_compiled_program(run):
    check(run)


@pytest.mark.slow
@pytest.mark.parametrize("run", SLOW, ids=named)
def test_the_sum_agrees_with_more_compiled_programs(run):
    check(run)


def test_the_sum_agrees_with_what_a_step_allocates():
    run = Run(SIZES["tiny"], (2, 1, 2), 4, 32, 1, remat="full")
    step = train_step(run)
    state = step.init(0)
    ids = np.zeros((run.global_batch, run.length), np.int32)
    state, metrics = step(state, {"ids": ids, "targets": ids})
    assert np.isfinite(float(metrics["loss"]))
    held = [0] * 4
    for leaf in jax.tree.leaves(state):
        for shard in leaf.addressable_shards:
            held[jax.devices().index(shard.device)] += shard.data.nbytes
    terms = memory(run, element=4, materialised=True)
    for size in held:
        assert terms["parameters"] + terms["optimizer"] == pytest.approx(size, rel=0.01)


def test_bfloat16_and_fused_attention_need_less():
    wide, narrow = memory(PIPED, 4, True), memory(PIPED, 2, False)
    assert narrow["parameters"] == wide["parameters"]
    assert narrow["pipeline"] == wide["pipeline"] / 2
    assert sum(narrow.values()) < sum(wide.values())


def test_rematerialisation_trades_memory_for_operations():
    runs = [Run(CONFIG, (2, 4, 1), 64, 256, 8, remat=how) for how in ("none", "dots", "full")]
    sizes = [sum(memory(run, 4, True).values()) for run in runs]
    assert sizes == sorted(sizes, reverse=True)
    assert work(runs[0]).flops < work(runs[1]).flops < work(runs[2]).flops


def test_a_circular_schedule_keeps_no_weights_of_its_ticks():
    runs = [Run(CONFIG, (1, 2, 1), 16, 256, 8, how, remat="full") for how in ("gpipe", "circular")]
    gpipe, circular = (memory(run) for run in runs)
    kept = circular["pipeline"] - gpipe["pipeline"]  # inputs and results of three times the ticks
    assert kept < 0.5 * runs[1].ticks * circular["parameters"] / runs[1].plan.repeats


def test_an_axis_inside_a_node_uses_the_local_links():
    chip = CHIPS["a100-80gb"]
    inside, outside = (Run(SIZES["1.3b"], mesh, 64, 2_048, 4) for mesh in ((2, 1, 8), (1, 1, 16)))
    assert seconds(inside, chip)["model"] < seconds(outside, chip)["model"] / 5


@pytest.mark.parametrize(
    ("mesh", "batch", "microbatches", "says"),
    [
        ((3, 1, 1), 64, 1, "data=3 of the mesh; 63 would"),
        ((1, 1, 3), 64, 1, "num_heads=8 does not divide by model=3"),
        ((1, 3, 1), 64, 1, "num_layers=8 does not divide into pipe=3"),
        ((2, 1, 1), 64, 5, "microbatches=5 does not divide the 32 sequences"),
    ],
)
def test_numbers_that_do_not_divide(mesh, batch, microbatches, says):
    with pytest.raises(ClovaError, match=says) as caught:
        Run(CONFIG, mesh, batch, 128, microbatches)
    assert "\n" not in str(caught.value)
