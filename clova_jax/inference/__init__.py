"""Scores and writes text: functions of a `Model`."""

from clova_jax.inference.complete import Completion, complete, generate
from clova_jax.inference.engine import Engine
from clova_jax.inference.model import Model
from clova_jax.inference.request import Cancelled, EngineClosed, QueueFull, Request
from clova_jax.inference.sampling import Sampling
from clova_jax.inference.scoring import (
    TokenScores,
    score,
    score_choices,
    score_ids,
    score_tokens,
    split_ids,
)
from clova_jax.inference.soft_prompt import SoftPrompt, Template

__all__ = [
    "Cancelled",
    "Completion",
    "Engine",
    "EngineClosed",
    "Model",
    "QueueFull",
    "Request",
    "Sampling",
    "SoftPrompt",
    "Template",
    "TokenScores",
    "complete",
    "generate",
    "score",
    "score_choices",
    "score_ids",
    "score_tokens",
    "split_ids",
]
