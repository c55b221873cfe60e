"""Tunes prompts: p-tuning and its rivals train a few vectors for a frozen model (the paper's Tables 4 and 5).

tuned = tune(lm, task, items, PromptEncoderConfig(num_virtual_tokens=20), TuneOptions(steps=500))
tuned.prompt.save("runs/prompt")
lm.generate(["…"], prompt=SoftPrompt.load("runs/prompt"))
"""

from clova_jax.inference import SoftPrompt, Template
from clova_jax.tuning.options import (
    AutoPromptConfig,
    FineTuningConfig,
    LoraConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    TuneOptions,
)
from clova_jax.tuning.tune import TunedModel, default_template, tune, tune_outside

__all__ = [
    "AutoPromptConfig",
    "FineTuningConfig",
    "LoraConfig",
    "PromptEncoderConfig",
    "PromptTuningConfig",
    "SoftPrompt",
    "Template",
    "TuneOptions",
    "TunedModel",
    "default_template",
    "tune",
    "tune_outside",
]
