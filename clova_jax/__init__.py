"""clova_jax: an open HyperCLOVA in JAX, from Korean text to the paper's tables."""

import lazy_loader

__version__ = "0.1.0"

# Loaded when first used, so that `clova --help` need not wait for JAX.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["ModelConfig", "SIZES"],
        "language_model": ["LanguageModel"],
        "model": ["Attention", "Block", "Decoder", "MLP"],
        "tokenizers": ["load_tokenizer", "train_tokenizer"],
    },
)
