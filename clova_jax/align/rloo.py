"""Computes the gradient of REINFORCE with a leave-one-out baseline (Ahmadian et al. 2024), texts written by the batching engine."""

import functools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from clova_jax.align.config import PreferenceConfig
from clova_jax.align.divergence import Sampled, sample_texts, sequence_kl
from clova_jax.align.logps import answer_arrays, answer_logps
from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.evaluate import generator
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning import Batches, Example, Method

Reward = Callable[[Sequence[Sampled]], Sequence[float]]
"""Scores texts after their prompts."""


@dataclass(frozen=True)
class Prompts:
    """Holds the prompts of a step, and its number, which decides what is drawn."""

    step: int
    contexts: Sequence[tuple[int, ...]]


class PromptBatches:
    """Draws the prompts of every step, a function of seed and step alone.

    Args:
        contexts: ids of all prompts.
        batch_size: prompts of a step.
        seed: of their order.
    """

    def __init__(self, contexts: Sequence[tuple[int, ...]], batch_size: int, seed: int) -> None:
        self._batches = Batches([Example(one, ()) for one in contexts], batch_size, seed)

    def iterate(self, step: int) -> Generator[Prompts, None, None]:
        """Yields the prompts of a step and of all after it."""
        for number, batch in enumerate(self._batches.iterate(step), step):
            yield Prompts(number, [one.context for one in batch])


def leave_one_out(rewards: Float[np.ndarray, "P K"]) -> Float[np.ndarray, "P K"]:
    """Returns how much better each text is than the mean of the others after the same prompt."""
    count = rewards.shape[1]
    others = (rewards.sum(axis=1, keepdims=True) - rewards) / (count - 1)
    return rewards - others


class RlooGradient:
    """Computes loss and gradient: texts are drawn with what is trained, rewarded, and a nat of KL is paid for with beta.

    Args:
        model: the reference, which training begins with.
        method: what is trained of it.
        config: beta, texts a prompt and their length.
        reward: of texts.
        dev: prompts of the development split.
        seed: of all texts.
    """

    def __init__(
        self,
        model: Model,
        method: Method,
        config: PreferenceConfig,
        reward: Reward,
        dev: Sequence[tuple[int, ...]],
        seed: int,
    ) -> None:
        self.model, self.method, self.config = model, method, config
        self.reward, self.dev, self.seed = reward, list(dev), seed

    def __call__(self, trainable: Params, batch: Prompts) -> tuple[Array, Params]:
        """Returns the loss of the prompts (its value says nothing, its gradient does), and its gradient."""
        texts, paid, _ = self._rewarded(trainable, batch.contexts, f"step {batch.step}")
        advantages = leave_one_out(paid).astype(np.float32)
        flat = [one for some in texts for one in some]
        arrays = answer_arrays(
            [one.context for one in flat], [one.ids for one in flat], self.model.config.max_length
        )
        given = (self.model.params, *self.model.place(advantages.ravel(), *arrays))
        return _value_and_gradient(
            trainable,
            *given,
            method=self.method,
            config=self.model.config,
            dtype=self.model.dtype,
        )

    def validate(self, trainable: Params) -> dict[str, float]:
        """Returns reward and KL of the development prompts, and `dev_loss`, what training lowers: beta KL less reward."""
        _, paid, kl = self._rewarded(trainable, self.dev, "validation")
        reward = paid + self.config.beta * kl
        return {
            "dev_loss": -float(paid.mean()),
            "reward": float(reward.mean()),
            "kl": float(kl.mean()),
        }

    def _rewarded(
        self, trainable: Params, contexts: Sequence[tuple[int, ...]], what: str
    ) -> tuple[list[list[Sampled]], np.ndarray, np.ndarray]:
        """Returns texts, their rewards less the price of their log-ratios, and the log-ratios, float64[P,K]."""
        config, shape = self.config, (len(contexts), self.config.samples)
        view = self.model.with_params(self.method.params(self.model.params, trainable))
        seed = int(generator(self.seed, "rloo", what).integers(2**31))
        texts = sample_texts(view, contexts, config.samples, config.max_new_tokens, seed)
        flat = [one for some in texts for one in some]
        rewards = np.array(self.reward(flat), np.float64)
        for number, (one, value) in enumerate(zip(flat, rewards, strict=True)):
            if not np.isfinite(value):
                row = f"{what}, prompt {number // config.samples}, text {number % config.samples}"
                raise ClovaError(f"{row}: the reward of {one.text[:60]!r} is {value}")
        kl = sequence_kl(self.model, flat)
        return texts, (rewards - config.beta * kl).reshape(shape), kl.reshape(shape)


def _loss(
    trainable: Params,
    base: Params,
    advantages: Float[Array, "R"],
    *arrays: Array,
    method: Method,
    config: ModelConfig,
    dtype: Any,
) -> Float[Array, ""]:
    params = method.params(base, trainable)
    logps = answer_logps(params, config, *arrays, count=len(advantages), dtype=dtype)
    return -jnp.mean(advantages * logps)


_value_and_gradient = functools.partial(jax.jit, static_argnames=("method", "config", "dtype"))(
    jax.value_and_grad(_loss)
)
