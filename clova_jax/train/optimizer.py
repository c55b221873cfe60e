"""Builds AdamW with clipping and a learning rate that depends on the step: one chain of optax's transformations.

GPT-3 values as in Megatron's GPT-3 script (the paper states AdamW, cosine and the floor of a tenth, and is
silent on the rest). Two links are ours: clipping by a norm that the step knows already, since the gradient may
lie in parts on many devices (optax's own would also hold a second copy of it), and a rate that follows the
step's number, not the number of accepted updates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.model import Params
from clova_jax.train.state import TrainState


@dataclass(frozen=True)
class LearningRate:
    """Computes the learning rate: linear warm-up, then half a cosine down to a fraction of the peak, in steps.

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

    def __call__(self, step: Int[Array, ""] | int) -> Float[Array, ""]:
        """Returns the rate of step 0, 1, …; the first is already above 0."""
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


Schedule = Callable[[Int[Array, ""]], Float[Array, ""]]  # from the number of a step to its rate


def adamw(
    learning_rate: Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.95,
    epsilon: float = 1e-8,
    weight_decay: float = 0.1,
    clip: float = 1.0,
) -> optax.GradientTransformationExtraArgs:
    """Builds AdamW after clipping by the global norm (GPT-3 defaults).

    Args:
        learning_rate: step -> rate.
        b1, b2, epsilon: Adam's.
        weight_decay: decoupled; not on biases and LayerNorms.
        clip: the greatest global norm of the gradient.
    """
    return optax.chain(
        clip_by_known_norm(clip),
        optax.scale_by_adam(b1, b2, epsilon),
        optax.add_decayed_weights(weight_decay, decayed),
        scale_by_learning_rate(learning_rate),
    )


def clip_by_known_norm(greatest: float) -> optax.GradientTransformationExtraArgs:
    """Scales gradients down to a global norm of at most `greatest`; `update` gets their norm as `norm`."""

    def update(updates: Any, state: Any, params: Any = None, *, norm: Array, **_: Any) -> tuple:
        shrink = jnp.minimum(1.0, greatest / (norm + 1e-12))
        return jax.tree.map(lambda g: g * shrink, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def scale_by_learning_rate(learning_rate: Schedule) -> optax.GradientTransformationExtraArgs:
    """Multiplies by minus the learning rate of the step; `update` gets the step's number as `step`."""

    def update(updates: Any, state: Any, params: Any = None, *, step: Array, **_: Any) -> tuple:
        rate = learning_rate(step)
        return jax.tree.map(lambda u: -rate * u, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def decayed(params: Params) -> Params:
    """Returns True where weight decay acts; it spares biases and LayerNorms."""
    return jax.tree.map_with_path(lambda path, _: path[-1].key not in ("bias", "scale"), params)


def fresh_state(optimizer: optax.GradientTransformation, params: Params) -> TrainState:
    """Returns the state before the first step; it holds `params` themselves."""
    step, skipped = (jnp.zeros((), jnp.int32) for _ in range(2))  # two buffers: both are donated
    return TrainState(params, optimizer.init(params), step, skipped)


def apply_gradients(
    optimizer: optax.GradientTransformation,
    state: TrainState,
    loss: Float[Array, ""],
    gradients: Params,
) -> tuple[TrainState, Float[Array, ""], Array]:
    """Makes one update; where loss or gradient is not finite, nothing changes but the counters.

    Args:
        optimizer: any of optax's; its `update` gets `norm` and `step` if it takes extra arguments.
        state: before.
        loss: of this step.
        gradients: shaped as the parameters, float32.

    Returns:
        The state after, the gradient's global norm, and whether the update was accepted (bool[]).
    """
    norm = global_norm(gradients)
    accept = jnp.isfinite(loss) & jnp.isfinite(norm)
    update = optax.with_extra_args_support(optimizer).update

    def moved() -> tuple[Params, Any]:
        moves, opt_state = update(
            gradients, state.opt_state, state.params, norm=norm, step=state.step
        )
        return optax.apply_updates(state.params, moves), opt_state

    # A condition, not a choice between old and new values: XLA would hold both, copies of all parameters.
    params, opt_state = jax.lax.cond(accept, moved, lambda: (state.params, state.opt_state))
    counted = TrainState(params, opt_state, state.step + 1, state.skipped + ~accept)
    return counted, norm, accept


def global_norm(tree: Params) -> Float[Array, ""]:
    """Returns the Euclidean norm of all entries of all arrays."""
    return jnp.sqrt(sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(tree)))
