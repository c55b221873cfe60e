"""Makes the training steps of a character model: truncated backpropagation, the state carried from window to window."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from clova_jax.lecture.character_decoder import (
    CharacterConfig,
    bind_characters,
    init_characters,
)
from clova_jax.lecture.recurrent import State
from clova_jax.model import Params
from clova_jax.parallel import make_mesh
from clova_jax.train import LearningRate, TrainState, adamw, apply_gradients, fresh_state


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StreamState(TrainState):
    """Holds a train state, and the cell's state after the last window.

    Args:
        carry: hidden state and cell of each row.
    """

    carry: State


class CharacterStep:
    """Makes steps on one device, as `TrainStep` does for the decoder.

    Args:
        config: the sizes.
        rate: the learning rate.
        rows: of a batch.
    """

    def __init__(self, config: CharacterConfig, rate: LearningRate, rows: int) -> None:
        self.config, self.rows, self.mesh = config, rows, make_mesh()
        self.optimizer = adamw(rate, b2=0.99, weight_decay=0.0)
        update = functools.partial(_update, config, self.optimizer)
        self._update = jax.jit(update, donate_argnums=0)

    def init(self, seed: int) -> StreamState:
        """Makes the state before the first step."""
        fresh = fresh_state(self.optimizer, init_characters(self.config, seed))
        carry = tuple(jnp.zeros((self.rows, self.config.units)) for _ in range(2))
        return StreamState(**vars(fresh), carry=carry)

    def abstract_state(self) -> StreamState:
        """Returns shapes, types and places of a state; a restore asks for them."""
        place = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
            jax.eval_shape(functools.partial(self.init, 0)),
        )

    def canonical(self, state: StreamState) -> StreamState:
        """Returns the state itself, which has one layout; so does `arrange`."""
        return state

    arrange = canonical

    @property
    def flops_per_character(self) -> int:
        """Returns the operations of training on a character: six for each weight that it is multiplied by."""
        shapes = jax.eval_shape(functools.partial(init_characters, self.config, 0))
        return 6 * sum(leaf.size for leaf in jax.tree.leaves(shapes | {"embedding": None}))

    def __call__(
        self, state: StreamState, batch: Mapping[str, Any]
    ) -> tuple[StreamState, dict[str, Array]]:
        """Trains on a batch of `TextStream`; `state` is consumed.

        Returns:
            The new state, and scalars: loss (nats a character), grad_norm (before clipping), skipped.
        """
        return self._update(state, batch)


def _update(
    config: CharacterConfig,
    optimizer: optax.GradientTransformationExtraArgs,
    state: StreamState,
    batch: Mapping[str, Array],
) -> tuple[StreamState, dict[str, Array]]:
    def mean_loss(params: Params) -> tuple[Float[Array, ""], State]:
        decoder = bind_characters(config, params)
        (hidden, _), last = decoder(batch["ids"], state.carry, reset=batch["reset"])
        logits = decoder.head(hidden)
        nll = optax.softmax_cross_entropy_with_integer_labels(logits, batch["targets"])
        return nll.mean(), last

    (loss, carry), gradients = jax.value_and_grad(mean_loss, has_aux=True)(state.params)
    after, norm, accept = apply_gradients(optimizer, state, loss, gradients)
    carry = jax.tree.map(lambda new, old: jnp.where(accept, new, old), carry, state.carry)
    found = {"loss": loss, "grad_norm": norm, "skipped": 1 - accept.astype(jnp.int32)}
    return StreamState(**vars(after), carry=carry), found
