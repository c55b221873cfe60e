"""Defines an encoder-decoder of the decoder's own blocks (Vaswani et al. 2017, with LayerNorm before each part).

The encoder's blocks see the complete source. The decoder's see the target so far and, between attention and feed-forward, the
encoded source. Positions are learned and the token table is shared, as everywhere here. Beside the paper's models it stands for
mT5, which has relative positions.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model.attention import cached_attention, causal_mask, self_attention
from clova_jax.model.cache import Cache
from clova_jax.model.decoder import Decoder, default_dtype
from clova_jax.model.modules import Attend, Attention, Block, LayerNorm
from clova_jax.model.stack import make_blocks, run_blocks


class Source(NamedTuple):
    """Holds what the decoder's layers attend to of an encoded source.

    Args:
        keys, values: [L, B, S, N, H].
        mask: True where the source is no padding.
    """

    keys: Float[Array, "L B S N H"]
    values: Float[Array, "L B S N H"]
    mask: Bool[Array, "B 1 1 S"]


class CrossBlock(Block):
    """Runs a layer of the decoder: a `Block` with attention over the source before its feed-forward part."""

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        super().__init__(config, rngs)
        self.ln_source = LayerNorm(config.embed_dim)
        self.cross = Attention(config, rngs)

    def __call__(
        self,
        x: Float[Array, "B T D"],
        attend: Attend,
        positions: Int[Array, "#B T"],
        over: Attend,
    ) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
        """Runs the layer.

        Args:
            x, attend, positions: as `Block` takes them.
            over: attends to the source; of query, key and value it takes the query.

        Returns:
            The residual stream after the layer, and the keys and values of `x` for a cache.
        """
        mixed, keys_and_values = self.attn(self.ln_1(x), attend, positions)
        x = x + mixed
        x = x + self.cross(self.ln_source(x), over, positions)[0]
        return x + self.mlp(self.ln_2(x)), keys_and_values


class EncoderDecoder(Decoder):
    """Runs an encoder-decoder: a `Decoder` of cross blocks, and a stack of plain blocks before it.

    Args:
        config: the sizes, `encoder_layers` among them.
        rngs: random streams.
        virtual: of `Decoder`.
    """

    block = CrossBlock

    def __init__(self, config: "EncoderDecoderConfig", rngs: nnx.Rngs, virtual: int = 0) -> None:
        super().__init__(config, rngs, virtual)
        self.encoder = make_blocks(Block, config, config.encoder_layers, rngs)
        self.ln_encoder = LayerNorm(config.embed_dim)

    def encode(self, ids: Int[Array, "B S"], lengths: Int[Array, "B"]) -> Source:
        """Encodes sources.

        Args:
            ids: tokens, padded at their ends.
            lengths: tokens of each that are no padding.
        """
        positions = jnp.arange(ids.shape[1])[None]
        mask = (positions < lengths[:, None])[:, None, None]
        attend = functools.partial(self_attention, mask=mask, causal=False)
        x = self.embed(ids, None, None, default_dtype())
        x = self.ln_encoder(run_blocks(self.encoder, x, attend, positions))

        def keys_and_values(_: None, block: CrossBlock) -> tuple[None, tuple[Array, Array]]:
            return None, block.cross(x, attend, positions)[1]

        return Source(*jax.lax.scan(keys_and_values, None, self.blocks)[1], mask)

    def decode(
        self, ids: Int[Array, "B T"], source: Source, cache: Cache
    ) -> tuple[Float[Array, "B T D"], Cache]:
        """Runs the tokens of targets that follow those in a cache.

        Returns:
            hidden [B,T,D] after the last LayerNorm, and the cache with the new entries.
        """
        time = ids.shape[1]
        positions = cache.next_positions[:, None] + jnp.arange(time)
        mask = causal_mask(time)

        def body(x: Array, layer: tuple) -> tuple[Array, tuple[Array, Array]]:
            block, keys, values, *of_source = layer
            rows = (keys, values, cache.lengths)
            attend = functools.partial(cached_attention, mask=mask, rows=rows, prefix=None)

            def over(query: Array, *_: Array) -> Array:
                return jax.nn.dot_product_attention(query, *of_source, mask=source.mask)

            return block(x, attend, positions, over)

        x = self.embed(ids, None, positions, default_dtype())
        layers = (self.blocks, cache.keys, cache.values, source.keys, source.values)
        x, (keys, values) = jax.lax.scan(body, x, layers)
        return self.ln_f(x), cache.append(keys, values, None)


@dataclass(frozen=True)
class EncoderDecoderConfig(ModelConfig):
    """Describes an encoder-decoder; `num_layers` are the decoder's.

    Args:
        encoder_layers: blocks of the encoder.
    """

    encoder_layers: int = 1

    decoder = EncoderDecoder

    @property
    def num_core_params(self) -> int:
        """Counts the parameters of all blocks and of the LayerNorms after them, exactly."""
        width = self.embed_dim
        cross = self.num_layers * (4 * width**2 + 6 * width)
        plain = self.replace(num_layers=self.num_layers + self.encoder_layers)
        return super(EncoderDecoderConfig, plain).num_core_params + 2 * width + cross


def equal_size(config: ModelConfig, length: int) -> EncoderDecoderConfig:
    """Returns an encoder-decoder with about the parameters of a model: half its layers encode, and fewer decode.

    Args:
        config: of the model; width, heads and vocabulary are taken over.
        length: of the longest source or target, in tokens.
    """
    encoder = max(1, config.num_layers // 2)
    # A layer with attention over the source has 16 D² parameters, one without 12 D².
    decoder = max(1, round(0.75 * (config.num_layers - encoder)))
    return EncoderDecoderConfig(
        decoder, config.embed_dim, config.num_heads, config.vocab_size, length, encoder
    )
