"""Tunes prompts: p-tuning and its rivals train a few vectors for a frozen model (the paper's Tables 4 and 5).

tuned = tune(lm, task, items, PromptEncoderConfig(num_virtual_tokens=20), TuneOptions(steps=500))
tuned.prompt.save("runs/prompt")
lm.generate(["…"], prompt=SoftPrompt.load("runs/prompt"))
"""

import importlib
from typing import Any

# Loaded when first used, so that a command's help can list the methods before JAX is there.
_HOMES = {
    "AutoPromptConfig": "clova_jax.tuning.methods.autoprompt",
    "FineTuningConfig": "clova_jax.tuning.methods.fine_tuning",
    "LoraConfig": "clova_jax.tuning.methods.lora",
    "Method": "clova_jax.tuning.methods.base",
    "PromptEncoderConfig": "clova_jax.tuning.methods.p_tuning",
    "PromptTuningConfig": "clova_jax.tuning.methods.prompt_tuning",
    "SoftPrompt": "clova_jax.inference",
    "SoftPrompts": "clova_jax.tuning.methods.base",
    "Template": "clova_jax.inference",
    "TuneOptions": "clova_jax.tuning.options",
    "TunedModel": "clova_jax.tuning.run",
    "default_template": "clova_jax.tuning.data",
    "tune": "clova_jax.tuning.run",
    "tune_outside": "clova_jax.tuning.run",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clova_jax.tuning' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
