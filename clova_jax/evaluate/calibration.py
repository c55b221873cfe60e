"""Chooses a label from the log-probabilities of the labels' words: raw, length-normalised, or calibrated."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float64

from clova_jax.common.errors import ClovaError

Scoring = Literal["raw", "normalized", "contextual", "median"]


def label_scores(
    logprobs: Float64[np.ndarray, "n w"],
    lengths: Float64[np.ndarray, "w"],
    content_free: Float64[np.ndarray, "k w"],
    scoring: Scoring = "raw",
    owners: Sequence[int] | None = None,
) -> Float64[np.ndarray, "n c"]:
    """Returns the scores by which the labels of each item are compared; the highest wins.

    Args:
        logprobs: natural log-probability of each word after each item's prompt.
        lengths: tokens of each word.
        content_free: log-probabilities of the words after content-free prompts.
        scoring: `raw`, log p; `normalized`, log p per token (GPT-3); `contextual`, log p minus the
            log of the mean probability after the content-free prompts, both normalised over the
            labels (Zhao et al. 2021); `median`, log p, normalised over the labels, minus its quantile
            1 - 1/c over the items: for two labels the threshold lies at the median of the items' scores.
        owners: the label of each word, from 0 without a gap; one word a label by default. A label's
            probability is the sum of its words'.

    `median` takes labels to be equally frequent, and needs all items of a test at once but no label of theirs. Its
    kin is batch calibration (Zhou et al. 2023), which divides by the mean of the probabilities; a quantile does not
    hang on how sure a model is.
    """
    owners = np.arange(logprobs.shape[1]) if owners is None else np.asarray(owners)
    if scoring == "normalized":
        return _sum_words(logprobs / lengths, owners)
    scores = _sum_words(logprobs, owners)
    if scoring == "raw":
        return scores
    shares = _log_softmax(scores)
    if scoring == "median":
        return shares - np.quantile(shares, 1 - 1 / shares.shape[1], axis=0)
    if not len(content_free):
        raise ClovaError("contextual: no content-free prompt; give the task some (`content_free`)")
    blank = np.exp(_log_softmax(_sum_words(content_free, owners))).mean(axis=0)
    return shares - np.log(np.maximum(blank, 1e-300))


def _sum_words(logprobs: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Returns [n, labels]: the log of the summed probabilities of each label's words."""
    labels = range(owners.max() + 1)
    return np.stack([np.logaddexp.reduce(logprobs[:, owners == i], axis=1) for i in labels], axis=1)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
