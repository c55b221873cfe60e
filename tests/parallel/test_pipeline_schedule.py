"""The schedule on paper: every microbatch meets every piece of the stack once, in order, without waiting."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.parallel.pipeline import Schedule


@pytest.mark.parametrize(
    ("stages", "microbatches", "repeats"),
    [(1, 3, 1), (2, 4, 1), (4, 3, 1), (2, 4, 2), (4, 8, 3), (3, 3, 2)],
)
def test_every_piece_once_in_order_one_tick_apart(stages, microbatches, repeats):
    schedule = Schedule(stages, microbatches, repeats)
    when = {}
    for tick in range(schedule.ticks):
        for stage in range(stages):
            if found := schedule.work(stage, tick):
                microbatch, repeat = found
                piece = repeat * stages + stage
                assert (microbatch, piece) not in when
                when[microbatch, piece] = tick
    assert len(when) == microbatches * stages * repeats
    for microbatch in range(microbatches):
        ticks = [when[microbatch, piece] for piece in range(stages * repeats)]
        assert ticks == list(range(ticks[0], ticks[0] + stages * repeats))
        assert schedule.leaves_at(microbatch) == ticks[-1]
    idle = schedule.ticks - microbatches * repeats
    assert schedule.bubble == pytest.approx(idle / schedule.ticks)


def test_pictures():
    assert str(Schedule(2, 4)).splitlines() == [
        "tick    0  1  2  3  4",
        "stage 0 0  1  2  3  .",
        "stage 1 .  0  1  2  3",
    ]
    assert str(Schedule(2, 4, 2)).splitlines()[2] == "stage 1 .  0  1  0' 1' 2  3  2' 3'"


@pytest.mark.parametrize(
    ("name", "stages", "microbatches", "layers", "message"),
    [
        ("gpipe", 4, 4, 6, "num_layers=6.*pipe=4.*may be 1, 2, 3, 6"),
        ("circular", 2, 3, 4, "microbatches=3.*pipe=2.*4 is"),
        ("circular:3", 2, 4, 8, "4 layers.*3 repeats.*1, 2, 4"),
        ("1f1b", 2, 4, 8, "gpipe, circular"),
    ],
)
def test_what_does_not_divide_is_named(name, stages, microbatches, layers, message):
    with pytest.raises(ClovaError, match=message):
        Schedule.named(name, stages, microbatches, layers)
