"""Tunes the prompt vectors themselves (prompt tuning, Lester et al. 2021)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.methods.base import SoftPrompts
from clova_jax.tuning.options import check_at_least_one


@dataclass(frozen=True)
class PromptTuningConfig:
    """Configures prompt tuning, in PEFT's field names.

    Args:
        num_virtual_tokens: prompt vectors.
        prompt_tuning_init: where they start: "RANDOM" (normal, as the token table started), "SAMPLE_VOCAB"
            (tokens drawn from the vocabulary) or "TEXT" (the tokens of a text, repeated or cut to fit).
        prompt_tuning_init_text: the text, the label words for instance.
    """

    num_virtual_tokens: int = 20
    prompt_tuning_init: Literal["RANDOM", "SAMPLE_VOCAB", "TEXT"] = "SAMPLE_VOCAB"
    prompt_tuning_init_text: str = ""

    def __post_init__(self) -> None:
        check_at_least_one(self, "num_virtual_tokens")
        if self.prompt_tuning_init not in ("RANDOM", "SAMPLE_VOCAB", "TEXT"):
            raise ClovaError(
                f"prompt_tuning_init={self.prompt_tuning_init!r}: RANDOM, SAMPLE_VOCAB or TEXT"
            )
        if (self.prompt_tuning_init == "TEXT") != bool(self.prompt_tuning_init_text):
            raise ClovaError("prompt_tuning_init_text: a text for TEXT, and only then")

    def method(self) -> "PromptTuning":
        """Returns the method with these settings."""
        return PromptTuning(self)


class PromptTuning(SoftPrompts):
    """Trains the prompt vectors themselves."""

    learning_rate = 1e-2

    @classmethod
    def usual(cls, task: Task, encoder: str) -> PromptTuningConfig:
        """Starts at the class labels, as Lester et al. found best, or at random tokens where there are none."""
        words = "".join(task.choices())
        init = "TEXT" if words else "SAMPLE_VOCAB"
        return PromptTuningConfig(prompt_tuning_init=init, prompt_tuning_init_text=words)

    def init(self, model: Model, seed: int) -> Params:
        """Returns the vectors at their start.

        Raises:
            ClovaError: the tokens of `prompt_tuning_init_text` are none.
        """
        config, count = self.config, self.config.num_virtual_tokens
        random = np.random.default_rng(seed)
        if config.prompt_tuning_init == "RANDOM":
            shape = (count, model.config.embed_dim)
            return {"embedding": np.float32(0.02) * random.standard_normal(shape, np.float32)}
        if config.prompt_tuning_init == "TEXT":
            ids = model.tokenizer.encode(config.prompt_tuning_init_text)
            if not ids:
                raise ClovaError(
                    f"prompt_tuning_init_text={config.prompt_tuning_init_text!r}: no tokens"
                )
            ids = np.resize(np.array(ids), count)
        else:
            ids = random.integers(0, model.config.vocab_size, count)
        return {"embedding": np.asarray(model.params["embedding"], np.float32)[ids]}

    @property
    def works_outside(self) -> bool:
        """Returns True for a random start; the others begin at rows of the token table."""
        return self.config.prompt_tuning_init == "RANDOM"


METHOD = PromptTuning
