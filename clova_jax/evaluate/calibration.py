"""Chooses a label from the labels' log-probabilities: raw, length-normalised, contextually calibrated."""

from typing import Literal

import numpy as np
from jaxtyping import Float64

Scoring = Literal["raw", "normalized", "contextual"]


def label_scores(
    logprobs: Float64[np.ndarray, "n c"],
    lengths: Float64[np.ndarray, "c"],
    content_free: Float64[np.ndarray, "k c"],
    scoring: Scoring = "raw",
) -> Float64[np.ndarray, "n c"]:
    """Returns the scores by which the labels of each item are compared; the highest wins.

    Args:
        logprobs: natural log-probability of each label after each item's prompt.
        lengths: tokens of each label.
        content_free: log-probabilities of the labels after content-free prompts.
        scoring: `raw`, log p; `normalized`, log p per token (GPT-3); `contextual`, log p minus the
            log of the mean probability after the content-free prompts, both normalised over the
            labels (Zhao et al. 2021).
    """
    if scoring == "raw":
        return logprobs
    if scoring == "normalized":
        return logprobs / lengths
    shares = np.exp(_log_softmax(content_free)).mean(axis=0)
    return _log_softmax(logprobs) - np.log(np.maximum(shares, 1e-300))


def _log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
