"""Computes loss and gradient of what is trained, with the model frozen.

Notable:
- the model's parameters are an argument without a gradient: no gradient array, no moments, no copy;
- what stands before the first virtual token is prefilled once, before training;
- the examples of a batch share rows, and what stands before their texts is computed once a row (`inference/choices.py`).
  PEFT computes it again for every example;
- the head, and the last layer but for keys and values, run where a target is predicted, nowhere else.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
from jaxtyping import Array, Float

from clova_jax.config import ModelConfig
from clova_jax.inference import Model, Template, prefill_prefix
from clova_jax.model import Params, Prefix
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
    """

    def __init__(self, model: Model, method: Method, template: Template) -> None:
        self.model, self.method = model, method
        virtual = model.first_virtual
        before = template.ids(model.tokenizer, virtual)[0]
        # Words before the first virtual token are prefilled once, unless the parameters change.
        words = next((at for at, i in enumerate(before) if i >= virtual), len(before))
        at = words if method.makes_prompt else 0
        self.before = before[at:]
        self.frozen = prefill_prefix(model, before[:at])

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """Returns the mean loss of the batch, and its gradient."""
        arguments, settings = self._arguments(trainable, batch)
        loss, change = _value_and_gradient(*arguments, **settings)
        if self.method.makes_prompt:
            change = _pull(trainable, change["embedding"], method=self.method)
        return loss, change

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
        model, method = self.model, self.method
        if method.makes_prompt:
            # The encoder is compiled once, not again for every shape of a batch.
            trainable = {"embedding": _vectors(trainable, method=method)}
            method = _VECTORS
        parts = model.mesh.shape["data"] if model.mesh is not None else 1
        loss, arrays = as_arrays(batch, self.before, parts)
        given = (trainable, model.params, self.frozen, *model.place(*arrays))
        fixed = {"config": model.config, "dtype": model.dtype}
        return given, {"method": method, "loss": loss, **fixed}


_VECTORS = SoftPrompts(None)  # bare vectors, whatever makes them


@functools.partial(jax.jit, static_argnames="method")
def _vectors(trainable: Params, *, method: SoftPrompts) -> Float[Array, "P D"]:
    return method.vectors(trainable)


@functools.partial(jax.jit, static_argnames="method")
def _pull(trainable: Params, change: Float[Array, "P D"], *, method: SoftPrompts) -> Params:
    """Backpropagates the gradient of the prompt vectors through what makes them."""
    return jax.vjp(method.vectors, trainable)[1](change)[0]


def _loss(
    trainable: Params,
    base: Params,
    frozen: Prefix | None,
    *arrays: Array,
    config: ModelConfig,
    method: Method,
    loss: Loss,
    dtype: Any,
) -> Float[Array, ""]:
    """Computes the loss of a batch behind what is frozen."""
    params = method.params(base, trainable)
    return loss(params, config, frozen, *arrays, dtype=dtype, frozen=method.makes_prompt)


_STATIC = ("config", "method", "loss", "dtype")
_value = jax.jit(_loss, static_argnames=_STATIC)
_value_and_gradient = jax.jit(jax.value_and_grad(_loss), static_argnames=_STATIC)
