"""Tunes every parameter of a copy of the model (full fine-tuning, or model tuning)."""

from dataclasses import dataclass

from clova_jax.evaluate import Task
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.methods.base import Method


@dataclass(frozen=True)
class FineTuningConfig:
    """Configures full fine-tuning: every parameter of a copy of the model is trained."""

    def method(self) -> "FineTuning":
        """Returns the method."""
        return FineTuning(self)


class FineTuning(Method):
    """Trains a copy of all parameters."""

    learning_rate = 5e-4
    trains_everything = True

    @classmethod
    def usual(cls, task: Task, encoder: str) -> FineTuningConfig:
        """Returns the only config there is."""
        return FineTuningConfig()

    def init(self, model: Model, seed: int) -> Params:
        """Returns the model's parameters; the run copies them."""
        return model.params

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the trained copy."""
        return trainable


METHOD = FineTuning
