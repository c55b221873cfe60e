"""Computes the loss of direct preference optimisation (Rafailov et al. 2023) and its gradient."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from clova_jax.align.config import PreferenceConfig
from clova_jax.align.logps import answer_arrays, answer_logps, frozen_logps
from clova_jax.align.pairs import Pair
from clova_jax.common.progress import progress
from clova_jax.config import ModelConfig
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning import Method


def dpo_loss(
    policy: Float[Array, "2 B"],
    reference: Float[Array, "2 B"],
    beta: float,
    label_smoothing: float = 0.0,
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """Returns the mean loss of pairs, and figures under TRL's names.

    Args:
        policy: log-probabilities of the chosen answers, and of the rejected ones.
        reference: the same of the model that training began with.
        beta: as of `PreferenceConfig`.
        label_smoothing: as of `PreferenceConfig`.

    Returns:
        The loss, ln 2 where policy and reference agree, and `rewards/chosen`, `rewards/rejected`, `rewards/margins` (beta times
        the log-ratios), `rewards/accuracies`, `logps/chosen` and `logps/rejected`.
    """
    chosen, rejected = beta * (policy - reference)
    margin = chosen - rejected
    smooth = label_smoothing
    losses = -(1 - smooth) * jax.nn.log_sigmoid(margin) - smooth * jax.nn.log_sigmoid(-margin)
    figures = {
        "rewards/chosen": chosen,
        "rewards/rejected": rejected,
        "rewards/margins": margin,
        "rewards/accuracies": (margin > 0).astype(jnp.float32),
        "logps/chosen": policy[0],
        "logps/rejected": policy[1],
    }
    return losses.mean(), {name: values.mean() for name, values in figures.items()}


class DpoGradient:
    """Computes loss and gradient of pairs; the reference's log-probabilities are computed once.

    Args:
        model: the reference, which training begins with.
        method: what is trained of it.
        config: beta and label smoothing.
        pairs: all that will be asked for.
        dev: those of the development split.
        batch_size: pairs whose reference log-probabilities are computed at a time.
    """

    def __init__(
        self,
        model: Model,
        method: Method,
        config: PreferenceConfig,
        pairs: Sequence[Pair],
        dev: Sequence[Pair],
        batch_size: int,
    ) -> None:
        self.model, self.method, self.dev, self.size = model, method, dev, batch_size
        self.reference: dict[Pair, np.ndarray] = {}
        self._fixed = {"config": model.config, "dtype": model.dtype}
        self._static = self._fixed | {"method": method}
        self._static |= {"beta": config.beta, "label_smoothing": config.label_smoothing}
        every = list(dict.fromkeys((*pairs, *dev)))
        with progress(desc="reference", total=len(every), unit="pair") as bar:
            for at in range(0, len(every), batch_size):
                part = every[at : at + batch_size]
                arrays, count = self._arrays(part), 2 * len(part)
                logps = frozen_logps(model.params, *arrays, count=count, **self._fixed)
                for pair, two in zip(part, np.asarray(logps).reshape(2, -1).T, strict=True):
                    self.reference[pair] = two
                bar.update(len(part))

    def __call__(self, trainable: Params, batch: Sequence[Pair]) -> tuple[Array, Params]:
        """Returns the mean loss of the batch, and its gradient."""
        (loss, _), gradients = _value_and_gradient(trainable, *self._given(batch), **self._static)
        return loss, gradients

    def figures(self, trainable: Params, batch: Sequence[Pair]) -> dict[str, float]:
        """Returns the loss of some pairs, and the figures of `dpo_loss`."""
        totals: dict[str, float] = {}
        for at in range(0, len(batch), self.size):
            part = batch[at : at + self.size]
            loss, found = _value(trainable, *self._given(part), **self._static)
            for name, value in {"loss": loss, **found}.items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(part) / len(batch)
        return totals

    def validate(self, trainable: Params) -> dict[str, float]:
        """Returns the figures of the development split."""
        found = self.figures(trainable, self.dev)
        return {"dev_loss": found.pop("loss"), **found}

    def _arrays(self, batch: Sequence[Pair]) -> tuple[np.ndarray | jax.Array, ...]:
        contexts = [pair.context for pair in batch] * 2
        answers = [pair.chosen for pair in batch] + [pair.rejected for pair in batch]
        return self.model.place(*answer_arrays(contexts, answers, self.model.config.max_length))

    def _given(self, batch: Sequence[Pair]) -> tuple[Any, ...]:
        reference = np.stack([self.reference[pair] for pair in batch], axis=1)
        return self.model.params, reference, *self._arrays(batch)


def _loss(
    trainable: Params,
    base: Params,
    reference: Float[Array, "2 B"],
    *arrays: Array,
    method: Method,
    config: ModelConfig,
    beta: float,
    label_smoothing: float,
    dtype: Any,
) -> tuple[Float[Array, ""], Mapping[str, Float[Array, ""]]]:
    params = method.params(base, trainable)
    policy = answer_logps(params, config, *arrays, count=reference.size, dtype=dtype)
    return dpo_loss(policy.reshape(2, -1), reference, beta, label_smoothing)


_STATIC = ("method", "config", "beta", "label_smoothing", "dtype")
_value = jax.jit(_loss, static_argnames=_STATIC)
_value_and_gradient = functools.partial(jax.jit, static_argnames=_STATIC)(
    jax.value_and_grad(_loss, has_aux=True)
)
