"""Defines what a training run carries from step to step."""

from dataclasses import dataclass

import jax
import numpy as np
import optax
from jaxtyping import Array, Int

from clova_jax.model import Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """Holds parameters, the optimizer's state and two counters; it is a pytree.

    Args:
        params: float32.
        opt_state: optax's; Adam's moments are shaped and laid out as `params`.
        step: batches read, int32 scalar; the number of the next batch.
        skipped: of these, the ones that changed nothing, because loss or gradient was not finite.
    """

    params: Params
    opt_state: optax.OptState
    step: Int[Array, ""]
    skipped: Int[Array, ""]


def on_host(tree: Params) -> Params:
    """Copies arrays into the host's memory, where no donated buffer can change them."""
    return jax.tree.map(np.array, tree)
