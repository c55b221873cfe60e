"""Translates English to Korean."""

from clova_jax.evaluate import translation

TASK = translation.task("en", "ko", tokenize="ko-mecab")
