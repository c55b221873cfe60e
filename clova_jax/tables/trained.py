"""Trains the models of a table that compares trainings: one after the other, each resumed where it was stopped."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.stop import Stopped
from clova_jax.config import ModelConfig
from clova_jax.train import PretrainOptions, pretrain


@dataclass(frozen=True)
class Training:
    """Describes one model of a table.

    Args:
        name: in the rows.
        options: of its pre-training; the model is written to `options.out / "model"`.
        config: a shape of its own instead of the options'.
    """

    name: str
    options: PretrainOptions
    config: ModelConfig | None = None


def train_models(trainings: Sequence[Training]) -> list[Path]:
    """Trains the models that are not finished; returns their directories, in order.

    Raises:
        Stopped: a signal ended a training; the same call goes on there.
    """
    for number, training in enumerate(trainings, 1):
        print(f"model {number} of {len(trainings)}: {training.name}", file=sys.stderr, flush=True)
        if not pretrain(training.options, training.config):
            raise Stopped("training stopped")
    return [training.options.out / "model" for training in trainings]
