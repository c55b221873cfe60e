"""Reads and writes GPT-2-architecture directories of Hugging Face, and runs lm-evaluation-harness."""

from clova_jax.interop.hugging_face import from_hugging_face, to_hugging_face

__all__ = ["from_hugging_face", "to_hugging_face"]
