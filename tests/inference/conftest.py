"""A small model with random weights, and a tokenizer of single bytes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.inference import Model
from clova_jax.model import init_params


class Bytes:
    """256 bytes and `<|endoftext|>`."""

    kind, vocab_size, end_of_text, fingerprint = "bytes", 257, 256, "bytes"

    def encode(self, text):
        return list(text.encode())

    def encode_batch(self, texts):
        return [self.encode(text) for text in texts]

    def decode_bytes(self, ids):
        return bytes(i for i in ids if i < 256)

    def decode(self, ids):
        return self.decode_bytes(ids).decode(errors="replace")


@pytest.fixture(scope="session")
def model():
    """Weights far from their start, so that distributions are not flat."""
    config = ModelConfig(num_layers=2, embed_dim=32, num_heads=2, vocab_size=257, max_length=160)
    leaves, structure = jax.tree.flatten(jax.jit(init_params, static_argnums=0)(config, 0))
    rng = np.random.default_rng(0)
    params = jax.tree.unflatten(
        structure, [x + 0.3 * rng.standard_normal(x.shape, np.float32) for x in leaves]
    )
    return Model(config, params, Bytes(), dtype=jnp.float32)
