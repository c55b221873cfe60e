"""Scoring and writing text: functions of anything with `config, params, tokenizer, mesh, dtype`."""

from clova_jax.generate.scoring import (
    TokenScores,
    score,
    score_choices,
    score_ids,
    score_tokens,
    split_ids,
)

__all__ = ["TokenScores", "score", "score_choices", "score_ids", "score_tokens", "split_ids"]
