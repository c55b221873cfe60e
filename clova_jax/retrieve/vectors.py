"""Ranks passages by the angle between their vectors and the query's: means of a language model's hidden states."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Float32, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference import Model, batches, pad
from clova_jax.model import Params, bind


class Vectors:
    """Scores passages by cosine, the mean over all passages taken off.

    Without that, all cosines are close to one: a language model's hidden states lie in a narrow cone.

    Args:
        model: gives the vectors; what a text has beyond its context is left out.
    """

    name = "vectors"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._vectors = np.zeros((0, model.config.embed_dim), np.float32)

    def add(self, texts: Sequence[str]) -> None:
        """Takes in passages, after those there are."""
        self._vectors = np.concatenate([self._vectors, mean_states(self._model, texts)])

    def keep(self, numbers: Sequence[int]) -> None:
        """Drops all passages but these, given in order."""
        self._vectors = self._vectors[list(numbers)]

    def scores(self, query: str) -> Float32[np.ndarray, "n"]:
        """Returns the cosine of each passage; every passage has one."""
        if not len(self._vectors):
            return np.zeros(0, np.float32)
        mean = self._vectors.mean(0)
        return unit(self._vectors - mean) @ unit(mean_states(self._model, [query])[0] - mean)

    def state(self) -> dict[str, np.ndarray]:
        """Returns arrays that `restore` takes."""
        return {"vectors": self._vectors}

    def restore(self, arrays: dict[str, Any], place: str) -> None:
        """Takes over what `state` returned.

        Raises:
            ClovaError: vectors of another width.
        """
        vectors = arrays["vectors"]
        if vectors.ndim != 2 or vectors.shape[1] != self._model.config.embed_dim:
            raise ClovaError(f"{place}: vectors of another model; index the documents again")
        self._vectors = np.asarray(vectors, np.float32)


def mean_states(model: Model, texts: Sequence[str]) -> Float32[np.ndarray, "n D"]:
    """Returns the mean over a text's tokens of what the last LayerNorm gives; longer texts are cut at the context."""
    return text_states(model, texts)[0]


def text_states(
    model: Model, texts: Sequence[str]
) -> tuple[Float32[np.ndarray, "n D"], Float32[np.ndarray, "n D"]]:
    """Returns what the last LayerNorm gives: its mean over a text's tokens, and that of the last token.

    Longer texts are cut at the context; an empty one stands for `<|endoftext|>`.
    """
    end, limit = model.tokenizer.end_of_text, model.config.max_length
    rows = [ids[:limit] or [end] for ids in model.tokenizer.encode_batch(list(texts))]
    means, lasts = np.zeros((2, len(rows), model.config.embed_dim), np.float32)
    lengths = [len(row) for row in rows]
    for batch in batches(lengths, before=0, heads=model.config.num_heads, limit=limit):
        mask = pad([[1] * lengths[item] for item in batch.items], batch.rows, batch.time)
        placed = model.place(batch.pad(rows), mask)
        items = list(batch.items)
        for out, found in zip(
            (means, lasts),
            _text_states(model.params, model.config, *placed, model.dtype),
            strict=True,
        ):
            out[items] = np.asarray(found)[: len(items)]
    return means, lasts


@functools.partial(jax.jit, static_argnums=(1, 4))
def _text_states(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "B T"],
    mask: Int[Array, "B T"],
    dtype: DTypeLike,
) -> tuple[Float[Array, "B D"], Float[Array, "B D"]]:
    hidden = bind(config, params)(ids, dtype=dtype)[0].astype(jnp.float32)
    last = jnp.maximum(mask.sum(1) - 1, 0)
    return pooled(hidden, mask), jnp.take_along_axis(hidden, last[:, None, None], axis=1)[:, 0]


def pooled(hidden: Float[Array, "B T D"], mask: Int[Array, "B T"]) -> Float[Array, "B D"]:
    """Returns the mean of hidden states over the tokens that a mask counts; traceable."""
    weights = mask[..., None].astype(jnp.float32)
    return (hidden * weights).sum(1) / jnp.maximum(weights.sum(1), 1.0)


def unit(vectors: Any) -> Any:
    """Returns vectors of length one, NumPy's or JAX's; one of nothing but zeros stays."""
    squares = (vectors * vectors).sum(-1, keepdims=True)
    return vectors * (squares + 1e-24) ** -0.5
