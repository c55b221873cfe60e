"""The loop and its hooks by themselves, on a state that is a number."""

from dataclasses import dataclass

import numpy as np
import pytest

from clova_jax.common.stop import StopSignals
from clova_jax.train.hooks import Best, EarlyStop, MeanLoss
from clova_jax.train.trainer import Hook, Run, train


@dataclass
class State:
    params: dict


def step(state, batch):
    """Adds the batch; a batch of 3 is skipped."""
    skipped = np.bool_(batch == 3)
    value = state.params["x"] + (0 if skipped else batch)
    return State({"x": value}), {"loss": np.float32(batch), "skipped": skipped}


def batches(start):
    number = start
    while True:
        yield number
        number += 1


class Seen(Hook):
    def __init__(self, every=1, on_stop=False):
        self.every, self.on_stop, self.steps, self.begun = every, on_stop, [], []

    def begin(self, run):
        self.begun.append(run.step)

    def __call__(self, run):
        self.steps.append(run.step)


def start(total, first=0):
    return Run(State({"x": np.zeros(2)}), first, total)


def test_hooks_act_every_so_many_steps_and_after_the_last():
    hooks = Seen(), Seen(3), Seen(0)
    run = train(start(7), step, batches, hooks)
    assert [hook.steps for hook in hooks] == [[1, 2, 3, 4, 5, 6, 7], [3, 6, 7], [7]]
    assert run.is_last
    assert run.state.params["x"][0] == 0 + 1 + 2 + 4 + 5 + 6
    assert run.metrics == {"loss": 6.0, "skipped": False}


def test_a_resumed_run_draws_the_batches_after_its_step():
    hook = Seen(4)
    run = train(start(10, first=6), step, batches, [hook])
    assert (hook.begun, hook.steps) == ([6], [8, 10])
    assert run.state.params["x"][0] == 6 + 7 + 8 + 9


def test_after_a_stop_request_the_step_ends_and_only_hooks_that_want_it_act():
    stop = StopSignals()

    def stopping(start):
        for number in batches(start):
            if number == 4:
                stop.requested = "SIGTERM"
            yield number

    every, keep, rare = Seen(), Seen(100, on_stop=True), Seen(100)
    run = train(start(9), step, stopping, (every, keep, rare), stop)
    assert (run.step, run.stopped, run.is_last) == (5, "SIGTERM", False)
    assert (every.steps[-1], keep.steps, rare.steps) == (5, [5], [])


def test_batches_are_closed_whatever_ends_the_loop():
    closed = []

    def watched(start):
        try:
            yield from batches(start)
        finally:
            closed.append(True)

    class Fails(Hook):
        def __call__(self, run):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        train(start(5), step, watched, [Fails()])
    assert closed == [True]


def test_early_stopping_keeps_the_best_and_the_mean_loss_between_validations():
    figures = iter([5.0, 4.0, 4.5, 4.2, 1.0])
    mean, best = MeanLoss(), Best({})
    early = EarlyStop(2, 2, lambda params: {"dev_loss": next(figures)}, best, mean)
    run = train(start(100), step, batches, (mean, early))
    assert run.step == 6
    assert [row["step"] for row in best.history] == [0, 2, 4, 6]
    # The batch of 3 was skipped, and does not count.
    assert [row["loss"] for row in best.history] == [None, 0.5, 2.0, 4.5]
    assert (best.loss, best.step, best.params["x"][0]) == (4.0, 2, 1)
    # What was exhausted before it was written stays so when the run is resumed.
    again = train(start(100, first=6), step, batches, (MeanLoss(), early))
    assert again.step == 6
