"""Runs the one training loop: steps, and hooks after them. Pre-training and tuning differ in what they give it."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import jax

# From a state and a batch to the next state and scalars (`loss`, `skipped`, …) with `.item()`; the state is consumed.
Step = Callable[[Any, Any], tuple[Any, dict[str, Any]]]


class StopRequest(Protocol):
    """Says whether the loop should end, as `StopSignals` does; it is asked once a step."""

    @property
    def requested(self) -> str | None:
        """Returns what asked for a stop, None where nothing did."""


@dataclass
class Run:
    """Holds how far a run has come; hooks read it, and may set `ended`.

    Args:
        state: after `step` steps.
        step: finished steps.
        total_steps: the budget.
        metrics: scalars of the last step.
        seconds: what the last step took, its batch included.
        stopped: name of the signal that asked for a stop; read once a step, so that all hooks see the same.
        ended: no further step is wanted.
    """

    state: Any
    step: int
    total_steps: int
    metrics: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: str | None = None
    ended: bool = False

    @property
    def is_last(self) -> bool:
        """Returns True after the last step of the budget."""
        return self.step == self.total_steps


class Hook:
    """Acts after steps. A subclass overrides `__call__`, and `begin` where something precedes the first step."""

    every: int = 1  # steps between two calls; 0: only after the last step of the budget
    on_stop: bool = False  # also called after the step at which a stop was requested

    def begin(self, run: Run) -> None:
        """Acts once, before the first step of this process."""

    def __call__(self, run: Run) -> None:
        """Acts after a step."""
        raise NotImplementedError

    def is_due(self, run: Run) -> bool:
        """Returns True if the hook acts after this step."""
        if run.is_last or (self.on_stop and run.stopped is not None):
            return True
        return self.every > 0 and run.step % self.every == 0


def train(
    run: Run,
    step: Step,
    batches: Callable[[int], Generator[Any, None, None]],
    hooks: Iterable[Hook],
    stop: StopRequest | None = None,
) -> Run:
    """Trains until the budget is spent, a hook ends the run, or a stop is requested.

    Args:
        run: the start; it is changed.
        step: makes one step.
        batches: from a step number, the batches of that step and of all after it.
        hooks: called in this order after each step.
        stop: where given, a stop request ends the loop after the step under way and its hooks.

    Returns:
        `run`, with its last state.
    """
    hooks = tuple(hooks)
    for hook in hooks:
        hook.begin(run)
    with contextlib.closing(batches(run.step)) as drawn:
        while run.step < run.total_steps and not (run.ended or run.stopped):
            begin = time.perf_counter()
            with jax.profiler.StepTraceAnnotation("train", step_num=run.step + 1):
                run.state, measured = step(run.state, next(drawn))
                # Reading the scalars waits for the step: on CPU queued collectives would starve each
                # other, and on accelerators the loader works ahead in its own thread.
                run.metrics = {name: value.item() for name, value in measured.items()}
            run.step, run.seconds = run.step + 1, time.perf_counter() - begin
            run.stopped = stop.requested if stop else None
            for hook in hooks:
                if hook.is_due(run):
                    hook(run)
    return run
