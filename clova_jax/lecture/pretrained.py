"""Holds a pre-trained model of either kind, encodes texts for it, and gives its vector of each.

BERT's is that of the first token, which sees the complete text; a decoder's that of the last one, which alone has seen it (GPT-1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.evaluate import Item, Task
from clova_jax.lecture.bert import BertConfig
from clova_jax.model import Params, bind, model_fingerprint, weights_hash
from clova_jax.tokenizers import Tokenizer


@dataclass(frozen=True)
class Pretrained:
    """Holds a decoder or a BERT to fine-tune.

    Args:
        config, params: of it.
        tokenizer: its ids, but for BERT's one of a masked token.
    """

    config: ModelConfig
    params: Params
    tokenizer: Tokenizer

    @cached_property
    def fingerprint(self) -> str:
        """Returns a short hash of shape, tokenizer and weights."""
        return model_fingerprint(self.config, self.tokenizer, weights_hash(self.params))


@dataclass(frozen=True)
class Text:
    """Holds a text to classify: its ids, and the number of its label."""

    context: tuple[int, ...]
    label: int


def encode_texts(task: Task, items: Sequence[Item], model: Pretrained) -> list[Text]:
    """Returns items as ids between two `<|endoftext|>`; of what is longer than the context the beginning stays."""
    labels, end = list(task.labels), model.tokenizer.end_of_text
    rows = model.tokenizer.encode_batch([item.text for item in items])
    return [
        Text((end, *ids[: model.config.max_length - 2], end), labels.index(item.answers[0]))
        for item, ids in zip(items, rows, strict=True)
    ]


def text_vectors(
    params: Params, config: ModelConfig, ids: Int[Array, "B T"], lengths: Int[Array, "B"]
) -> Float[Array, "B D"]:
    """Returns the vector of each text, float32.

    Args:
        params, config: of a decoder or a BERT.
        ids: tokens, padded at their ends.
        lengths: tokens of each that are no padding.
    """
    model = bind(config, params)
    if isinstance(config, BertConfig):
        inside = jnp.arange(ids.shape[1]) < lengths[:, None]
        vectors = model.pooled(model.encode(ids, inside.astype(jnp.int32)))
    else:
        vectors = model(ids, at=lengths[:, None] - 1, frozen=False)[0][:, 0]
    return vectors.astype(jnp.float32)
