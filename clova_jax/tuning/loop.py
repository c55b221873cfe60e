"""Assembles the training loop of a tuning run: steps, validation on the development split, early stopping, resuming."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from clova_jax.common.options import as_json
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.model import Params
from clova_jax.train import (
    EarlyStop,
    Hook,
    LearningRate,
    MeanLoss,
    ProgressBar,
    Run,
    SkippedSteps,
    TrainState,
    adamw,
    apply_gradients,
    fresh_state,
    train,
)
from clova_jax.tuning.data import TuningData
from clova_jax.tuning.examples import Batches, Example
from clova_jax.tuning.options import TuneOptions
from clova_jax.tuning.state import Progress

Validate = Callable[[Params], dict[str, float]]  # `dev_loss` and other figures of what is trained


class Gradient(Protocol):
    """Computes loss and gradient, from the model's weights (`inside.py`) or through an API (`outside.py`)."""

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """Returns the loss of the batch as `losses` defines it, and its gradient."""

    def validate(self, trainable: Params, data: TuningData) -> dict[str, float]:
        """Returns `dev_loss` and other figures of the development split."""


class Steps(Protocol):
    """Makes the steps of a run."""

    def begin(self, trainable: Params) -> TrainState:
        """Returns the state before the first step; `trainable` is not changed later."""

    def __call__(
        self, state: TrainState, batch: Sequence[Example]
    ) -> tuple[TrainState, dict[str, Any]]:
        """Makes a step, and returns the scalars `loss` and `skipped`; `state` is consumed."""


@dataclass(frozen=True)
class Tuned:
    """Holds the outcome of a run.

    Args:
        trainable: what was trained, as it was best on the development split.
        history: a row a validation.
        best_step: when it was best; 0 is the start.
        best_loss: of the development split then.
    """

    trainable: Params
    history: list[dict[str, Any]]
    best_step: int
    best_loss: float


class GradientSteps:
    """Makes steps of Adam; one whose loss or gradient is not finite changes nothing.

    Args:
        gradient: loss and gradient of a batch.
        options: the learning rate and its schedule.
    """

    def __init__(self, gradient: Gradient, options: TuneOptions) -> None:
        self.gradient, self.optimizer = gradient, make_optimizer(options)

    def begin(self, trainable: Params) -> TrainState:
        """Returns the state before the first step, with a copy of what is trained."""
        return fresh_state(self.optimizer, jax.tree.map(jnp.copy, trainable))

    def __call__(
        self, state: TrainState, batch: Sequence[Example]
    ) -> tuple[TrainState, dict[str, Any]]:
        """Makes a step."""
        loss, gradients = self.gradient(state.params, batch)
        state, skipped = _update(self.optimizer, state, loss, gradients)
        return state, {"loss": loss, "skipped": skipped}


def run_steps(
    steps: Steps,
    start: Params,
    batches: Batches,
    validate: Validate,
    options: TuneOptions,
    *,
    out: Path | None = None,
    identity: dict[str, Any] | None = None,
    stop: StopSignals | None = None,
    label: str = "tuning",
) -> Tuned:
    """Trains until the steps are spent or `patience` validations in a row have not improved the development loss.

    Args:
        steps: makes the steps.
        start: what is trained; not changed.
        batches: of each step.
        validate: from what is trained to `dev_loss` and other figures.
        out: where the run is kept; a run there is resumed from its last validation.
        identity: what must not change when the run is resumed.
        stop: ends the run after a step with `Stopped`; it resumes from its last validation.
        label: of the progress bar.

    Raises:
        ClovaError: 20 steps in a row were not finite; another run in `out`.
    """
    keep = KeepProgress(options.evaluate_every, out, (identity or {}) | as_json(options))
    kept = keep.load(steps.begin(start), start)
    best = kept.best
    if not kept.finished:
        run = Run(kept.state, int(kept.state.step), options.steps)
        mean = MeanLoss()
        with progress(total=run.total_steps, initial=run.step, desc=label, unit="step") as bar:
            hooks = (
                SkippedSteps(lambda: best.step),
                mean,
                EarlyStop(options.evaluate_every, options.patience, validate, best, mean),
                keep,
                ProgressBar(
                    bar,
                    lambda run: 1,
                    lambda run: (
                        f"dev {best.history[-1]['dev_loss']:.3f}, best {best.loss:.3f} at {best.step}"
                    ),
                    label,
                ),
            )
            train(run, steps, batches.iterate, hooks, stop)
        if run.stopped and not (run.is_last or run.ended):
            raise Stopped(run.stopped)
        keep.finish()
    return Tuned(best.params, best.history, best.step, best.loss)


class KeepProgress(Hook):
    """Writes the run at every validation; it acts after `EarlyStop`.

    Args:
        every: steps between two validations.
        out: the folder; None keeps nothing.
        identity: what must not change when the run is resumed.
    """

    def __init__(self, every: int, out: Path | None, identity: dict[str, Any]) -> None:
        self.every, self.out, self.identity = every, out, identity

    def load(self, fresh: TrainState, start: Params) -> Progress:
        """Returns the run in the folder, or a fresh one where there is none.

        Raises:
            ClovaError: it is another run, or damaged.
        """
        self.progress = Progress.start(fresh, start)
        if self.out is not None:
            self.progress = self.progress.load(self.out, self.identity)
        return self.progress

    def __call__(self, run: Run) -> None:
        """Writes the state and the best parameters."""
        self.progress.state = run.state
        self._save()

    def finish(self) -> None:
        """Writes that nothing is left to do."""
        self.progress.finished = True
        self._save()

    def _save(self) -> None:
        if self.out is not None:
            self.progress.save(self.out, self.identity)


@functools.cache  # one object an options, so that a compiled update is found again
def make_optimizer(options: TuneOptions) -> optax.GradientTransformation:
    """Builds Adam after clipping at 1, beta 0.9 and 0.999: torch's defaults, as the original p-tuning code."""
    warmup = max(1, options.steps // 20)
    rate = LearningRate(options.learning_rate, min(warmup, options.steps), options.steps)
    return adamw(rate, b2=0.999, weight_decay=options.weight_decay)


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def _update(
    optimizer: optax.GradientTransformation, state: TrainState, loss: Array, gradients: Params
) -> tuple[TrainState, Array]:
    """Makes one update, and returns whether it was skipped; `state` is consumed."""
    state, _, accept = apply_gradients(optimizer, state, loss, gradients)
    return state, ~accept
