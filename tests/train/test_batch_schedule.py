import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.train.batch_schedule import BatchSchedule
from clova_jax.train.options import PretrainOptions


@pytest.mark.parametrize("ramp", [0, 50_000])
def test_every_row_is_read_once_and_in_order(ramp):
    schedule = BatchSchedule(global_batch=64, length=32, ramp_tokens=ramp)
    expected = 0
    for step in range(200):
        first, count = schedule.rows(step)
        assert first == expected
        assert schedule.tokens(step) == first * 32
        expected += count
    assert count == 64


def test_the_ramp_doubles_over_its_tokens():
    schedule = BatchSchedule(global_batch=64, length=32, ramp_tokens=49_152)
    sizes = [schedule.rows(step)[1] for step in range(200)]
    assert sorted(set(sizes)) == [8, 16, 32, 64] == list(schedule.sizes)
    assert BatchSchedule(global_batch=64, length=32).sizes == (64,)
    assert sizes == sorted(sizes)
    full = sizes.index(64)
    assert schedule.tokens(full) == 49_152


@pytest.mark.parametrize("ramp", [0, 50_000])
def test_steps_is_the_reverse_of_tokens(ramp):
    schedule = BatchSchedule(global_batch=64, length=32, ramp_tokens=ramp)
    for step in (1, 3, 50, 120):
        assert schedule.steps(schedule.tokens(step)) == step
        assert schedule.steps(schedule.tokens(step) + 1) == step + 1


@pytest.mark.parametrize("mesh", [(1, 1, 1), (1, 2, 1), (2, 2, 1), (2, 4, 1)])
@pytest.mark.parametrize("ramp", [0, 50_000])
def test_microbatches_by_default_divide_every_size(mesh, ramp):
    options = PretrainOptions(
        data="x", tokenizer="y", steps=1, global_batch=48, mesh=mesh, ramp_tokens=ramp
    )
    for size in options.batch_schedule.sizes:
        assert size % (mesh[0] * options.microbatches_per_shard) == 0


def test_a_ramp_needs_a_batch_of_eights():
    with pytest.raises(ClovaError, match="divides by 8, not 12"):
        BatchSchedule(global_batch=12, length=32, ramp_tokens=1000)
