"""Computes the attention weights of a decoder: how much each token takes from each before it."""

import functools
import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.model import Params, bind, causal_mask, self_attention


@functools.partial(jax.jit, static_argnums=1)
def attention_weights(
    params: Params, config: ModelConfig, ids: Int[Array, "T"]
) -> Float[Array, "L N T T"]:
    """Returns the weights of each layer and head: rows are queries, columns keys, and a row sums to 1.

    Args:
        params, config: of a decoder.
        ids: of one text.
    """
    model, positions = bind(config, params), jnp.arange(len(ids))[None]
    mask = causal_mask(len(ids))

    def body(x: Array, block: nnx.Module) -> tuple[Array, Array]:
        found = []

        def attend(query: Array, key: Array, value: Array) -> Array:
            scores = jnp.einsum("btnh,bsnh->bnts", query, key) / math.sqrt(query.shape[-1])
            found.append(jax.nn.softmax(jnp.where(mask, scores, -jnp.inf))[0])
            return self_attention(query, key, value, mask)

        x, _ = block(x, attend, positions)
        return x, found[0]

    x = model.embed(ids[None], None, None, jnp.float32)
    return jax.lax.scan(body, x, model.blocks)[1]
