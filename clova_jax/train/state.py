"""What a training run carries from step to step."""

from dataclasses import dataclass

import jax
from jaxtyping import Array, Int

from clova_jax.model import Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """Parameters, Adam's moments and three counters; a pytree.

    Args:
        params: float32.
        mu, nu: Adam's first and second moments, shaped and laid out as `params`.
        step: batches read, int32 scalar; the number of the next batch.
        updates: of these, the ones that changed the parameters.
        skipped: the ones that did not, because loss or gradient was not finite.
    """

    params: Params
    mu: Params
    nu: Params
    step: Int[Array, ""]
    updates: Int[Array, ""]
    skipped: Int[Array, ""]
