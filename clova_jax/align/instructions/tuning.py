"""Trains a model on instructions: the loop of tuning, with a loss over answers in packed rows."""

import hashlib
import itertools
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.align.instructions.packing import Row, arrays
from clova_jax.align.run import Aligned
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.config import ModelConfig
from clova_jax.inference import Model
from clova_jax.model import ChatTemplate, Params, bind, weighted_loss
from clova_jax.tuning import (
    FineTuningConfig,
    GradientSteps,
    LoraConfig,
    Method,
    TuneOptions,
    placed,
    run_steps,
)

REMAT = "dots"


class RowBatches:
    """Takes rows in their order, so many a step; after the last come the first again."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows, self.size = rows, size

    def iterate(self, step: int) -> Generator[list[Row], None, None]:
        """Yields the rows of a step and of all after it."""
        for first in itertools.count(step * self.size, self.size):
            yield [self.rows[n % len(self.rows)] for n in range(first, first + self.size)]


class InstructionGradient:
    """Computes the mean loss over the tokens of answers, and its gradient.

    Args:
        model: that training begins with.
        method: what is trained of it.
        rows, dev: all rows that will be asked for, and those of the development split.
        length: tokens of a row.
        batch_size: rows that are validated at a time.
    """

    def __init__(
        self,
        model: Model,
        method: Method,
        rows: Sequence[Row],
        dev: Sequence[Row],
        length: int,
        batch_size: int,
    ) -> None:
        self.model, self.dev, self.length, self.size = model, dev, length, batch_size
        self.width = max(len(row.targets) for row in (*rows, *dev))  # one shape, compiled once
        self._static = {"method": method, "config": model.config, "dtype": model.dtype}

    def __call__(self, trainable: Params, batch: Sequence[Row]) -> tuple[Array, Params]:
        """Returns the loss of the rows, and its gradient."""
        return _value_and_gradient(trainable, *self._given(batch), **self._static)

    def validate(self, trainable: Params) -> dict[str, float]:
        """Returns the loss of the development split."""
        total = count = 0.0
        for at in range(0, len(self.dev), self.size):
            batch = self.dev[at : at + self.size]
            tokens = sum(len(row.targets) for row in batch)
            total += tokens * float(_value(trainable, *self._given(batch), **self._static))
            count += tokens
        return {"dev_loss": total / count}

    def _given(self, batch: Sequence[Row]) -> tuple[Any, ...]:
        placed_arrays = self.model.place(*arrays(batch, self.length, self.width))
        return self.model.params, *placed_arrays


def _loss(
    trainable: Params,
    base: Params,
    ids: Int[Array, "B T"],
    positions: Int[Array, "B T"],
    segments: Int[Array, "B T"],
    where: Int[Array, "B K"],
    targets: Int[Array, "B K"],
    weights: Float[Array, "B K"],
    *,
    method: Method,
    config: ModelConfig,
    dtype: Any,
) -> Float[Array, ""]:
    params = method.params(base, trainable)
    hidden, _ = bind(config, params)(
        ids,
        positions=positions,
        segment_ids=segments,
        dtype=dtype,
        remat=REMAT,
        at=where,  # the head sees answers alone
        frozen=False,
    )
    return weighted_loss(params, config, hidden, targets, weights / jnp.sum(weights))


_STATIC = ("method", "config", "dtype")
_value = jax.jit(_loss, static_argnames=_STATIC)
_value_and_gradient = jax.jit(jax.value_and_grad(_loss), static_argnames=_STATIC)


@holds_out
def tune_instructions(
    model: Model,
    rows: Sequence[Row],
    dev: Sequence[Row],
    template: ChatTemplate,
    options: TuneOptions,
    *,
    length: int,
    lora: LoraConfig | None = None,
    out: str | Path | None = None,
    stop: StopSignals | None = None,
    label: str = "instructions",
) -> Aligned:
    """Trains a model on packed instructions; with the same `out` a stopped training is resumed.

    Args:
        model: that training begins with; not changed.
        rows: to learn from, in their order, `options.batch_size` a step (`pack`).
        dev: rows to stop by.
        template: that the rows are written in; the trained model answers messages in it.
        options: of the training.
        length: tokens of a row.
        lora: trains low-rank updates in place of all parameters.
        out: a folder that the run is kept in.
        stop: ends it after a step.
        label: of the progress bar.

    Returns:
        The model, which `save` writes with its template.

    Raises:
        ClovaError: no rows, or rows longer than the model's context; the folder holds another run.
    """
    if not rows or not dev:
        raise ClovaError("no instructions to learn from, or none to stop by")
    if length > model.config.max_length:
        raise ClovaError(
            f"length={length}: is above the {model.config.max_length} tokens of the model's context"
        )
    method = (lora or FineTuningConfig()).method()
    start = method.init(model, options.seed)
    gradient = InstructionGradient(model, method, rows, dev, length, options.batch_size)
    identity = {
        "kind": "instructions",
        "lora": as_json(lora) if lora else None,
        "weights": model.fingerprint,
        "rows": _digest((*rows, *dev)),
    }
    tuned = run_steps(
        GradientSteps(gradient, options),
        start,
        RowBatches(rows, options.batch_size),
        gradient.validate,
        options,
        out=Path(out) if out else None,
        identity=identity,
        stop=stop,
        label=label,
    )
    params = method.params(model.params, placed(tuned.trainable, start))
    return Aligned(model.with_params(params).with_chat(template), tuned)


def _digest(rows: Sequence[Row]) -> str:
    """Returns a short hash of rows in order, by which a run knows its own."""
    hashed = hashlib.sha256()
    for row in rows:
        for part in (row.ids, row.segments, row.where, row.targets):
            hashed.update(np.int32(len(part)).tobytes() + part.tobytes())
    return hashed.hexdigest()[:16]
