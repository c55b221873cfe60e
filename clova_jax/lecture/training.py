"""Trains the models of the lecture by the one loop of tuning runs: a loss, batches by step, a development split."""

import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from clova_jax.common.stop import StopSignals
from clova_jax.config import ModelConfig
from clova_jax.model import Params
from clova_jax.tuning import GradientSteps, Tuned, TuneOptions, run_steps

Batch = Mapping[str, np.ndarray]
# A function of a module: programs are kept by it.
Loss = Callable[[Params, ModelConfig, Batch], Array]


class StepBatches(ABC):
    """Gives the batch of a step, a function of the step alone."""

    @abstractmethod
    def __getitem__(self, step: int) -> Batch:
        """Returns the arrays of a step."""

    def iterate(self, step: int) -> Generator[Batch, None, None]:
        """Yields the batches of a step and of all after it."""
        for number in itertools.count(step):
            yield self[number]


class Rows(StepBatches):
    """Draws batches of labelled examples; every epoch uses each example once.

    Args:
        arrays: what an example is made of, by name, each with an example a row.
        size: examples a batch; all where there are fewer.
        seed: of the order.
    """

    def __init__(self, arrays: Batch, size: int, seed: int = 0) -> None:
        self.arrays, self.seed = arrays, seed
        self.count = len(next(iter(arrays.values())))
        self.size = min(size, self.count)

    def __getitem__(self, step: int) -> Batch:
        epoch, number = divmod(step, self.count // self.size)
        order = np.random.default_rng([self.seed, epoch]).permutation(self.count)
        chosen = order[number * self.size : (number + 1) * self.size]
        return {name: values[chosen] for name, values in self.arrays.items()}


def fit(
    loss: Loss,
    config: ModelConfig,
    start: Params,
    batches: StepBatches,
    dev: Sequence[Batch],
    options: TuneOptions,
    *,
    out: Path | None = None,
    identity: dict[str, Any] | None = None,
    stop: StopSignals | None = None,
    label: str = "training",
) -> Tuned:
    """Trains parameters; returns them as they were best on the development split, and how the training went.

    Args:
        loss: from parameters, config and a batch to nats; a function of a module.
        config: of the model.
        start: its parameters; not changed.
        batches: of each step.
        dev: batches that are not learned from, which decide when the model was best.
        options: of the training.
        out: where the run is kept, and resumed from.
        identity: what must not change when it is resumed.
        stop: ends it after a step with `Stopped`.
        label: of the progress bar.

    Raises:
        ClovaError: 20 steps in a row were not finite; another run in `out`.
    """

    def gradient(params: Params, batch: Batch) -> tuple[Array, Params]:
        return loss_and_gradient(loss, config, params, batch)

    def validate(params: Params) -> dict[str, float]:
        return {"dev_loss": float(np.mean([_value(loss, config, params, one) for one in dev]))}

    about = {"config": type(config).__name__, **config.to_json(), "loss": loss.__name__}
    return run_steps(
        GradientSteps(gradient, options),
        start,
        batches,
        validate,
        options,
        out=out,
        identity=about | (identity or {}),
        stop=stop,
        label=label,
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def loss_and_gradient(
    loss: Loss, config: ModelConfig, params: Params, batch: Batch
) -> tuple[Array, Params]:
    """Returns the loss of a batch in nats, and its gradient; `loss` is a function of a module."""
    return jax.value_and_grad(loss)(params, config, batch)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _value(loss: Loss, config: ModelConfig, params: Params, batch: Batch) -> Array:
    return loss(params, config, batch)
