"""Translates Korean to English."""

from clova_jax.evaluate import translation

TASK = translation.task("ko", "en", tokenize="13a")
