import math
import random

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.train.guards import NonFiniteGuard, SpikeReport


def test_steps_skipped_now_and_then_are_counted():
    guard = NonFiniteGuard(limit=3)
    for step, skipped in enumerate([True, True, False] * 5):
        guard.watch(step, skipped, 10)
    assert guard.total == 10


def test_too_many_in_a_row_stop_the_run_and_name_the_last_state():
    guard = NonFiniteGuard(limit=3)
    guard.watch(1, True, 10)
    guard.watch(2, True, 10)
    with pytest.raises(ClovaError, match="step 3: 3 steps in a row .* step 10: lower"):
        guard.watch(3, True, 10)


def test_a_jump_of_the_loss_is_a_spike_and_noise_is_not():
    report = SpikeReport(window=32)
    noise = random.Random(0)
    for step in range(200):
        assert report.watch(step, 4 - step / 100 + noise.gauss(0, 0.05)) is None
    assert report.watch(200, 6.0) == pytest.approx(2.2, abs=0.3)
    assert report.watch(201, math.nan) is not None
    assert [step for step, _, _ in report.spikes] == [200, 201]
