"""Defines what each method trains, and how a model's parameters follow from it. The model's own are never changed.

A method has `init(model, seed) -> trainable`, a nested dict of float32 arrays, and
`params(base, trainable) -> Params`, traceable: the parameters to run the decoder with.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.encoders import init_encoder, prompt_vectors
from clova_jax.tuning.options import (
    AutoPromptConfig,
    FineTuningConfig,
    LoraConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
)


class Method(Protocol):
    """Defines a way to tune a model."""

    config: Any

    def init(self, model: Model, seed: int) -> Params:
        """Returns what is trained, at its start."""

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the parameters to run the model with."""


@dataclass(frozen=True)
class SoftPrompts:
    """Trains virtual tokens beside a frozen model's own: p-tuning, prompt tuning, AutoPrompt."""

    config: PromptEncoderConfig | PromptTuningConfig | AutoPromptConfig

    def init(self, model: Model, seed: int) -> Params:
        """Returns an encoder, or the bare vectors.

        Raises:
            ClovaError: the tokens of `prompt_tuning_init_text` are none.
        """
        config, width = self.config, model.config.embed_dim
        if isinstance(config, PromptEncoderConfig):
            return init_encoder(config, width, seed)
        count = config.num_virtual_tokens
        if isinstance(config, AutoPromptConfig):  # `autoprompt.search` draws its own start
            return {"embedding": np.zeros((count, width), np.float32)}
        if config.prompt_tuning_init == "RANDOM":
            random = np.random.default_rng(seed)
            return {
                "embedding": np.float32(0.02) * random.standard_normal((count, width), np.float32)
            }
        if config.prompt_tuning_init == "TEXT":
            ids = model.tokenizer.encode(config.prompt_tuning_init_text)
            if not ids:
                raise ClovaError(
                    f"prompt_tuning_init_text={config.prompt_tuning_init_text!r}: no tokens"
                )
            ids = np.resize(np.array(ids), count)
        else:
            ids = np.random.default_rng(seed).integers(0, model.config.vocab_size, count)
        return {"embedding": np.asarray(model.params["embedding"], np.float32)[ids]}

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the frozen parameters with the prompt vectors beside them."""
        return base | {"virtual": prompt_vectors(trainable)}


@dataclass(frozen=True)
class Lora:
    """Trains LoRA: the frozen kernels plus a product of rank r, which is zero at the start."""

    config: LoraConfig

    def init(self, model: Model, seed: int) -> Params:
        """Draws `a` uniformly as torch's linear layers do, and sets `b` to zero."""
        trainable: Params = {}
        random, rank = np.random.default_rng(seed), self.config.r
        for name in self.config.target_modules:
            kernel = _kernel(model.params, name)
            layers, inputs, outputs = _matrix_shape(kernel.shape, name)
            bound = 1 / math.sqrt(inputs)
            a = random.uniform(-bound, bound, (layers, inputs, rank)).astype(np.float32)
            trainable[name] = {"a": a, "b": np.zeros((layers, rank, outputs), np.float32)}
        return trainable

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the parameters with the products added."""
        blocks = base["blocks"]
        for name, pair in trainable.items():
            kernel = _kernel({"blocks": blocks}, name)
            change = jnp.einsum("lir,lro->lio", pair["a"], pair["b"]).reshape(kernel.shape)
            merged = kernel + self.config.lora_alpha / self.config.r * change
            part = "attn" if name in ("qkv", "out") else "mlp"
            layer = blocks[part][name] | {"kernel": merged}
            blocks = blocks | {part: blocks[part] | {name: layer}}
        return base | {"blocks": blocks}


@dataclass(frozen=True)
class FineTuning:
    """Trains a copy of all parameters (model tuning)."""

    config: FineTuningConfig = FineTuningConfig()

    def init(self, model: Model, seed: int) -> Params:
        """Returns the model's parameters; the run copies them."""
        return model.params

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the trained copy."""
        return trainable


def make_method(config: Any) -> Method:
    """Returns the method that a config asks for."""
    if isinstance(config, LoraConfig):
        return Lora(config)
    return FineTuning(config) if isinstance(config, FineTuningConfig) else SoftPrompts(config)


def _kernel(params: Params, name: str) -> Any:
    return params["blocks"]["attn" if name in ("qkv", "out") else "mlp"][name]["kernel"]


def _matrix_shape(shape: tuple[int, ...], name: str) -> tuple[int, int, int]:
    """Returns layers, inputs and outputs of stacked kernels: heads are inputs of "out", outputs of "qkv"."""
    inputs = math.prod(shape[1:-1]) if name == "out" else shape[1]
    return shape[0], inputs, math.prod(shape[1:]) // inputs
