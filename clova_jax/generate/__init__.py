"""Scores and writes text: functions of anything that has `config, params, tokenizer, mesh, dtype`."""

from clova_jax.generate.engine import Cancelled, Engine, QueueFull, Request
from clova_jax.generate.options import Sampling
from clova_jax.generate.sampling import Completion, complete, generate
from clova_jax.generate.scoring import (
    TokenScores,
    score,
    score_choices,
    score_ids,
    score_tokens,
    split_ids,
)
from clova_jax.generate.soft_prompt import SoftPrompt, Template

__all__ = [
    "Cancelled",
    "Completion",
    "Engine",
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
