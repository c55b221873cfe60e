"""Tunes prompts: p-tuning and its rivals train a few vectors for a frozen model (the paper's Tables 4 and 5).

tuned = tune(lm, task, items, PromptEncoderConfig(num_virtual_tokens=20), TuneOptions(steps=500))
tuned.prompt.save("runs/prompt")
lm.generate(["…"], prompt=SoftPrompt.load("runs/prompt"))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answers": ["predictions"],
        "data": ["TuningData", "default_template"],
        "encoder_decoder": ["Writer", "train_writer"],
        "examples": ["Batches", "Example", "LEAST_DEV", "make_contexts", "split"],
        "loop": ["GradientSteps", "Tuned", "run_steps"],
        "losses": ["loss_of"],
        "methods": ["METHODS", "find_method"],
        "methods.autoprompt": ["AutoPromptConfig", "carry"],
        "methods.base": ["Method", "SoftPrompts"],
        "methods.fine_tuning": ["FineTuningConfig"],
        "methods.lora": ["LoraConfig"],
        "methods.p_tuning": ["PromptEncoderConfig"],
        "methods.prompt_tuning": ["PromptTuningConfig"],
        "options": ["TuneOptions"],
        "run": ["TunedModel", "tune", "tune_outside"],
        "state": ["placed"],
    },
)
