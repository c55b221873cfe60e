"""Defines the blocks of the other Transformers: LayerNorm after each part, and GELU as BERT and ViT have it.

A post-norm block is that of Vaswani et al. 2017, BERT and GPT-1; GPT-2 and all after it put LayerNorm before each part, which
leaves a path from the loss to every layer that no LayerNorm scales down.
"""

import jax
import numpy as np
from jaxtyping import Array, Float, Float64, Int

from clova_jax.config import ModelConfig
from clova_jax.model import MLP, Attend, Block, Decoder, LayerNorm, Params
from clova_jax.parallel import ALL_AUTO, Axes


class PostNormBlock(Block):
    """Runs a layer with LayerNorm after each part: it normalises the residual stream itself."""

    def __call__(
        self,
        x: Float[Array, "B T D"],
        attend: Attend,
        positions: Int[Array, "#B T"],
        axes: Axes = ALL_AUTO,
    ) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
        """Runs the layer; arguments and result are those of `Block`."""
        mixed, keys_and_values = self.attn(x, attend, positions, axes)
        x = self.ln_1(x + mixed)
        return self.ln_2(x + self.mlp(x, axes)), keys_and_values


class PostNormDecoder(Decoder):
    """Runs a decoder of post-norm blocks (GPT-1); its last LayerNorm begins as the identity."""

    block = PostNormBlock


class PostNormConfig(ModelConfig):
    """Describes a decoder with LayerNorm after each part; a `ModelConfig` of the same sizes has it before."""

    decoder = PostNormDecoder


class FineNorm(LayerNorm):
    """Normalises with the epsilon of BERT and ViT."""

    epsilon = 1e-12


class ExactMLP(MLP):
    """Computes the feed-forward part with GELU itself, x·Φ(x), not its tanh form."""

    def activation(self, x: Array) -> Array:
        """Applies GELU."""
        return jax.nn.gelu(x, approximate=False)


class BertBlock(PostNormBlock):
    """Runs a layer of BERT."""

    feed_forward = ExactMLP
    norm = FineNorm


class ViTBlock(Block):
    """Runs a layer of ViT: LayerNorm stands before each part."""

    feed_forward = ExactMLP
    norm = FineNorm


def gradient_norms(gradients: Params) -> Float64[np.ndarray, "L"]:
    """Returns the norm of the gradient of each layer's parameters.

    Args:
        gradients: of a model's parameters, the blocks' stacked on axis 0.
    """
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(gradients["blocks"])]
    return np.sqrt(sum(np.square(leaf).reshape(len(leaf), -1).sum(axis=1) for leaf in leaves))
