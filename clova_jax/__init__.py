"""clova_jax: an open HyperCLOVA in JAX, from Korean text to the paper's tables."""

from clova_jax.common.lazy import lazy_names

__version__ = "0.1.0"
__all__, __getattr__ = lazy_names(
    __name__,
    {
        "config": ["ModelConfig", "SIZES"],
        "language_model": ["LanguageModel"],
        "model": ["Attention", "Block", "Decoder", "MLP"],
        "tokenizers": ["load_tokenizer", "train_tokenizer"],
    },
)
