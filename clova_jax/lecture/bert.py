"""Defines BERT (Devlin et al. 2019): post-norm blocks in which every token sees the complete text.

Ids are a tokenizer's, and one more, which stands for a masked token. `<|endoftext|>` begins a text, in the place of `[CLS]`, and
ends it, in that of `[SEP]`.
"""

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.lecture.blocks import BertBlock, FineNorm
from clova_jax.model import Decoder, Linear, default_dtype, parameter, run_blocks, self_attention

INIT_STD = 0.02  # BERT's


class Bert(Decoder):
    """Runs a bidirectional encoder with two heads: tokens that were masked, and one vector a text.

    Tables, stack and output table are the decoder's; the last LayerNorm belongs to the head of masked tokens.

    Args:
        config: the sizes.
        rngs: random streams.
        virtual: of `Decoder`.
    """

    block = BertBlock

    def __init__(self, config: "BertConfig", rngs: nnx.Rngs, virtual: int = 0) -> None:
        super().__init__(config, rngs, virtual)
        width = config.embed_dim
        self.sentences = parameter(INIT_STD * rngs.params.normal((2, width)), None, "embed")
        self.ln_embed, self.ln_f = FineNorm(width), FineNorm(width)
        std = 1 / math.sqrt(width)  # as `BertBlock` starts
        self.pooler = Linear({"embed": width}, {"mlp": width}, std, rngs)
        self.transform = Linear({"embed": width}, {"mlp": width}, std, rngs)

    def encode(
        self,
        ids: Int[Array, "B T"],
        segment_ids: Int[Array, "B T"],
        positions: Int[Array, "B T"] | None = None,
        sentences: Int[Array, "B T"] | None = None,
    ) -> Float[Array, "B T D"]:
        """Encodes texts.

        Args:
            ids: tokens.
            segment_ids: a token sees tokens of its own id; 0 is padding.
            positions: 0..T-1 by default.
            sentences: 0 in the first sentence of a pair, 1 in the second; all 0 by default.
        """
        mask = segment_ids[:, None, :, None] == segment_ids[:, None, None, :]
        attend = functools.partial(self_attention, mask=mask, causal=False)
        kinds = jnp.zeros_like(ids) if sentences is None else sentences
        x = self.embed(ids, None, positions, default_dtype())
        x = self.ln_embed(x + self.sentences[...][kinds].astype(x.dtype))
        where = jnp.arange(ids.shape[1])[None] if positions is None else positions
        return run_blocks(self.blocks, x, attend, where)

    def pooled(self, hidden: Float[Array, "B T D"]) -> Float[Array, "B D"]:
        """Returns the vector of each text: its first token's, through a layer of its own."""
        return jnp.tanh(self.pooler(hidden[:, 0]))

    def before_scores(self, hidden: Float[Array, "*rows D"]) -> Float[Array, "*rows D"]:
        """Returns what `logits` turns into scores of the tokens at each place."""
        return self.ln_f(jax.nn.gelu(self.transform(hidden), approximate=False))


@dataclass(frozen=True)
class BertConfig(ModelConfig):
    """Describes a BERT; of its `vocab_size` ids the last one stands for a masked token."""

    decoder = Bert

    @property
    def mask_id(self) -> int:
        """Returns the id of a masked token."""
        return self.vocab_size - 1

    @property
    def num_core_params(self) -> int:
        """Counts the parameters of blocks, LayerNorms, sentence table and both heads, exactly."""
        width = self.embed_dim
        return super().num_core_params + 2 * width + 2 * width + 2 * (width**2 + width)


def bert_like(config: ModelConfig) -> BertConfig:
    """Returns a BERT of a decoder's sizes: its own parameters beside those are two heads and three rows of tables."""
    sizes = config.num_layers, config.embed_dim, config.num_heads
    return BertConfig(*sizes, config.vocab_size + 1, config.max_length)
