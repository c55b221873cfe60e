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
from clova_jax.model import Cache, Params, Prefix, forward
from clova_jax.tuning.config import PromptTuningConfig
from clova_jax.tuning.encoders import prompt_vectors
from clova_jax.tuning.examples import Example
from clova_jax.tuning.losses import Loss, as_arrays
from clova_jax.tuning.methods import Method, SoftPrompts


class Gradient(Protocol):
    """Where loss and gradient come from: the model's weights, or an API (`outside.py`)."""

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """The loss of the batch as `losses` has it, and its gradient."""


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
        model = self.model
        loss, arrays = as_arrays(batch, self.limit, self.width)
        return run(
            trainable,
            model.params,
            self.frozen,
            self.before,
            *place(model, *arrays),
            config=model.config,
            method=method,
            loss=loss,
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


@functools.partial(jax.jit, static_argnames=("config", "method", "loss", "dtype"))
def _value_and_gradient(
    trainable: Params,
    base: Params,
    frozen: Prefix | None,
    before: Int[Array, "P"],
    *arrays: Array,
    config: ModelConfig,
    method: Method,
    loss: Loss,
    dtype: Any,
) -> tuple[Array, Params]:

    def of_trainable(trainable: Params) -> Float[Array, ""]:
        params = method.params(base, trainable)
        prefix = read(params, config, before, frozen, dtype) if before.size else frozen
        return loss(params, config, prefix, *arrays, dtype=dtype)

    return jax.value_and_grad(of_trainable)(trainable)


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
