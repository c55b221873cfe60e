"""Reads the residual stream of a decoder after each layer: what its last token knows of a text."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Float32, Int

from clova_jax.config import ModelConfig
from clova_jax.inference import Model, batches
from clova_jax.model import Params, bind, causal_mask, self_attention


def layer_states(model: Model, texts: Sequence[str]) -> Float32[np.ndarray, "L n D"]:
    """Returns the residual stream of each text's last token: of the embeddings, then after each layer.

    Longer texts are cut at the context; an empty one stands for `<|endoftext|>`.
    """
    end, limit = model.tokenizer.end_of_text, model.config.max_length
    rows = [ids[:limit] or [end] for ids in model.tokenizer.encode_batch(list(texts))]
    lengths = [len(row) for row in rows]
    found = np.zeros((model.config.num_layers + 1, len(rows), model.config.embed_dim), np.float32)
    for batch in batches(lengths, before=0, heads=model.config.num_heads, limit=limit):
        items = list(batch.items)
        last = np.zeros(batch.rows, np.int32)
        last[: len(items)] = [lengths[item] - 1 for item in items]
        placed = model.place(batch.pad(rows), last)
        states = _states(model.params, model.config, *placed, model.dtype)
        found[:, items] = np.asarray(states)[:, : len(items)]
    return found


@functools.partial(jax.jit, static_argnums=(1, 4))
def _states(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "B T"],
    last: Int[Array, "B"],
    dtype: DTypeLike,
) -> Float[Array, "L B D"]:
    decoder = bind(config, params)
    positions = jnp.arange(ids.shape[1])[None]
    attend = functools.partial(self_attention, mask=causal_mask(ids.shape[1], None))
    x = decoder.embed(ids, None, None, dtype)

    def ends(x: Array) -> Array:
        found = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
        return found.astype(jnp.float32)

    def body(x: Array, block: Any) -> tuple[Array, Array]:
        x, _ = block(x, attend, positions)
        return x, ends(x)

    first = ends(x)
    _, after = jax.lax.scan(body, x, decoder.blocks)
    return jnp.concatenate([first[None], after])
