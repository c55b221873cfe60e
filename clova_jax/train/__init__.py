"""Training: optimizer, state, the compiled step."""

from clova_jax.train.optimizer import AdamW, LearningRate
from clova_jax.train.state import TrainState
from clova_jax.train.step import TrainStep

__all__ = ["AdamW", "LearningRate", "TrainState", "TrainStep"]
