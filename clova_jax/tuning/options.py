"""Configures tuning methods, in PEFT's field names, and training runs."""

from dataclasses import dataclass
from typing import Literal

from clova_jax.common.errors import ClovaError

LORA_TARGETS = ("qkv", "out", "up", "down")


@dataclass(frozen=True)
class PromptEncoderConfig:
    """Configures p-tuning (Liu et al. 2021; the paper's Table 4): a small network makes the prompt vectors.

    The paper gives no hyper-parameters; the networks are those of the original code, as PEFT has them.

    Args:
        num_virtual_tokens: prompt vectors.
        encoder_reparameterization_type: "LSTM" (bidirectional, then two linear layers) or "MLP" (three).
        encoder_hidden_size: units of a layer, per direction of the LSTM; the model's width by default.
        encoder_num_layers: of the LSTM.
    """

    num_virtual_tokens: int = 20
    encoder_reparameterization_type: Literal["LSTM", "MLP"] = "LSTM"
    encoder_hidden_size: int | None = None
    encoder_num_layers: int = 2

    def __post_init__(self) -> None:
        _at_least_one(self, "num_virtual_tokens", "encoder_num_layers", "encoder_hidden_size")
        if self.encoder_reparameterization_type not in ("LSTM", "MLP"):
            raise ClovaError(
                f"encoder_reparameterization_type={self.encoder_reparameterization_type!r}: LSTM or MLP"
            )


@dataclass(frozen=True)
class PromptTuningConfig:
    """Configures prompt tuning (Lester et al. 2021): the prompt vectors themselves are trained.

    Args:
        num_virtual_tokens: prompt vectors.
        prompt_tuning_init: where they start: "RANDOM" (normal, as the token table started), "SAMPLE_VOCAB"
            (tokens drawn from the vocabulary) or "TEXT" (the tokens of a text, repeated or cut to fit).
        prompt_tuning_init_text: the text, the label words say.
    """

    num_virtual_tokens: int = 20
    prompt_tuning_init: Literal["RANDOM", "SAMPLE_VOCAB", "TEXT"] = "SAMPLE_VOCAB"
    prompt_tuning_init_text: str = ""

    def __post_init__(self) -> None:
        _at_least_one(self, "num_virtual_tokens")
        if self.prompt_tuning_init not in ("RANDOM", "SAMPLE_VOCAB", "TEXT"):
            raise ClovaError(
                f"prompt_tuning_init={self.prompt_tuning_init!r}: RANDOM, SAMPLE_VOCAB or TEXT"
            )
        if (self.prompt_tuning_init == "TEXT") != bool(self.prompt_tuning_init_text):
            raise ClovaError("prompt_tuning_init_text: a text for TEXT, and only then")


@dataclass(frozen=True)
class AutoPromptConfig:
    """Configures AutoPrompt (Shin et al. 2020): the prompt is made of words, found by gradients.

    Args:
        num_virtual_tokens: words.
        candidates: tried for the place of one word in a step.
    """

    num_virtual_tokens: int = 10
    candidates: int = 8

    def __post_init__(self) -> None:
        _at_least_one(self, "num_virtual_tokens", "candidates")


@dataclass(frozen=True)
class LoraConfig:
    """Configures LoRA (Hu et al. 2021): a product of two low-rank matrices is added to frozen kernels.

    Args:
        r: their rank.
        lora_alpha: the product counts alpha / r times.
        target_modules: of "qkv" (PEFT's `c_attn`, its default for GPT-2), "out", "up", "down".
    """

    r: int = 8
    lora_alpha: float = 16.0
    target_modules: tuple[str, ...] = ("qkv",)

    def __post_init__(self) -> None:
        _at_least_one(self, "r")
        if not self.target_modules or set(self.target_modules) - set(LORA_TARGETS):
            raise ClovaError(
                f"target_modules={self.target_modules}: wants some of {', '.join(LORA_TARGETS)}"
            )


@dataclass(frozen=True)
class FineTuningConfig:
    """Configures full fine-tuning: every parameter of a copy of the model is trained."""


@dataclass(frozen=True)
class TuneOptions:
    """Configures a training run on a few examples.

    Args:
        steps: at most so many updates.
        batch_size: examples an update.
        learning_rate: peak; linear warm-up over a twentieth, then a cosine to a tenth.
        weight_decay: AdamW's.
        evaluate_every: steps between two validations on the development split.
        patience: validations without a better loss before the run stops.
        seed: of start and order.
    """

    steps: int = 1_000
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    evaluate_every: int = 50
    patience: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        _at_least_one(self, "steps", "batch_size", "evaluate_every", "patience")


def _at_least_one(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value is not None and value < 1:
            raise ClovaError(f"{name}={value}: wants 1 or more")
