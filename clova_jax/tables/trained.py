"""Trains the models of a table that compares trainings: one after the other, each resumed where it was stopped."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.files import read_json, write_json
from clova_jax.common.stop import Stopped
from clova_jax.config import ModelConfig
from clova_jax.train import PretrainOptions, pretrain, tokens_per_second


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


def train_for(seconds: float | None, most: int, **options: Any) -> PretrainOptions:
    """Trains a model for as many tokens as this machine reads in some seconds; returns what it was trained with.

    That budget is measured once and kept in `out`: a stopped training is resumed with the same one.

    Args:
        seconds: of training, without compiling; None for `most` tokens, however long they take.
        most: tokens at most.
        **options: of `PretrainOptions`, without its budget.

    Raises:
        Stopped: a signal ended it; the same call goes on there.
    """
    row = options["global_batch"] * options["length"]
    steps, path = -(-most // row), options["out"] / "budget.json"
    if seconds is not None:
        if not path.is_file():
            pace = tokens_per_second(PretrainOptions(steps=1, **options))
            write_json(path, {"steps": max(1, int(pace * seconds / row)), "tokens a second": pace})
        steps = min(steps, read_json(path)["steps"])
    asked = PretrainOptions(steps=steps, **options)
    if not pretrain(asked):
        raise Stopped("training stopped")
    return asked
