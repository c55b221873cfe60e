"""Trains language models: the optimizer, the train state, the compiled step."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoint": ["Checkpoints"],
        "hooks": ["Best", "EarlyStop", "MeanLoss", "ProgressBar", "SkippedSteps"],
        "optimizer": ["LearningRate", "adamw", "apply_gradients", "fresh_state"],
        "options": ["PretrainOptions"],
        "pace": ["tokens_per_second"],
        "pretraining": ["pretrain"],
        "run": ["TrainingRun"],
        "state": ["TrainState", "on_host"],
        "step": ["TrainStep"],
        "trainer": ["Hook", "Run", "train"],
    },
)
