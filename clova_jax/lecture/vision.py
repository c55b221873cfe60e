"""Defines ViT (Dosovitskiy et al. 2021): a picture is cut into patches, and a patch is a token.

What a patch is cut from is all the same to it: `classify` reads digits, the cells of a maze, and the moments of a sound.
"""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Float, Float32, Int

from clova_jax.config import ModelConfig
from clova_jax.lecture.blocks import FineNorm, ViTBlock
from clova_jax.model import (
    Decoder,
    Linear,
    Params,
    bind,
    default_dtype,
    parameter,
    run_blocks,
    self_attention,
)

INIT_STD = 0.02  # ViT's


class ViT(Decoder):
    """Runs an encoder over patches, with a token of its own before them that gathers what is asked for.

    Stack and output table are the decoder's: the rows of its token table are the classes.

    Args:
        config: the sizes.
        rngs: random streams.
        virtual: of `Decoder`.
    """

    block = ViTBlock

    def __init__(self, config: "ViTConfig", rngs: nnx.Rngs, virtual: int = 0) -> None:
        super().__init__(config, rngs, virtual)
        width = config.embed_dim
        self.patch = Linear({None: config.patch_dim}, {"embed": width}, INIT_STD, rngs)
        self.first = parameter(INIT_STD * rngs.params.normal((width,)), "embed")
        self.ln_f = FineNorm(width)

    def encode(self, patches: Float[Array, "B P C"]) -> Float[Array, "B T D"]:
        """Encodes pictures; the first of the T = P + 1 vectors is that of the token before the patches."""
        rows = self.patch(patches.astype(default_dtype()))
        first = jnp.broadcast_to(self.first[...].astype(rows.dtype), (len(rows), 1, rows.shape[-1]))
        x = self.embed(None, jnp.concatenate([first, rows], axis=1), None, rows.dtype)
        time = x.shape[1]
        mask = jnp.ones((1, 1, 1, time), bool)
        attend = functools.partial(self_attention, mask=mask, causal=False)
        return self.ln_f(run_blocks(self.blocks, x, attend, jnp.arange(time)[None]))

    def classify(self, patches: Float[Array, "B P C"]) -> Float[Array, "B classes"]:
        """Returns the score of each class."""
        return self.logits(self.encode(patches)[:, 0])


@dataclass(frozen=True)
class ViTConfig(ModelConfig):
    """Describes a ViT: `vocab_size` classes, and `max_length` is the number of patches and one.

    Args:
        patch_dim: numbers of a patch.
    """

    patch_dim: int = 1

    decoder = ViT

    @property
    def num_core_params(self) -> int:
        """Counts the parameters of the blocks, the last LayerNorm, the patches' layer and the first token, exactly."""
        return super().num_core_params + (self.patch_dim + 2) * self.embed_dim


def cut_patches(
    pictures: Float[np.ndarray, "n H W C"], size: int
) -> Float32[np.ndarray, "n P size*size*C"]:
    """Cuts pictures into squares, row by row; height and width are multiples of `size`."""
    count, height, width, channels = pictures.shape
    grid = pictures.reshape(count, height // size, size, width // size, size, channels)
    rows = grid.swapaxes(2, 3).reshape(count, -1, size * size * channels)
    return rows.astype(np.float32)


def label_loss(params: Params, config: ViTConfig, batch: dict[str, Array]) -> Float[Array, ""]:
    """Returns the cross-entropy, in nats, of `labels` int[B] given `patches` float[B,P,C]."""
    scores = bind(config, params).classify(batch["patches"])
    return optax.softmax_cross_entropy_with_integer_labels(scores, batch["labels"]).mean()


def classify(
    params: Params, config: ViTConfig, patches: Float[np.ndarray, "n P C"]
) -> Int[np.ndarray, "n"]:
    """Returns the likeliest class of each picture."""
    return np.asarray(_scores(params, config, patches).argmax(axis=1))


@functools.partial(jax.jit, static_argnums=1)
def _scores(
    params: Params, config: ViTConfig, patches: Float[Array, "n P C"]
) -> Float[Array, "n classes"]:
    return bind(config, params).classify(patches)
