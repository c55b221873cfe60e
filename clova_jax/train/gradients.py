"""Computes loss and gradients of one batch, as one device sees them: local shards in, local gradients out.

The same code runs on one device (no axis is manual, no communication) and inside the step's `shard_map`.
There, parameters are marked as differing over the axes that split the tokens *before* they are
differentiated, and gradients are added up explicitly *after*: once a step, outside every loop.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import (
    AttentionPath,
    Params,
    Remat,
    bind,
    causal_attention,
    cross_entropy,
    run_blocks,
    weighted_loss,
)
from clova_jax.parallel import (
    Axes,
    Schedule,
    gather,
    run_pipeline,
    scatter,
    varying,
    zeros_like_varying,
)

Batch = Mapping[str, Array]


@dataclass(frozen=True)
class Objective:
    """Computes the training objective on local shards.

    Args:
        config: sizes of the complete model.
        axes: the manual mesh axes of more than one device.
        schedule: microbatches, and stages where there is a pipeline.
        split_over_data: for each parameter the dimension FSDP splits, counted from the end (-1 is the
            last), or 0: the tree of the parameters.
        remat: what the backward pass recomputes.
        dtype: type of the compute.
        reduce_dtype: type in which gradients are summed over devices.
        attention: how attention is computed, as `choose_path` takes it.
    """

    config: ModelConfig
    axes: Axes
    schedule: Schedule
    split_over_data: Any
    remat: Remat
    dtype: jnp.dtype
    reduce_dtype: jnp.dtype
    attention: AttentionPath | None = None

    def loss_and_gradients(
        self, params: Params, batch: Batch
    ) -> tuple[Float[Array, ""], Params, Float[Array, ""]]:
        """Returns (mean loss over loss_mask, its gradients laid out like `params`, number of tokens that counted)."""
        mask = batch.get("loss_mask")
        mask = jnp.ones_like(batch["ids"], jnp.float32) if mask is None else mask
        tokens = jnp.sum(mask)
        tokens = lax.psum(tokens, self.axes.data) if self.axes.data else tokens
        batch = {**batch, "weights": mask / jnp.maximum(tokens, 1)}
        own = self._own(params)
        if self.schedule.stages > 1:
            loss, gradients = jax.value_and_grad(self._pipeline_loss)(own, batch)
        elif self.schedule.microbatches > 1:
            loss, gradients = self._accumulate(own, self._microbatches(batch))
        else:
            loss, gradients = jax.value_and_grad(self._loss)(own, batch)
        return self._sum(loss, self.axes.batch), self._reduce(gradients), tokens

    def nll(self, params: Params, batch: Batch) -> Float[Array, "B T"] | Float[Array, "n"]:
        """Returns the negative log-likelihood of each target; with a pipeline this device's share of them, flat."""
        params = self._own(params)
        if self.schedule.stages == 1:
            hidden = self._hidden(params, batch)
            return cross_entropy(params, self.config, hidden, batch["targets"], axes=self.axes)
        hidden, targets = self._pipeline_hidden(params, batch, "targets")
        return cross_entropy(params, self.config, hidden, targets, axes=self.axes)[0]

    # One device's layers, or all of them under tensor and data parallelism.

    def _hidden(self, params: Params, batch: Batch) -> Float[Array, "B T D"]:
        decoder = bind(self.config, params)
        x = decoder.embed(batch["ids"], None, batch.get("positions"), self.dtype, self.axes)
        return decoder.ln_f(self._layers(decoder.blocks, x, batch, self.remat))

    def _layers(self, blocks: nnx.Module, x: Array, batch: Batch, remat: Remat) -> Array:
        """Applies a stack of blocks; of `batch`, it uses segment ids and positions."""
        time, positions = x.shape[1], batch.get("positions")
        positions = jnp.arange(time)[None] if positions is None else positions
        attend = causal_attention(
            time, batch.get("segment_ids"), self.config.head_dim, x.dtype, self.attention
        )
        split = bind(self.config, self.split_over_data).blocks
        gather = functools.partial(self._gather, split=split)
        return run_blocks(blocks, x, attend, positions, self.axes, remat, gather)

    def _loss(self, params: Params, batch: Batch) -> Float[Array, ""]:
        return weighted_loss(
            params,
            self.config,
            self._hidden(params, batch),
            batch["targets"],
            batch["weights"],
            axes=self.axes,
        )

    # Gradient accumulation.

    def _microbatches(self, batch: Batch) -> dict[str, Array]:
        rows, count = batch["ids"].shape[0], self.schedule.microbatches
        if rows % count:
            fit = [n for n in range(1, rows + 1) if rows % n == 0]
            raise ClovaError(
                f"microbatches={count} does not divide the {rows} sequences of a data shard; "
                f"it may be {', '.join(map(str, fit))}"
            )
        return {k: v.reshape(count, rows // count, *v.shape[1:]) for k, v in batch.items()}

    def _accumulate(self, params: Params, microbatches: Batch) -> tuple[Array, Params]:
        def add(total: tuple[Array, Params], batch: Batch) -> tuple[tuple[Array, Params], None]:
            return jax.tree.map(jnp.add, total, jax.value_and_grad(self._loss)(params, batch)), None

        zeros = jax.tree.map(lambda x: zeros_like_varying(x.shape, x.dtype, x), params)
        start = (zeros_like_varying((), jnp.float32, microbatches["weights"]), zeros)
        return lax.scan(add, start, microbatches)[0]

    # The pipeline.

    def _pipeline_hidden(self, params: Params, batch: Batch, *fields: str) -> tuple[Array, ...]:
        """Returns this device's share of the tokens after the last stage [1,n,D], and of `fields` [1,n]."""
        repeats, stages = self.schedule.repeats, self.schedule.stages
        layers = self.config.num_layers // (stages * repeats)

        def by_repeat(x: Array) -> Array:  # [k,...] or [R,1,k,...] -> [R,k,...]
            return x.reshape(repeats, layers, *x.shape[1 if repeats == 1 else 3 :])

        microbatches = self._microbatches(batch)
        decoder = bind(self.config, params)
        x = decoder.embed(batch["ids"], None, batch.get("positions"), self.dtype, self.axes)
        x = x.reshape(*microbatches["ids"].shape, x.shape[-1])

        # Recomputing a stage of one layer is recomputing the layer: not twice.
        recompute_stage = self.remat == "stage" or (self.remat == "full" and repeats > 1)
        inner = "none" if recompute_stage and layers == 1 else self.remat

        def stage(blocks: nnx.Module, repeat: Array, x: Array, microbatch: Batch) -> Array:
            def take(x: Array) -> Array:
                return x[0] if repeats == 1 else lax.dynamic_index_in_dim(x, repeat, keepdims=False)

            return self._layers(jax.tree.map(take, blocks), x, microbatch, inner)

        if recompute_stage:
            stage = jax.checkpoint(stage, prevent_cse=False)
        blocks = jax.tree.map(by_repeat, decoder.blocks)
        extras = {
            name: microbatches[name]
            for name in ("segment_ids", "positions")
            if name in microbatches
        }
        out = run_pipeline(self.schedule, self.axes, stage, blocks, x, extras)
        # The head is shared out: every stage takes its part of the tokens.
        out = self._share(out.reshape(-1, out.shape[-1]))
        out = lax.psum_scatter(out, self.axes.pipe, tiled=True)
        hidden = decoder.ln_f(out[None])
        here, size = lax.axis_index(self.axes.pipe), out.shape[0]
        parts = (self._share(batch[name].reshape(-1)) for name in fields)
        return hidden, *(lax.dynamic_slice(x, (here * size,), (size,))[None] for x in parts)

    def _share(self, x: Array) -> Array:
        """Pads with zeros at the end, so that the tokens divide by the stages."""
        rest = -x.shape[0] % self.schedule.stages
        return jnp.pad(x, ((0, rest), *((0, 0),) * (x.ndim - 1)))

    def _pipeline_loss(self, params: Params, batch: Batch) -> Float[Array, ""]:
        hidden, targets, weights = self._pipeline_hidden(params, batch, "targets", "weights")
        return weighted_loss(params, self.config, hidden, targets, weights, axes=self.axes)

    # Parameters, complete or split over 'data', and their gradients.

    def _gather(self, params: Any, split: Any) -> Any:
        def gathered(x: Array, dim: int) -> Array:
            if not dim:
                return x
            # Matrices and tables are only ever used in the type of the compute; vectors of LayerNorms in float32.
            dtype = self.dtype if x.ndim > 1 else x.dtype
            return gather(self.axes.data, x.ndim + dim, dtype, self.reduce_dtype, x)

        return jax.tree.map(gathered, params, split) if self.axes.data else params

    def _own(self, params: Params) -> Params:
        """Marks parameters as each device's own, gathered, except for the blocks, which are gathered layer by layer."""
        parts = {}
        for name, part in params.items():
            names = self.axes.batch
            if name == "blocks":
                names = tuple(n for n in names if n == self.axes.data)
            else:  # float32 again: so are their gradients, which are formed once a step
                part = self._gather(part, self.split_over_data[name])
                part = jax.tree.map(lambda x: x.astype(jnp.float32), part)
            parts[name] = jax.tree.map(lambda x, names=names: varying(x, names), part)
        return parts

    def _sum(self, tree: Any, names: tuple[str, ...]) -> Any:
        return lax.psum(tree, names) if names else tree

    def _reduce(self, gradients: Params) -> Params:
        """Sums gradients over the tokens of all devices, laid out like the parameters."""
        data = self.axes.data
        reduced = {}
        for name, part in gradients.items():
            names = tuple(n for n in self.axes.batch if name != "blocks" or n == data)
            rest = tuple(n for n in names if n != data)

            def total(x: Array, dim: int, name: str = name, names=names, rest=rest) -> Array:
                scattered = bool(dim and data)
                over = rest if scattered else names
                if scattered and name == "blocks" and not over:
                    return x  # summed layer by layer
                narrow = x.astype(self.reduce_dtype)
                if scattered and name != "blocks":
                    narrow = scatter(narrow, data, x.ndim + dim)
                return self._sum(narrow, over).astype(x.dtype)

            reduced[name] = jax.tree.map(total, part, self.split_over_data[name])
        return reduced
