"""Maps a method's name to its config and its training run.

The paper gives no hyper-parameters. Shapes are the original p-tuning code's (for GPT: virtual tokens before and
after the text). Of the rates only p-tuning's was compared: on the embedded sample's development split 1e-3 and
5e-3 came out alike.
"""

import dataclasses
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task
from clova_jax.tables.options import ENCODERS, METHODS
from clova_jax.tables.tuned import TunedCell
from clova_jax.tuning.options import (
    AutoPromptConfig,
    FineTuningConfig,
    LoraConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    TuneOptions,
)

_RATES = {"p_tuning": 1e-3, "prompt_tuning": 1e-2, "lora": 2e-3, "fine_tuning": 5e-4}
_SEARCH_STEPS = 150  # an AutoPrompt step tries several words


def make_cell(
    method: str,
    task: Task,
    *,
    encoder: str = "lstm",
    examples: int | None = None,
    shots: int = 0,
    steps: int = 1_000,
    batch_size: int = 16,
) -> TunedCell:
    """Makes a cell of the table with a method's usual settings.

    Raises:
        ClovaError: no such method or encoder.
    """
    if method not in METHODS:
        raise ClovaError(f"no method {method!r}; there are few_shot, {', '.join(METHODS)}")
    if encoder not in ENCODERS:
        raise ClovaError(f"no encoder {encoder!r}; there are {', '.join(ENCODERS)}")
    options = TuneOptions(
        steps=steps, batch_size=batch_size, learning_rate=_RATES.get(method, 1e-3)
    )
    if method == "autoprompt":
        options = dataclasses.replace(options, steps=min(steps, _SEARCH_STEPS))
    if method != "p_tuning":
        encoder = ""
    return TunedCell(method, encoder, _config(method, encoder, task), options, examples, shots)


def _config(method: str, encoder: str, task: Task) -> Any:
    if method == "p_tuning":
        return PromptEncoderConfig(encoder_reparameterization_type=encoder.upper())
    if method == "prompt_tuning":
        words = "".join(task.choices())  # class labels, as Lester et al. found best
        init = "TEXT" if words else "SAMPLE_VOCAB"
        return PromptTuningConfig(prompt_tuning_init=init, prompt_tuning_init_text=words)
    return {
        "autoprompt": AutoPromptConfig(),
        "lora": LoraConfig(),
        "fine_tuning": FineTuningConfig(),
    }[method]
