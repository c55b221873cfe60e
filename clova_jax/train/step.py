"""One training step: loss, gradients, AdamW, compiled once, state donated."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float

from clova_jax.config import ModelConfig
from clova_jax.model import (
    Params,
    Remat,
    cross_entropy,
    default_dtype,
    forward,
    init_params,
    weighted_loss,
)
from clova_jax.parallel.mesh import make_mesh, shard_batch
from clova_jax.train.optimizer import AdamW, global_norm
from clova_jax.train.state import TrainState

BATCH_FIELDS = ("ids", "targets", "positions", "segment_ids", "loss_mask")


class TrainStep:
    """`state, metrics = step(state, batch)`.

    Args:
        config: the model's sizes.
        optimizer: AdamW with its learning rate.
        mesh: devices ('data','pipe','model'); one device by default.
        microbatches: pieces a data shard's rows are worked through in, one after the other.
        schedule: of the pipeline, "gpipe" or "circular" (only where pipe > 1).
        fsdp: split parameters and optimizer state over 'data' as well.
        remat: what the backward pass recomputes: "none", "dots" (all but matrix products), "full".
        dtype: type of the compute; float32 on CPUs, bfloat16 on accelerators.
    """

    def __init__(
        self,
        config: ModelConfig,
        optimizer: AdamW,
        mesh: Mesh | None = None,
        *,
        microbatches: int = 1,
        schedule: str = "gpipe",
        fsdp: bool = False,
        remat: Remat = "none",
        dtype: jnp.dtype | None = None,
    ) -> None:
        self.config = config
        self.optimizer = optimizer
        self.mesh = mesh or make_mesh()
        self.remat = remat
        self.dtype = dtype or default_dtype()
        self._step = jax.jit(self._train, donate_argnums=0)
        self._evaluate = jax.jit(self._nll)

    def init(self, seed: int = 0) -> TrainState:
        """A state with fresh parameters, made in place on the mesh."""
        return jax.jit(functools.partial(self._init, seed))()

    def abstract_state(self) -> TrainState:
        """The state's shapes, types and places, without memory."""
        return jax.eval_shape(functools.partial(self._init, 0))

    def canonical(self, state: TrainState) -> TrainState:
        """The state with the shapes every mesh agrees on: what checkpoints and models hold."""
        return state

    def arrange(self, state: TrainState) -> TrainState:
        """The reverse of `canonical`: a state laid out for this step's mesh."""
        return state

    def __call__(
        self, state: TrainState, batch: Mapping[str, Any]
    ) -> tuple[TrainState, dict[str, Array]]:
        """Trains on one batch; `state` is consumed (its buffers are reused).

        Args:
            state: from `init`, `arrange` or the step before.
            batch: this process's rows: ids, targets int32[B,T], and where needed positions,
                segment_ids int32[B,T], loss_mask float32[B,T].

        Returns:
            The new state, and scalars: loss (mean over loss_mask, nats), grad_norm (before clipping), lr,
            tokens (that counted), skipped (1 where loss or gradient was not finite and nothing changed).
        """
        return self._step(state, self._place(batch))

    def evaluate(self, params: Params, batch: Mapping[str, Any]) -> Float[Array, "B T"]:
        """Negative log-likelihood of each target in nats; `params` are a state's."""
        return self._evaluate(params, self._place(batch))

    def lower(self, batch: int, length: int) -> jax.stages.Lowered:
        """The step ahead of time, for a global batch [batch, length], without any memory."""
        shape = jax.ShapeDtypeStruct((batch, length), jnp.int32)
        fields = dict.fromkeys(BATCH_FIELDS, shape)
        fields["loss_mask"] = jax.ShapeDtypeStruct((batch, length), jnp.float32)
        return self._step.lower(self.abstract_state(), fields)

    def _place(self, batch: Mapping[str, Any]) -> dict[str, Array]:
        return shard_batch(self.mesh, {k: batch[k] for k in BATCH_FIELDS if k in batch})

    def _init(self, seed: int) -> TrainState:
        params = init_params(self.config, seed)
        zeros = jax.tree.map(jnp.zeros_like, params)
        zero = jnp.zeros((), jnp.int32)
        return TrainState(params, zeros, jax.tree.map(jnp.copy, zeros), zero, zero, zero)

    def _hidden(self, params: Params, batch: dict[str, Array]) -> Array:
        return forward(
            params,
            self.config,
            batch["ids"],
            positions=batch.get("positions"),
            segment_ids=batch.get("segment_ids"),
            dtype=self.dtype,
            remat=self.remat,
        )[0]

    def _nll(self, params: Params, batch: dict[str, Array]) -> Array:
        return cross_entropy(params, self.config, self._hidden(params, batch), batch["targets"])

    def _train(
        self, state: TrainState, batch: dict[str, Array]
    ) -> tuple[TrainState, dict[str, Array]]:
        mask = batch.get("loss_mask")
        mask = jnp.ones(batch["ids"].shape, jnp.float32) if mask is None else mask
        tokens = jnp.sum(mask)
        weights = mask / jnp.maximum(tokens, 1)

        def loss_of(params: Params) -> Array:
            hidden = self._hidden(params, batch)
            return weighted_loss(params, self.config, hidden, batch["targets"], weights)

        loss, gradients = jax.value_and_grad(loss_of)(state.params)
        norm = global_norm(gradients)
        accept = jnp.isfinite(loss) & jnp.isfinite(norm)
        params, mu, nu = self.optimizer.update(
            gradients,
            state.params,
            state.mu,
            state.nu,
            step=state.step,
            updates=state.updates,
            norm=norm,
            accept=accept,
        )
        metrics = {
            "loss": loss,
            "grad_norm": norm,
            "lr": self.optimizer.learning_rate(state.step),
            "tokens": tokens,
            "skipped": 1 - accept.astype(jnp.int32),
        }
        counted = TrainState(
            params,
            mu,
            nu,
            step=state.step + 1,
            updates=state.updates + accept,
            skipped=state.skipped + ~accept,
        )
        return counted, metrics
