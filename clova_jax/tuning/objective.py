"""Loss and gradient of what is trained, the model frozen.

Notable:
- the model's parameters are an argument without a gradient: no gradient array, no moments, no copy;
- what stands before the first virtual token is read once, before training;
- what stands before the text is the same in all rows of a batch: it is read by one row, and the others attend
  to its keys and values. PEFT reads it again in every row;
- the head runs where a target is predicted, nowhere else.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.generate import Template
from clova_jax.generate.placement import place
from clova_jax.generate.soft_prompt import first_virtual
from clova_jax.model import Cache, Params, Prefix, cross_entropy, forward
from clova_jax.tuning.config import PromptTuningConfig
from clova_jax.tuning.encoders import prompt_vectors
from clova_jax.tuning.examples import Example, Padded
from clova_jax.tuning.methods import Method, SoftPrompts


class Gradient(Protocol):
    """Where loss and gradient come from: the model's weights, or an API (`outside.py`)."""

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """The mean negative log-likelihood of the targets' tokens in nats, and its gradient."""


class Inside:
    """Loss and gradient by the model itself.

    Args:
        model: with `config, params, tokenizer, mesh, dtype`.
        method: what is trained.
        template: what stands around the texts.
        width: tokens of the longest target.
    """

    def __init__(self, model: Any, method: Method, template: Template, width: int) -> None:
        self.model, self.method, self.width = model, method, width
        virtual = first_virtual(model)
        before = np.array(template.ids(model.tokenizer, virtual)[0], np.int32)
        # Words before the first virtual token are read once, unless the parameters change.
        at = int((before < virtual).cumprod().sum()) if isinstance(method, SoftPrompts) else 0
        self.before, self.frozen = before[at:], None
        self.limit = model.config.max_length - len(before)
        if at:
            self.frozen = jax.jit(read, static_argnums=(1, 4))(
                model.params, model.config, before[:at], None, model.dtype
            )

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """Mean loss of the batch, and its gradient."""
        if not isinstance(self.method, SoftPrompts):
            return self._run(_value_and_gradient, trainable, self.method, batch)
        # The encoder by itself: it is compiled once, not again for every length of text.
        vectors, back = _encode(trainable)
        loss, change = self._run(_value_and_gradient, {"embedding": vectors}, _VECTORS, batch)
        return loss, _pull(back, change["embedding"])

    def lower(self, trainable: Params, batch: Sequence[Example]) -> jax.stages.Lowered:
        """The program for a batch of LoRA or fine-tuning, or of prompt vectors, without running it."""
        method = self.method
        if isinstance(method, SoftPrompts):
            trainable, method = {"embedding": prompt_vectors(trainable)}, _VECTORS
        return self._run(_value_and_gradient.lower, trainable, method, batch)

    def _run(
        self, run: Callable, trainable: Params, method: Method, batch: Sequence[Example]
    ) -> Any:
        model, rows = self.model, Padded.of(batch, self.limit, self.width)
        return run(
            trainable,
            model.params,
            model.config,
            method,
            self.frozen,
            self.before,
            *place(model, rows.ids, rows.first, rows.targets, rows.weights),
            dtype=model.dtype,
        )


_VECTORS = SoftPrompts(PromptTuningConfig())  # bare vectors, whatever makes them


@jax.jit
def _encode(encoder: Params) -> tuple[Array, Callable]:
    """The prompt vectors, and the way back from their gradient to the encoder's."""
    return jax.vjp(prompt_vectors, encoder)


@jax.jit
def _pull(back: Callable, change: Array) -> Params:
    return back(change)[0]


@functools.partial(jax.jit, static_argnames=("config", "method", "dtype"))
def _value_and_gradient(
    trainable: Params,
    base: Params,
    config: ModelConfig,
    method: Method,
    frozen: Prefix | None,
    before: Int[Array, "P"],
    ids: Int[Array, "B T"],
    first: Int[Array, "B"],
    targets: Int[Array, "B K"],
    weights: Float[Array, "B K"],
    *,
    dtype: Any,
) -> tuple[Array, Params]:

    def loss(trainable: Params) -> Array:
        params = method.params(base, trainable)
        prefix = read(params, config, before, frozen, dtype) if before.size else frozen
        cache = Cache.empty(config, len(ids), 0, dtype, prefix) if prefix else None
        # Beside frozen parameters activations are most of the memory; products are kept, the rest made anew.
        hidden, _ = forward(params, config, ids, cache=cache, dtype=dtype, remat="dots")
        where = jnp.minimum(first[:, None] + jnp.arange(targets.shape[1]), ids.shape[1] - 1)
        hidden = jnp.take_along_axis(hidden, where[..., None], axis=1)
        values = cross_entropy(params, config, hidden, targets)
        return jnp.sum(weights * values) / jnp.sum(weights)

    return jax.value_and_grad(loss)(trainable)


def read(
    params: Params, config: ModelConfig, ids: Int[Array, "P"], after: Prefix | None, dtype: Any
) -> Prefix:
    """Keys and values of ids that all rows begin with, going on after those read before."""
    cache = Cache.empty(config, 1, len(ids), dtype, after)
    new = forward(params, config, ids[None], cache=cache, dtype=dtype)[1].with_prefix(None)
    own = new.as_prefix()
    if after is None:
        return own
    return Prefix(
        jnp.concatenate([after.keys, own.keys], axis=1),
        jnp.concatenate([after.values, own.values], axis=1),
        after.length + own.length,
    )
