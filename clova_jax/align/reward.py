"""Trains a reward model from pairs (Bradley and Terry 1952): the decoder with one number at the end of an answer."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.align.divergence import Sampled
from clova_jax.align.pairs import Pair, digest_of
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import StopSignals
from clova_jax.config import ModelConfig
from clova_jax.inference import Model, bucket, pad
from clova_jax.model import Params, bind, model_fingerprint, weights_hash
from clova_jax.tuning import Batches, GradientSteps, TuneOptions, run_steps

ROWS = 32  # texts scored at a time


@dataclass(frozen=True)
class RewardModel:
    """Scores answers.

    Args:
        model: whose config, tokenizer and mesh it has.
        params: of the decoder, and of the head.
    """

    model: Model
    params: Params

    @property
    def fingerprint(self) -> str:
        """Returns 16 hexadecimal digits of the model and every byte of the weights."""
        weights = weights_hash(self.params)
        return model_fingerprint(self.model.config, self.model.tokenizer, weights)

    def __call__(self, texts: Sequence[Sampled]) -> np.ndarray:
        """Returns the reward of each text, float32[n]; one that was cut is read with an end, as answers of pairs have it."""
        end = self.model.tokenizer.end_of_text
        return self.of_ids(
            [[*one.context, *one.ids, *([end] if one.ids[-1:] != (end,) else [])] for one in texts]
        )

    def of_ids(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns the reward of prompts with their answers, float32[n]."""
        found = []
        longest = self.model.config.max_length
        for at in range(0, len(rows), ROWS):
            part = [list(row)[-longest:] for row in rows[at : at + ROWS]]
            given = self.model.place(*_arrays(part, longest))
            fixed = {"config": self.model.config, "dtype": self.model.dtype}
            found.append(np.asarray(_rewards(self.params, *given, **fixed)))
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def train_reward(
    model: Model,
    pairs: Sequence[Pair],
    dev: Sequence[Pair],
    options: TuneOptions,
    *,
    out: Path | None = None,
    stop: StopSignals | None = None,
) -> RewardModel:
    """Trains decoder and head so that chosen answers score higher than rejected ones.

    Args:
        model: to begin with; not changed.
        pairs: to learn from.
        dev: to stop by.
        options: of the training.
        out: where the run is kept, and resumed from.
        stop: ends it after a step.

    Raises:
        ClovaError: no pair; the folder holds another run.
    """
    if not pairs or not dev:
        raise ClovaError("no pairs to learn a reward from, or none to stop by")
    width = model.config.embed_dim
    start = {"decoder": model.params, "head": jnp.zeros(width, jnp.float32)}
    gradient = RewardGradient(model, dev, options.batch_size)
    tuned = run_steps(
        GradientSteps(gradient, options),
        start,
        Batches(pairs, options.batch_size, options.seed),
        gradient.validate,
        options,
        out=out,
        identity={
            "kind": "reward",
            "weights": model.fingerprint,
            "pairs": digest_of((*pairs, *dev)),
        },
        stop=stop,
        label="reward model",
    )
    return RewardModel(model, jax.tree.map(jnp.asarray, tuned.trainable))


class RewardGradient:
    """Computes the loss of pairs and its gradient.

    Args:
        model: whose config and mesh the rewards have.
        dev: pairs of the development split.
        batch_size: pairs scored at a time.
    """

    def __init__(self, model: Model, dev: Sequence[Pair], batch_size: int) -> None:
        self.model, self.dev, self.size = model, dev, batch_size
        self._fixed = {"config": model.config, "dtype": model.dtype}

    def __call__(self, trainable: Params, batch: Sequence[Pair]) -> tuple[Array, Params]:
        """Returns the mean loss of the batch, and its gradient."""
        (loss, _), gradients = _value_and_gradient(trainable, *self._given(batch), **self._fixed)
        return loss, gradients

    def validate(self, trainable: Params) -> dict[str, float]:
        """Returns loss and accuracy of the development split."""
        loss = right = 0.0
        for at in range(0, len(self.dev), self.size):
            part = self.dev[at : at + self.size]
            value, margins = _value(trainable, *self._given(part), **self._fixed)
            loss += float(value) * len(part) / len(self.dev)
            right += float((np.asarray(margins) > 0).sum()) / len(self.dev)
        return {"dev_loss": loss, "accuracy": right}

    def _given(self, pairs: Sequence[Pair]) -> tuple[np.ndarray | jax.Array, ...]:
        rows = [[*one.context, *one.chosen] for one in pairs]
        rows += [[*one.context, *one.rejected] for one in pairs]
        return self.model.place(*_arrays(rows, self.model.config.max_length))


def _arrays(rows: Sequence[Sequence[int]], longest: int) -> tuple[np.ndarray, np.ndarray]:
    ids = pad(rows, len(rows), bucket(max(map(len, rows)), longest))
    return ids, np.array([len(row) - 1 for row in rows], np.int32)


def _score(
    params: Params,
    ids: Int[Array, "R T"],
    last: Int[Array, "R"],
    config: ModelConfig,
    dtype: Any,
) -> Float[Array, "R"]:
    decoder = bind(config, params["decoder"])
    hidden, _ = decoder(ids, dtype=dtype, at=last[:, None], frozen=False)
    return hidden[:, 0].astype(jnp.float32) @ params["head"]


def _loss(
    params: Params,
    ids: Int[Array, "R T"],
    last: Int[Array, "R"],
    *,
    config: ModelConfig,
    dtype: Any,
) -> tuple[Float[Array, ""], Float[Array, "B"]]:
    chosen, rejected = _score(params, ids, last, config, dtype).reshape(2, -1)
    margins = chosen - rejected
    return -jax.nn.log_sigmoid(margins).mean(), margins


_JIT = functools.partial(jax.jit, static_argnames=("config", "dtype"))
_rewards = _JIT(_score)
_value = _JIT(_loss)
_value_and_gradient = _JIT(jax.value_and_grad(_loss, has_aux=True))
