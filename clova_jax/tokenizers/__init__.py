"""Trains, saves and loads tokenizers; lossless where the kind allows it."""

from clova_jax.tokenizers.base import END_OF_TEXT, Tokenizer
from clova_jax.tokenizers.load import load_tokenizer
from clova_jax.tokenizers.train import KINDS, train_tokenizer

__all__ = ["END_OF_TEXT", "KINDS", "Tokenizer", "load_tokenizer", "train_tokenizer"]
