"""Trains language models: the optimizer, the train state, the compiled step."""

import importlib
from typing import Any

# Loaded when first used, so that `clova pretrain` can say what it does before JAX is there.
_HOMES = {
    "LearningRate": "clova_jax.train.optimizer",
    "adamw": "clova_jax.train.optimizer",
    "TrainState": "clova_jax.train.state",
    "TrainStep": "clova_jax.train.step",
}
__all__ = ["LearningRate", "TrainState", "TrainStep", "adamw"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clova_jax.train' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
