"""clova_jax: an open HyperCLOVA in JAX, from Korean text to the paper's tables."""

import importlib
from typing import Any

__version__ = "0.1.0"

# Loaded when first used, so that `clova --help` need not wait for JAX.
_HOMES = {
    "Attention": "clova_jax.model",
    "Block": "clova_jax.model",
    "Decoder": "clova_jax.model",
    "MLP": "clova_jax.model",
    "LanguageModel": "clova_jax.language_model",
    "ModelConfig": "clova_jax.config",
    "SIZES": "clova_jax.config",
    "train_tokenizer": "clova_jax.tokenizers",
    "load_tokenizer": "clova_jax.tokenizers",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clova_jax' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
