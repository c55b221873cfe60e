"""AdamW with clipping, and the learning rate as a function of the step: optax's, put together.

GPT-3 values as in Megatron's GPT-3 script (the paper states AdamW, cosine and the floor of a tenth, and is
silent on the rest). The step computes the gradient's norm itself, since the gradient may lie in parts on
many devices, and refuses bad updates; hence moments are taken in and given back, not hidden in a state.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.model import Params


@dataclass(frozen=True)
class LearningRate:
    """Linear warm-up, then half a cosine down to a fraction of the peak, in steps.

    Args:
        peak: the greatest rate (Table 2's column).
        warmup_steps: steps of warm-up.
        total_steps: where the cosine ends; the rate stays at its floor afterwards.
        final_fraction: floor over peak, 1/10 in the paper.
    """

    peak: float
    warmup_steps: int
    total_steps: int
    final_fraction: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_steps <= self.total_steps or self.peak <= 0:
            raise ClovaError(
                f"LearningRate: peak={self.peak} must be above 0 and warmup_steps="
                f"{self.warmup_steps} between 0 and total_steps={self.total_steps}"
            )

    @classmethod
    def from_tokens(
        cls,
        peak: float,
        *,
        tokens: float,
        tokens_per_step: int,
        warmup_tokens: float | None = None,
        final_fraction: float = 0.1,
    ) -> "LearningRate":
        """The same in tokens.

        Args:
            peak: the greatest rate.
            tokens: the whole budget, over which the cosine falls.
            tokens_per_step: global batch x length.
            warmup_tokens: GPT-3's 375M of 300B, scaled to the budget but at least 1% of it, by default.
            final_fraction: floor over peak.
        """
        if warmup_tokens is None:
            warmup_tokens = max(tokens * 375e6 / 300e9, 0.01 * tokens)
        total = max(1, round(tokens / tokens_per_step))
        return cls(
            peak, min(total, max(1, round(warmup_tokens / tokens_per_step))), total, final_fraction
        )

    def __call__(self, step: Int[Array, ""] | int) -> Float[Array, ""]:
        """The rate of step 0, 1, …; the first is already above 0."""
        warm = max(1, self.warmup_steps)
        schedule = optax.join_schedules(
            [
                optax.linear_schedule(self.peak / warm, self.peak, warm - 1),
                optax.cosine_decay_schedule(
                    self.peak, max(1, self.total_steps - self.warmup_steps), self.final_fraction
                ),
            ],
            [self.warmup_steps],
        )
        return jnp.asarray(schedule(jnp.asarray(step)), jnp.float32)


def decayed(params: Params) -> Params:
    """True where weight decay acts; it spares biases and LayerNorms."""
    return jax.tree.map_with_path(lambda path, _: path[-1].key not in ("bias", "scale"), params)


@dataclass(frozen=True)
class AdamW:
    """AdamW after clipping by the global norm (GPT-3 defaults).

    Args:
        learning_rate: step -> rate.
        b1, b2, epsilon: Adam's.
        weight_decay: decoupled; not on biases and LayerNorms.
        clip: the greatest global norm of the gradient.
    """

    learning_rate: LearningRate
    b1: float = 0.9
    b2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    clip: float = 1.0

    def update(
        self,
        gradients: Params,
        params: Params,
        mu: Params,
        nu: Params,
        *,
        step: Int[Array, ""],
        updates: Int[Array, ""],
        norm: Float[Array, ""],
        accept: Array,
    ) -> tuple[Params, Params, Params]:
        """New (params, mu, nu); the old ones where `accept` is false.

        Args:
            gradients, params, mu, nu: trees of one structure, float32.
            step: the step's number, for the learning rate.
            updates: accepted updates before this one, for Adam's bias correction.
            norm: the gradient's global norm.
            accept: bool scalar.
        """
        rate = self.learning_rate(step)
        shrink = jnp.minimum(1.0, self.clip / (norm + 1e-12))
        clipped = jax.tree.map(lambda g: g * shrink, gradients)

        def accepted(new: Params, old: Params) -> Params:
            return jax.tree.map(lambda new, old: jnp.where(accept, new, old), new, old)

        # The parameters follow from the accepted moments, not from the proposed ones as in optax.scale_by_adam:
        # else XLA keeps both, two copies of the parameters.
        mu = accepted(optax.tree.update_moment(clipped, mu, self.b1, 1), mu)
        nu = accepted(optax.tree.update_moment(clipped, nu, self.b2, 2), nu)
        moves = jax.tree.map(
            lambda mean, square: mean / (jnp.sqrt(square) + self.epsilon),
            optax.tree.bias_correction(mu, self.b1, updates + 1),
            optax.tree.bias_correction(nu, self.b2, updates + 1),
        )
        decay = optax.add_decayed_weights(self.weight_decay, decayed)
        moves, _ = decay.update(moves, decay.init(params), params)
        moved = jax.tree.map(lambda p, move: p - rate * move, params, moves)
        return accepted(moved, params), mu, nu


def global_norm(tree: Params) -> Float[Array, ""]:
    """The Euclidean norm of all entries of all arrays."""
    return jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(tree)))
