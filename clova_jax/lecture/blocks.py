"""Defines the blocks of the other Transformers: LayerNorm after each part, and GELU as BERT and ViT have it.

A post-norm block is that of Vaswani et al. 2017, BERT and GPT-1; GPT-2 and all after it put LayerNorm before each part, which
leaves a path from the loss to every layer that no LayerNorm scales down.
"""

import math

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Float64, Int

from clova_jax.config import ModelConfig
from clova_jax.model import MLP, Attend, Block, Decoder, LayerNorm, Params, parameter
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
    """Runs a layer of BERT.

    Its weights start as wide as the stream is, which LayerNorm keeps at 1 (Glorot and Bengio 2010): BERT's 0.02 is nearly that at
    its width of 768, and far too little for small ones.
    """

    feed_forward = ExactMLP
    norm = FineNorm

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        super().__init__(config, rngs)
        narrow, wide = config.embed_dim, config.mlp_dim
        for part, ends in (
            (self.attn.qkv, 2 * narrow),
            (self.attn.out, 2 * narrow),
            (self.mlp.up, narrow + wide),
            (self.mlp.down, narrow + wide),
        ):
            start = math.sqrt(2 / ends) * rngs.params.normal(part.kernel.shape)
            part.kernel = parameter(start, *part.kernel.out_sharding)


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
