"""Measures validation loss by source, in bits per byte of text."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

Batch = Mapping[str, np.ndarray]


def bits_per_byte(
    batches: Iterable[Batch],
    negative_log_likelihood: Callable[[Batch], jax.Array],
    token_bytes: np.ndarray,
) -> tuple[float, float, int]:
    """Measures the loss over fixed batches.

    Bits per byte, the total loss in bits over the bytes of the target text, compares models of different
    vocabularies; nats per token and perplexity do not (docs/paper.md, section 3.3). `<|endoftext|>` costs bits
    and stands for no byte.

    Args:
        batches: of ids, targets, loss_mask, … [B,T].
        negative_log_likelihood: from a batch to the nats of each target, float32[B,T].
        token_bytes: bytes of text that each id stands for, int[V].

    Returns:
        Nats per token, bits per byte, and how many tokens were scored; NaN where there were none.
    """
    nats, text, tokens = 0.0, 0, 0
    for batch in batches:
        mask = batch["loss_mask"] > 0
        losses = np.asarray(negative_log_likelihood(batch), np.float64)
        nats += float(losses[mask].sum())
        text += int(token_bytes[batch["targets"][mask]].sum())
        tokens += int(mask.sum())
    if not tokens or not text:
        return math.nan, math.nan, tokens
    return nats / tokens, nats / math.log(2) / text, tokens


def summary(by_source: dict[str, tuple[float, float, int]]) -> dict[str, Any]:
    """Returns validation figures as a row of `metrics.jsonl`: each source, and all sources weighted by their tokens."""
    row: dict[str, Any] = {}
    scored = {name: value for name, value in by_source.items() if value[2]}
    total = sum(tokens for _, _, tokens in scored.values())
    if total:
        row["val_loss"] = sum(loss * n for loss, _, n in scored.values()) / total
        text = sum(loss * n / bits for loss, bits, n in scored.values())
        row["val_bits_per_byte"] = sum(loss * n for loss, _, n in scored.values()) / text
    for name, (_, bits, _) in scored.items():
        row[f"val_bits_per_byte_{name}"] = bits
    return row
