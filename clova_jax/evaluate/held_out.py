"""Measures how well a model predicts held-out documents, in bits per byte, which compares models of any tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.intervals import Interval, interval
from clova_jax.inference import Model, score_tokens


@dataclass(frozen=True)
class Costs:
    """Holds what documents cost a model.

    Args:
        bits: of all tokens of each document.
        bytes: of its text, UTF-8.
        tokens: that it was cut into.
    """

    bits: Float64[np.ndarray, "n"]
    bytes: Int64[np.ndarray, "n"]
    tokens: Int64[np.ndarray, "n"]

    def bits_per_byte(self, seed: int = 0) -> Interval:
        """Returns all bits over all bytes, with a 95% interval (bootstrap over documents)."""
        rows = np.stack([self.bits, self.bytes], axis=1).astype(np.float64)
        return interval(
            [rows], lambda sums: float(sums[0] / sums[1]), bounds=(0, np.inf), seed=seed
        )


def score_documents(model: Model, texts: Sequence[str], length: int) -> Costs:
    """Computes the bits of documents; the first token follows `<|endoftext|>`, and the one after the last is not asked.

    A longer document is read in windows of `length` tokens, one after the other; the first of a window follows only
    the last of the one before, as in training.

    Args:
        model: what predicts.
        texts: the documents, none of them empty.
        length: tokens a window: what the model was trained with, since it knows no later positions.

    Raises:
        ClovaError: an empty text, or windows longer than the model's context.
    """
    if not 1 <= length <= model.config.max_length:
        raise ClovaError(f"length: {length} is not from 1 to the model's {model.config.max_length}")
    windows, owners, counts = [], [], []
    for number, ids in enumerate(model.tokenizer.encode_batch(list(texts))):
        if not ids:
            raise ClovaError(f"document {number} is empty; leave it out")
        row = [model.tokenizer.end_of_text, *ids]
        begins = range(0, len(ids), length)
        windows += [row[begin : begin + length + 1] for begin in begins]
        owners += [number] * len(begins)
        counts.append(len(ids))
    bits = np.zeros(len(counts))
    found = score_tokens(model, windows)
    nats = [-np.sum(tokens.logprobs, dtype=np.float64) for tokens in found]
    np.add.at(bits, owners, np.array(nats) / np.log(2))
    sizes = [len(text.encode()) for text in texts]
    return Costs(bits, np.array(sizes, np.int64), np.array(counts, np.int64))
