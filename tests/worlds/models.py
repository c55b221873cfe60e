"""Makes small models with random weights over bytes."""

import jax
import numpy as np

from clova_jax import LanguageModel, ModelConfig
from clova_jax.model import init_params
from tests.worlds.byte_tokenizer import Bytes


def make_lm(
    seed: int = 0,
    max_length: int = 96,
    noise: float = 0.1,
    shape: tuple[int, int, int] = (2, 32, 2),
) -> LanguageModel:
    """Makes a model, float32.

    Args:
        seed: of the weights.
        max_length: tokens of the context.
        noise: standard deviation of what is added to the initial weights, so that distributions are not flat.
        shape: layers, width and heads.
    """
    config = ModelConfig(*shape, vocab_size=257, max_length=max_length)
    rng = np.random.default_rng(seed)
    params = jax.tree.map(
        lambda x: jax.device_put(
            np.asarray(x) + np.float32(noise) * rng.standard_normal(x.shape, np.float32)
        ),
        jax.jit(init_params, static_argnums=0)(config, seed),
    )
    return LanguageModel(config, params, Bytes(), dtype=np.float32)
