"""AdamW with clipping, and the learning rate as a function of the step.

GPT-3 values as in Megatron's GPT-3 script (the paper states AdamW, cosine and the floor of a tenth, and is
silent on the rest). Written out rather than chained from optax, because the step needs the gradient's norm
and the refusal of bad steps from the same pass; a test holds it equal to optax.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
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
        step = jnp.asarray(step, jnp.float32)
        warm = (step + 1) / max(1, self.warmup_steps)
        done = (step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps)
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(done, 0, 1)))
        cooled = self.final_fraction + (1 - self.final_fraction) * cosine
        return self.peak * jnp.where(step < self.warmup_steps, warm, cooled)


def is_decayed(path: tuple) -> bool:
    """Weight decay spares biases and LayerNorms; `path` is a key path of the parameter tree."""
    return path[-1].key not in ("bias", "scale")


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
        count = (updates + 1).astype(jnp.float32)
        first_bias, second_bias = 1 - self.b1**count, 1 - self.b2**count

        def leaf(path: tuple, g: Array, p: Array, m: Array, v: Array) -> tuple[Array, ...]:
            g = g * shrink
            new_m = self.b1 * m + (1 - self.b1) * g
            new_v = self.b2 * v + (1 - self.b2) * jnp.square(g)
            move = (new_m / first_bias) / (jnp.sqrt(new_v / second_bias) + self.epsilon)
            if is_decayed(path):
                move += self.weight_decay * p
            new_p = p - rate * move
            return tuple(
                jnp.where(accept, new, old) for new, old in ((new_p, p), (new_m, m), (new_v, v))
            )

        moved = jax.tree.map_with_path(leaf, gradients, params, mu, nu)
        return jax.tree.transpose(jax.tree.structure(params), jax.tree.structure((0, 0, 0)), moved)


def global_norm(tree: Params) -> Float[Array, ""]:
    """The Euclidean norm of all entries of all arrays."""
    return jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(tree)))
