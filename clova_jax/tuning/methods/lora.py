"""Tunes low-rank matrices beside frozen kernels (LoRA, Hu et al. 2021)."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.methods.base import Method
from clova_jax.tuning.options import check_at_least_one

TARGETS = {"qkv": "attn", "out": "attn", "up": "mlp", "down": "mlp"}  # and the module of each


@dataclass(frozen=True)
class LoraConfig:
    """Configures LoRA, in PEFT's field names: a product of two low-rank matrices is added to frozen kernels.

    Args:
        r: their rank.
        lora_alpha: the product counts alpha / r times.
        target_modules: of "qkv" (PEFT's `c_attn`, its default for GPT-2), "out", "up", "down".
    """

    r: int = 8
    lora_alpha: float = 16.0
    target_modules: tuple[str, ...] = ("qkv",)

    def __post_init__(self) -> None:
        check_at_least_one(self, "r")
        if not self.target_modules or set(self.target_modules) - set(TARGETS):
            raise ClovaError(
                f"target_modules={self.target_modules}: wants some of {', '.join(TARGETS)}"
            )

    def method(self) -> "Lora":
        """Returns the method with these settings."""
        return Lora(self)


class Lora(Method):
    """Trains the matrices; their product is zero at the start."""

    learning_rate = 2e-3

    @classmethod
    def usual(cls, task: Task, encoder: str) -> LoraConfig:
        """Returns the defaults."""
        return LoraConfig()

    def init(self, model: Model, seed: int) -> Params:
        """Draws `a` uniformly as torch's linear layers do, and sets `b` to zero."""
        trainable: Params = {}
        random, rank = np.random.default_rng(seed), self.config.r
        for name in self.config.target_modules:
            kernel = model.params["blocks"][TARGETS[name]][name]["kernel"]
            layers, inputs, outputs = _matrix_shape(kernel.shape, name)
            bound = 1 / math.sqrt(inputs)
            a = random.uniform(-bound, bound, (layers, inputs, rank)).astype(np.float32)
            trainable[name] = {"a": a, "b": np.zeros((layers, rank, outputs), np.float32)}
        return trainable

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the parameters with the products added."""
        blocks = base["blocks"]
        for name, pair in trainable.items():
            module = TARGETS[name]
            kernel = blocks[module][name]["kernel"]
            change = jnp.einsum("lir,lro->lio", pair["a"], pair["b"]).reshape(kernel.shape)
            merged = kernel + self.config.lora_alpha / self.config.r * change
            layer = blocks[module][name] | {"kernel": merged}
            blocks = blocks | {module: blocks[module] | {name: layer}}
        return base | {"blocks": blocks}


def _matrix_shape(shape: tuple[int, ...], name: str) -> tuple[int, int, int]:
    """Returns layers, inputs and outputs of stacked kernels: heads are inputs of "out", outputs of "qkv"."""
    inputs = math.prod(shape[1:-1]) if name == "out" else shape[1]
    return shape[0], inputs, math.prod(shape[1:]) // inputs


METHOD = Lora
