"""Runs the training loop: updates, validation on the development split, early stopping, resuming."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import optax
from jaxtyping import Array

from clova_jax.common.command import as_json
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.model import Params
from clova_jax.train import LearningRate, TrainState, adamw
from clova_jax.train.guards import NonFiniteGuard
from clova_jax.train.optimizer import apply_gradients
from clova_jax.tuning.examples import Batches
from clova_jax.tuning.inside import Gradient
from clova_jax.tuning.options import TuneOptions
from clova_jax.tuning.state import Progress, on_host

Look = Callable[
    [Params], dict[str, float]
]  # validates on the development split: `dev_loss` and other figures


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


def train(
    start: Params,
    gradient: Gradient,
    batches: Batches,
    look: Look,
    options: TuneOptions,
    *,
    out: Path | None = None,
    identity: dict[str, Any] | None = None,
    stop: StopSignals | None = None,
    label: str = "tuning",
) -> Tuned:
    """Trains until the steps are spent or `patience` validations in a row have not improved the development loss.

    A step whose loss or gradient is not finite changes nothing.

    Args:
        start: what is trained; not changed.
        gradient: loss and gradient of a batch.
        look: validates; from what is trained to `dev_loss` and other figures.
        out: where the run is kept; a run there is resumed from its last validation.
        identity: what must not change when the run is resumed.
        stop: ends the run after a step with `Stopped`; it resumes from its last validation.
        label: of the progress bar.

    Raises:
        ClovaError: 20 steps in a row were not finite; another run in `out`.
    """
    identity = (identity or {}) | as_json(options)
    optimizer = make_optimizer(options)
    run = (
        Progress.load(out, identity, optimizer, start) if out else Progress.start(optimizer, start)
    )
    if run.finished:
        return Tuned(run.best, run.history, run.best_step, run.best_loss)
    state = run.state
    if not run.history:
        _look(run, state, look, float("nan"))
    guard, step = NonFiniteGuard(), int(state.step)
    losses: list[float] = []
    with progress(total=options.steps, initial=step, desc=label, unit="step") as bar:
        while step < options.steps and not _tired(run, options):
            loss, gradients = gradient(state.params, batches[step])
            state, accepted = update(optimizer, state, loss, gradients)
            step += 1
            guard.watch(step, not accepted, run.best_step)
            if accepted:
                losses.append(float(loss))
            bar.update(1)
            if stop and stop.requested:
                raise Stopped(stop.requested)
            if step % options.evaluate_every == 0 or step == options.steps:
                _look(run, state, look, sum(losses) / len(losses) if losses else float("nan"))
                losses = []
                bar.set_postfix_str(
                    f"dev {run.history[-1]['dev_loss']:.3f}, best {run.best_loss:.3f} at {run.best_step}",
                    refresh=False,
                )
                if out:
                    run.save(out, identity)
    run.finished = True
    if out:
        run.save(out, identity)
    return Tuned(run.best, run.history, run.best_step, run.best_loss)


@functools.cache  # one object an options, so that a compiled update is found again
def make_optimizer(options: TuneOptions) -> optax.GradientTransformation:
    """Builds Adam after clipping at 1, beta 0.9 and 0.999: torch's defaults, as the original p-tuning code."""
    warmup = max(1, options.steps // 20)
    rate = LearningRate(options.learning_rate, min(warmup, options.steps), options.steps)
    return adamw(rate, b2=0.999, weight_decay=options.weight_decay)


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def update(
    optimizer: optax.GradientTransformation, state: TrainState, loss: Array, gradients: Params
) -> tuple[TrainState, Array]:
    """Makes one update, and returns whether it was accepted; `state` is consumed."""
    state, _, accept = apply_gradients(optimizer, state, loss, gradients)
    return state, accept


def _look(run: Progress, state: TrainState, look: Look, loss: float) -> None:
    """Validates on the development split, and keeps the best parameters."""
    run.state = state
    figures = look(state.params)
    step = int(state.step)
    run.history.append({"step": step, "loss": loss if loss == loss else None, **figures})
    if figures["dev_loss"] < run.best_loss:
        run.best, run.best_loss, run.best_step = on_host(state.params), figures["dev_loss"], step


def _tired(run: Progress, options: TuneOptions) -> bool:
    """Returns True if none of the last `patience` validations was better."""
    last = run.history[-1]["step"]
    return last - run.best_step >= options.patience * options.evaluate_every
