"""Trains language models: the optimizer, the train state, the compiled step."""

from clova_jax.common.lazy import lazy_names

__all__, __getattr__ = lazy_names(
    __name__,
    {
        "optimizer": ["LearningRate", "adamw"],
        "state": ["TrainState"],
        "step": ["TrainStep"],
    },
)
