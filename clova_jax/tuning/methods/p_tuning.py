"""Tunes a small network that makes the prompt vectors (p-tuning, Liu et al. 2021; the paper's Table 4).

The network, an encoder, turns a table of pseudo-token embeddings into prompt vectors: LSTM and MLP, as in PEFT's
`PromptEncoder`. It is a nested dict of float32 arrays; which one it is shows in its keys. Fresh weights are drawn as
torch draws them: normal embeddings, and everything else uniform within 1/sqrt(fan in).
"""

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.methods.base import SoftPrompts
from clova_jax.tuning.options import check_at_least_one


@dataclass(frozen=True)
class PromptEncoderConfig:
    """Configures p-tuning, in PEFT's field names.

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
        check_at_least_one(self, "num_virtual_tokens", "encoder_num_layers", "encoder_hidden_size")
        if self.encoder_reparameterization_type not in ("LSTM", "MLP"):
            raise ClovaError(
                f"encoder_reparameterization_type={self.encoder_reparameterization_type!r}: LSTM or MLP"
            )

    def method(self) -> "PTuning":
        """Returns the method with these settings."""
        return PTuning(self)


class PTuning(SoftPrompts):
    """Trains an encoder of prompt vectors."""

    learning_rate = 1e-3
    encoders = ("lstm", "mlp")

    @classmethod
    def usual(cls, task: Task, encoder: str) -> PromptEncoderConfig:
        """Returns the shapes of the original code for GPT, with this encoder."""
        return PromptEncoderConfig(encoder_reparameterization_type=encoder.upper())

    def init(self, model: Model, seed: int) -> Params:
        """Returns an encoder with fresh weights."""
        return init_encoder(self.config, model.config.embed_dim, seed)

    def vectors(self, trainable: Params) -> Float[Array, "P D"]:
        """Returns the prompt vectors that the encoder makes."""
        return encode(trainable)

    @property
    def works_outside(self) -> bool:
        """Returns True: an encoder starts at random."""
        return True


def init_encoder(config: PromptEncoderConfig, embed_dim: int, seed: int) -> Params:
    """Draws fresh weights of an encoder for a model of width `embed_dim`."""
    random = np.random.default_rng(seed)
    hidden = config.encoder_hidden_size or embed_dim

    def uniform(shape: tuple[int, ...], fan_in: int) -> np.ndarray:
        bound = 1 / math.sqrt(fan_in)
        return random.uniform(-bound, bound, shape).astype(np.float32)

    def linear(inputs: int, outputs: int) -> Params:
        return {"kernel": uniform((inputs, outputs), inputs), "bias": uniform((outputs,), inputs)}

    encoder: Params = {
        "embedding": random.standard_normal((config.num_virtual_tokens, embed_dim), np.float32)
    }
    if config.encoder_reparameterization_type == "MLP":
        widths = (embed_dim, hidden, hidden, embed_dim)
    else:
        inputs = [embed_dim] + [2 * hidden] * (config.encoder_num_layers - 1)
        encoder["lstm"] = {
            str(number): {
                "kernel": uniform((2, width, 4 * hidden), hidden),
                "recurrent": uniform((2, hidden, 4 * hidden), hidden),
                "bias": uniform((2, 4 * hidden), hidden) + uniform((2, 4 * hidden), hidden),
            }
            for number, width in enumerate(inputs)
        }
        widths = (2 * hidden, 2 * hidden, embed_dim)
    encoder["mlp"] = {
        str(number): linear(a, b) for number, (a, b) in enumerate(itertools.pairwise(widths))
    }
    return encoder


@jax.jit
def encode(encoder: Params) -> Float[Array, "P D"]:
    """Computes the prompt vectors of an encoder."""
    x = encoder["embedding"]
    for number in range(len(encoder.get("lstm", ()))):
        x = _bidirectional(encoder["lstm"][str(number)], x)
    layers = len(encoder.get("mlp", ()))
    for number in range(layers):
        p = encoder["mlp"][str(number)]
        x = x @ p["kernel"] + p["bias"]
        if number < layers - 1:
            x = jax.nn.relu(x)
    return x


def _bidirectional(p: Params, x: Float[Array, "P I"]) -> Float[Array, "P 2H"]:
    """Runs one LSTM layer, forwards and backwards; gates in torch's order: input, forget, cell, output."""
    inputs = jnp.stack([x, x[::-1]])  # both directions at once: [2,P,I]
    given = jnp.einsum("dpi,dig->pdg", inputs, p["kernel"]) + p["bias"]

    def step(carry: tuple[Array, Array], given: Array) -> tuple[tuple[Array, Array], Array]:
        hidden, cell = carry
        gates = given + jnp.einsum("dh,dhg->dg", hidden, p["recurrent"])
        enter, forget, new, out = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(new)
        hidden = jax.nn.sigmoid(out) * jnp.tanh(cell)
        return (hidden, cell), hidden

    start = jnp.zeros(p["recurrent"].shape[:2])
    _, states = jax.lax.scan(step, (start, start), given)
    return jnp.concatenate([states[:, 0], states[::-1, 1]], axis=-1)


METHOD = PTuning
