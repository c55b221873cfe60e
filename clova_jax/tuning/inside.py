"""Computes loss and gradient of what is trained, with the model frozen.

Notable:
- the model's parameters are an argument without a gradient: no gradient array, no moments, no copy;
- what stands before the first virtual token is prefilled once, before training;
- what stands before the text is the same in all rows of a batch: one row prefills it, in a program of its own,
  and the others attend to its keys and values. PEFT computes it again in every row;
- the head runs where a target is predicted, nowhere else.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference import Model, Template
from clova_jax.model import Cache, Params, Prefix, bind
from clova_jax.tuning.answers import dev_figures
from clova_jax.tuning.data import TuningData
from clova_jax.tuning.examples import Example
from clova_jax.tuning.losses import Loss, as_arrays
from clova_jax.tuning.methods.base import Method, SoftPrompts


class Inside:
    """Computes loss and gradient with the model itself.

    Args:
        model: the frozen one.
        method: what is trained.
        template: what stands around the texts.
        width: tokens of the longest target.
    """

    def __init__(self, model: Model, method: Method, template: Template, width: int) -> None:
        self.model, self.method, self.width = model, method, width
        virtual = model.first_virtual
        before = np.array(template.ids(model.tokenizer, virtual)[0], np.int32)
        self.limit = model.config.max_length - len(before)
        # Words before the first virtual token are prefilled once, unless the parameters change.
        at = int((before < virtual).cumprod().sum()) if method.makes_prompt else 0
        self.before, self.frozen = before[at:], None
        if at:
            self.frozen = jax.jit(prefill, static_argnums=(1, 4))(
                model.params, model.config, before[:at], None, model.dtype
            )
        self._given = (model.params, self.frozen, self.before)
        self._fixed = {"config": model.config, "dtype": model.dtype}

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """Returns the mean loss of the batch, and its gradient."""
        arguments, settings = self._arguments(trainable, batch)
        loss, change = _value_and_gradient(*arguments, **settings)
        if not self.method.makes_prompt:
            return loss, change[0]
        return loss, _pull(trainable, change, *self._given, method=self.method, **self._fixed)

    def loss(self, trainable: Params, batch: Sequence[Example]) -> Array:
        """Returns the mean loss of the batch alone."""
        arguments, settings = self._arguments(trainable, batch)
        return _value(*arguments, **settings)

    def validate(self, trainable: Params, data: TuningData) -> dict[str, float]:
        """Returns the figures of the development split."""
        view = self.model.with_params(self.method.params(self.model.params, trainable))
        return dev_figures(view, data.task, data.before, data.dev, data.dev_examples)

    def _arguments(self, trainable: Params, batch: Sequence[Example]) -> tuple[tuple, dict]:
        """Returns the arguments of `_loss`."""
        method, shared, before = self.method, None, self.before
        if method.makes_prompt:
            # Encoder and what all rows begin with by themselves: they are compiled once, not again
            # for every length of text, and were half of what there was to compile.
            vectors, shared = _begin(trainable, *self._given, method=method, **self._fixed)
            trainable, method, before = {"embedding": vectors}, _VECTORS, _NOTHING
        loss, arrays = as_arrays(batch, self.limit, self.width)
        given = (trainable, shared, self.model.params, before, *self.model.place(*arrays))
        return given, {"method": method, "loss": loss, **self._fixed}


_VECTORS = SoftPrompts(None)  # bare vectors, whatever makes them
_NOTHING = np.zeros(0, np.int32)
Shared = tuple[Float[Array, "L P N H"], Float[Array, "L P N H"]] | None  # keys, values


def _made(
    trainable: Params,
    base: Params,
    frozen: Prefix | None,
    before: Int[Array, "P"],
    method: SoftPrompts,
    config: ModelConfig,
    dtype: Any,
) -> tuple[Float[Array, "V D"], Shared]:
    """Computes the prompt vectors, and keys and values of the prefix that all rows share."""
    vectors, prefix = method.vectors(trainable), frozen
    if before.size:
        prefix = prefill(base | {"virtual": vectors}, config, before, frozen, dtype)
    return vectors, (prefix.keys, prefix.values) if prefix else None


_MADE = ("method", "config", "dtype")
_begin = jax.jit(_made, static_argnames=_MADE)


@functools.partial(jax.jit, static_argnames=_MADE)
def _pull(
    trainable: Params,
    change: tuple[Params, Shared],
    base: Params,
    frozen: Prefix | None,
    before: Int[Array, "P"],
    *,
    method: SoftPrompts,
    config: ModelConfig,
    dtype: Any,
) -> Params:
    """Backpropagates the gradients of the prompt vectors and of the shared prefix through the encoder."""
    back = jax.vjp(lambda own: _made(own, base, frozen, before, method, config, dtype), trainable)[
        1
    ]
    return back((change[0]["embedding"], change[1]))[0]


def _loss(
    trainable: Params,
    shared: Shared,
    base: Params,
    before: Int[Array, "P"],
    *arrays: Array,
    config: ModelConfig,
    method: Method,
    loss: Loss,
    dtype: Any,
) -> Float[Array, ""]:
    """Computes the loss of a batch.

    `before`: ids common to all rows and not yet cached; they come after the cached keys and values in `shared`.
    """
    params, prefix = method.params(base, trainable), None
    if shared is not None:
        prefix = Prefix(*shared, jnp.int32(shared[0].shape[1]))
    if before.size:
        prefix = prefill(params, config, before, prefix, dtype)
    return loss(params, config, prefix, *arrays, dtype=dtype, frozen=method.makes_prompt)


_STATIC = ("config", "method", "loss", "dtype")
_value = jax.jit(_loss, static_argnames=_STATIC)
_value_and_gradient = jax.jit(jax.value_and_grad(_loss, argnums=(0, 1)), static_argnames=_STATIC)


def prefill(
    params: Params, config: ModelConfig, ids: Int[Array, "P"], after: Prefix | None, dtype: Any
) -> Prefix:
    """Prefills ids that all rows begin with, after those cached before; returns keys and values."""
    cache = Cache.empty(config, 1, len(ids), dtype, after)
    new = bind(config, params).prefill(ids[None], cache=cache, dtype=dtype).with_prefix(None)
    own = new.as_prefix()
    if after is None:
        return own
    return Prefix(
        jnp.concatenate([after.keys, own.keys], axis=1),
        jnp.concatenate([after.values, own.values], axis=1),
        after.length + own.length,
    )
