"""Compiles one training step for a mesh: loss, gradients, AdamW; the state is donated."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import (
    AttentionPath,
    Params,
    Remat,
    abstract_params,
    choose_path,
    default_dtype,
    init_params,
)
from clova_jax.parallel import (
    AXES,
    Axes,
    Schedule,
    default_reduce_dtype,
    make_mesh,
    overlap_options,
    shard_batch,
)
from clova_jax.train.gradients import Objective
from clova_jax.train.layout import Layout, check_fit
from clova_jax.train.optimizer import Schedule as LearningRates
from clova_jax.train.optimizer import apply_gradients, fresh_state
from clova_jax.train.state import TrainState

BATCH_FIELDS = ("ids", "targets", "positions", "segment_ids", "loss_mask")


class TrainStep:
    """Trains on one batch: `state, metrics = step(state, batch)`.

    Args:
        config: the model's sizes.
        optimizer: `adamw(…)`, or any other of optax's.
        mesh: devices ('data','pipe','model'); one device by default.
        learning_rate: step -> rate, for the metrics only.
        microbatches: microbatches of a data shard's rows, computed one after the other.
        schedule: of the pipeline, where pipe > 1: "gpipe", "circular" or "circular:REPEATS".
        fsdp: split parameters and optimizer state over 'data' as well.
        remat: what the backward pass recomputes: "none", "dots" (all but matrix products), "full" (layers),
            "stage" (layers, and a pipeline's stages around them).
        dtype: type of the compute; float32 on CPUs, bfloat16 on accelerators.
        reduce_dtype: type in which gradients cross the mesh; that of the compute, but float32 where more than
            64 devices add up (`parallel.default_reduce_dtype`).
        attention: "plain", "cudnn", "triton", "splash", or "auto" (`model.choose_path`).

    Raises:
        ClovaError: a mesh or schedule that does not divide this model; the number that would.
    """

    def __init__(
        self,
        config: ModelConfig,
        optimizer: optax.GradientTransformation,
        mesh: Mesh | None = None,
        *,
        learning_rate: LearningRates | None = None,
        microbatches: int = 1,
        schedule: str = "gpipe",
        fsdp: bool = False,
        remat: Remat = "none",
        dtype: jnp.dtype | None = None,
        reduce_dtype: jnp.dtype | None = None,
        attention: AttentionPath | None = None,
    ) -> None:
        self.config = config
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.mesh = mesh or make_mesh()
        check_fit(config, self.mesh, fsdp)
        stages = self.mesh.shape["pipe"]
        self.dtype = jnp.dtype(dtype or default_dtype())
        terms = self.mesh.shape["data"] * stages
        self.reduce_dtype = jnp.dtype(reduce_dtype or default_reduce_dtype(self.dtype, terms))
        self.attention = attention
        self.schedule = Schedule.named(schedule, stages, microbatches, config.num_layers)
        self.layout = Layout(config, self.mesh, self.schedule, fsdp)
        self._objective = Objective(
            config,
            Axes(**{name: name for name in AXES if self.mesh.shape[name] > 1}),
            self.schedule,
            self.layout.split_over_data(),
            remat,
            self.dtype,
            self.reduce_dtype,
            attention,
        )
        places = self._places(self.layout.shardings())
        self._init = jax.jit(self._fresh, static_argnums=0, out_shardings=places)
        self._start = jax.jit(
            lambda params: fresh_state(self.optimizer, self.layout.arrange(params)),
            out_shardings=places,
        )
        platform = self.mesh.devices.flat[0].platform
        self._step = jax.jit(
            self._train,
            donate_argnums=0,
            out_shardings=(places, None),
            compiler_options=overlap_options(platform, self.mesh.size, fsdp) or None,
        )
        self._evaluate = jax.jit(self._nll)
        self._arrange = jax.jit(
            functools.partial(self._map, self.layout.arrange), out_shardings=places
        )
        self._canonical = jax.jit(
            functools.partial(self._map, self.layout.canonical),
            out_shardings=self._places(self.layout.shardings(canonical=True)),
        )

    def init(self, seed: int = 0) -> TrainState:
        """Makes a state with fresh parameters in place on the mesh; the values are the same on every mesh."""
        return self._init(seed)

    def start(self, params: Params) -> TrainState:
        """Makes a state with a fresh optimizer around given parameters, canonical ones (`model.load_model`)."""
        return self._start(params)

    def canonical(self, state: TrainState) -> TrainState:
        """Returns the state with the shapes that every mesh agrees on, those of checkpoints and models.

        The same object where this mesh needs no others.
        """
        return state if self._is_canonical else self._canonical(state)

    def arrange(self, state: TrainState) -> TrainState:
        """Reverses `canonical`: returns a state laid out for this step's mesh."""
        return state if self._is_canonical else self._arrange(state)

    def abstract_state(self) -> TrainState:
        """Returns shapes, types and shardings of the canonical state, without arrays; a restore asks for them."""
        return jax.tree.map(
            lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
            jax.eval_shape(functools.partial(self._map, self.layout.canonical), self._abstract()),
            self._places(self.layout.shardings(canonical=True)),
        )

    def __call__(
        self, state: TrainState, batch: Mapping[str, Any]
    ) -> tuple[TrainState, dict[str, Array]]:
        """Trains on one batch; `state` is consumed (its buffers are reused).

        Args:
            state: from `init`, `arrange` or the step before.
            batch: this process's rows: ids, targets int32[B,T], and where needed positions,
                segment_ids int32[B,T], loss_mask float32[B,T].

        Returns:
            The new state, and scalars: loss (mean over loss_mask, nats), grad_norm (before clipping), lr (where known),
            tokens (that counted), skipped (1 where loss or gradient was not finite and nothing changed).
        """
        return self._step(state, self._place(batch))

    def evaluate(self, params: Params, batch: Mapping[str, Any]) -> Float[Array, "B T"]:
        """Returns the negative log-likelihood of each target in nats; `params` are a state's."""
        return self._evaluate(params, self._place(batch))

    def lower(
        self, batch: int, length: int, platform: str | None = None, segments: bool = True
    ) -> jax.stages.Lowered:
        """Lowers the step for a global batch [batch, length] without allocating anything.

        Args:
            batch, length: the shape.
            platform: "cuda" or "tpu" where the program is not for this machine's devices.
            segments: rows are packed, with segment ids.
        """
        rows = NamedSharding(self.mesh, PartitionSpec("data"))
        fields = {
            name: jax.ShapeDtypeStruct(
                (batch, length), jnp.float32 if name == "loss_mask" else jnp.int32, sharding=rows
            )
            for name in BATCH_FIELDS
            if segments or name != "segment_ids"
        }
        traced = self._step.trace(self._abstract(), fields)
        return traced.lower(lowering_platforms=(platform,) if platform else None)

    def attention_path(self, length: int, segments: bool) -> AttentionPath:
        """Returns how attention over rows of a length is computed.

        Raises:
            ClovaError: the path that was asked for does not fit.
        """
        return choose_path(self.attention, length, segments, self.config.head_dim, self.dtype)

    @property
    def _is_canonical(self) -> bool:
        padded = self.config.vocab_size % self.mesh.shape["model"]
        return self.schedule.repeats == 1 and not padded

    def _abstract(self) -> TrainState:
        """Returns shapes, types and shardings of the state that `__call__` takes."""
        return jax.tree.map(
            lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
            jax.eval_shape(functools.partial(self._fresh, 0)),
            self._places(self.layout.shardings()),
        )

    def _places(self, params: Any) -> TrainState:
        """Returns the shardings of a state: trees shaped like the parameters lie as these do, the rest on every device."""
        replicated = self.layout.replicated()
        shapes = abstract_params(self.config)

        def place(value: jax.ShapeDtypeStruct, like: jax.ShapeDtypeStruct, where: Any) -> Any:
            if value.shape != like.shape:
                raise ValueError
            return where

        try:
            opt_state = optax.tree.map_params(
                self.optimizer,
                place,
                jax.eval_shape(self.optimizer.init, shapes),
                shapes,
                params,
                transform_non_params=lambda _: replicated,
            )
        except ValueError:
            raise ClovaError(
                "optimizer: its state holds for some parameters something not shaped like them (as adafactor's and "
                "optax.masked's does), and where that lies on a mesh is not known; give another, such as adamw or lion"
            ) from None
        return TrainState(params, opt_state, replicated, replicated)

    def _fresh(self, seed: int) -> TrainState:
        return fresh_state(self.optimizer, self.layout.arrange(init_params(self.config, seed)))

    def _map(self, how: Callable[[Params], Params], state: TrainState) -> TrainState:
        """Applies `how` to the parameters and to each tree of the optimizer's state that is shaped like them."""
        structure = jax.tree.structure(state.params)

        def is_tree(value: Any) -> bool:
            return jax.tree.structure(value) == structure

        opt_state = jax.tree.map(
            lambda value: how(value) if is_tree(value) else value, state.opt_state, is_leaf=is_tree
        )
        return TrainState(how(state.params), opt_state, state.step, state.skipped)

    def _place(self, batch: Mapping[str, Any]) -> dict[str, Array]:
        return shard_batch(self.mesh, {k: batch[k] for k in BATCH_FIELDS if k in batch})

    def _on_shards(self, function: Callable, out_specs: Any) -> Callable:
        """Wraps `function(params, batch)` to run on local shards; on one device it stays as it is."""
        if self.mesh.size == 1:
            return function
        rows = PartitionSpec(self._objective.axes.data)
        return jax.shard_map(
            function, mesh=self.mesh, in_specs=(self.layout.specs(), rows), out_specs=out_specs
        )

    def _nll(self, params: Params, batch: dict[str, Array]) -> Array:
        axes, (rows, time) = self._objective.axes, batch["ids"].shape
        nll = self._on_shards(self._objective.nll, PartitionSpec(axes.batch or None))(params, batch)
        if self.schedule.stages == 1:
            return nll
        shards = self.mesh.shape["data"]
        return nll.reshape(shards, -1)[:, : rows // shards * time].reshape(rows, time)

    def _train(
        self, state: TrainState, batch: dict[str, Array]
    ) -> tuple[TrainState, dict[str, Array]]:
        replicated = PartitionSpec()
        loss, gradients, tokens = self._on_shards(
            self._objective.loss_and_gradients, (replicated, self.layout.specs(), replicated)
        )(state.params, batch)
        after, norm, accept = apply_gradients(self.optimizer, state, loss, gradients)
        metrics = {
            "loss": loss,
            "grad_norm": norm,
            "tokens": tokens,
            "skipped": 1 - accept.astype(jnp.int32),
        }
        if self.learning_rate is not None:
            metrics["lr"] = self.learning_rate(state.step)
        return after, metrics
