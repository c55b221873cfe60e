"""Defines the complete decoder, GPT-3's: a stack of blocks between learned positions and a tied head."""

import functools
from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model.attention import cached_attention, causal_mask, self_attention
from clova_jax.model.attention_path import causal_attention
from clova_jax.model.cache import Cache
from clova_jax.model.modules import INIT_STD, Attend, Block, LayerNorm, parameter
from clova_jax.model.stack import Remat, make_blocks, rematerialised, run_blocks
from clova_jax.parallel import ALL_AUTO, Axes


def default_dtype() -> DTypeLike:
    """Returns the compute type: bfloat16 on accelerators, float32 on CPUs."""
    return jnp.float32 if jax.default_backend() == "cpu" else jnp.bfloat16


class Decoder(nnx.Module):
    """Runs a language model: token and position tables, a stack of blocks, a last LayerNorm; the head is the token table.

    Args:
        config: the sizes.
        rngs: random streams, such as `nnx.Rngs(0)`.
        virtual: rows of p-tuning's prompt vectors beside the token table. A model has none:
            they are put beside the frozen parameters for a call, under the name `virtual`.
    """

    block: ClassVar[type[nnx.Module]] = Block

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs, virtual: int = 0) -> None:
        self.config = config
        width = config.embed_dim

        def table(rows: int, axis: str) -> nnx.Param:
            return parameter(INIT_STD * rngs.params.normal((rows, width)), axis, "embed")

        self.embedding = table(config.vocab_size, "vocab")
        self.positions = table(config.max_length, "length")
        if virtual:
            self.virtual = table(virtual, "virtual")
        self.blocks = make_blocks(self.block, config, config.num_layers, rngs)
        self.ln_f = LayerNorm(width)

    def __call__(
        self,
        ids: Int[Array, "B T"] | None = None,
        *,
        embeddings: Float[Array, "B T D"] | None = None,
        positions: Int[Array, "B T"] | None = None,
        segment_ids: Int[Array, "B T"] | None = None,
        branch_ids: Int[Array, "B T"] | None = None,
        cache: Cache | None = None,
        dtype: DTypeLike | None = None,
        remat: Remat = "none",
        at: Int[Array, "B K"] | None = None,
        frozen: bool = True,
    ) -> tuple[Float[Array, "B T D"], Cache | None]:
        """Runs tokens through the decoder.

        Args:
            ids: tokens; or else
            embeddings: token embeddings, to which positions are added here.
            positions: 0..T-1 by default, or going on after the cache (and its prefix).
            segment_ids: a token attends only to tokens with its own id; 0 is padding. Beside `branch_ids`, all of the
                row also see those with an id below 0. With a cache, every
                token also sees all of the prefix and of its row's cache, whatever its id; padding stands at
                the end of a row and is not kept.
            branch_ids: which continuation of its segment a token belongs to, 0 for what they continue: a token sees
                that and its own.
            cache: keys and values before these tokens.
            dtype: type of the compute; float32 on CPUs and bfloat16 on accelerators by default.
            remat: what the backward pass recomputes (see `rematerialised`).
            at: the places 0..T-1 whose hidden states are wanted; all by default. For the others the last layer
                computes keys and values alone.
            frozen: the parameters get no gradient. If they do, the last layer is computed everywhere, with the
                others: a gradient at one layer of a stack costs more than that saves.

        Returns:
            hidden [B,T,D] after the last LayerNorm ([B,K,D] with `at`), and the cache with the new entries (None
            without one).

        Raises:
            ClovaError: neither or both of ids and embeddings; a sequence longer than `max_length`.
        """
        packed = branch_ids is not None
        x, positions = self._begin(ids, embeddings, positions, cache, dtype, packed)
        if at is not None and frozen and at.shape[1] < x.shape[1]:
            behind = cache or Cache.empty(self.config, len(x), 0, x.dtype)
            x, entries = self._run_to(at, behind, x, segment_ids, branch_ids, positions, remat)
            return self.ln_f(x), cache and cache.append(*entries, segment_ids)
        if cache is None:
            attend = self._attend_among(x, segment_ids, branch_ids)
            x = run_blocks(self.blocks, x, attend, positions, remat=remat)
        else:
            body, layers = self._after(cache, x, segment_ids, branch_ids, positions)
            x, entries = jax.lax.scan(rematerialised(body, remat), x, layers)
            cache = cache.append(*entries, segment_ids)
        return self.ln_f(x if at is None else _rows(x, at)), cache

    def prefill(
        self,
        ids: Int[Array, "B T"],
        *,
        cache: Cache,
        segment_ids: Int[Array, "B T"] | None = None,
        dtype: DTypeLike | None = None,
    ) -> Cache:
        """Returns the cache with the entries of new tokens; the arguments are those of a call.

        Of the last layer nothing is computed but keys and values.
        """
        x, positions = self._begin(ids, None, None, cache, dtype)
        nowhere = jnp.zeros((len(x), 0), jnp.int32)
        _, entries = self._run_to(nowhere, cache, x, segment_ids, None, positions, "none")
        return cache.append(*entries, segment_ids)

    def _run_to(
        self,
        at: Int[Array, "B K"],
        cache: Cache,
        x: Float[Array, "B T D"],
        segment_ids: Int[Array, "B T"] | None,
        branch_ids: Int[Array, "B T"] | None,
        positions: Int[Array, "#B T"],
        remat: Remat,
    ) -> tuple[Float[Array, "B K D"], tuple[Array, Array]]:
        """Runs all layers, the last for some of the tokens.

        Returns:
            the residual stream there, and keys and values [L,B,T,N,H] of all tokens.
        """
        body, layers = self._after(cache, x, segment_ids, branch_ids, positions)

        def numbered(x: Array, number: Int[Array, ""] | int) -> tuple[Array, tuple[Array, Array]]:
            return body(x, jax.tree.map(lambda stack: stack[number], layers))

        def last(x: Array) -> tuple[Array, tuple[Array, Array]]:
            block, keys, values, shared = jax.tree.map(lambda stack: stack[-1], layers)
            _, entries = numbered(x, self.config.num_layers - 1)  # what is not used is not computed
            if not at.shape[1]:
                return x[:, :0], entries
            mask = causal_mask(x.shape[1], segment_ids, branch_ids)[:, 0]
            attend = functools.partial(
                cached_attention,
                mask=_rows(jnp.broadcast_to(mask, (len(x), *mask.shape[1:])), at)[:, None],
                rows=(keys, values, cache.lengths),
                prefix=None if cache.prefix is None else (*shared, cache.prefix.length),
            )
            where = jnp.broadcast_to(positions, x.shape[:2])
            own = jnp.take_along_axis(where, at, 1)
            return block(_rows(x, at), lambda query, *_: attend(query, *entries), own)[0], entries

        # Not a scan over all but the last of each stack: such slices are copies.
        before = jnp.arange(self.config.num_layers - 1)
        x, most = jax.lax.scan(rematerialised(numbered, remat), x, before)
        x, entries = rematerialised(last, remat)(x)
        return x, tuple(
            jnp.concatenate([old, new[None]]) for old, new in zip(most, entries, strict=True)
        )

    def _begin(
        self,
        ids: Int[Array, "B T"] | None,
        embeddings: Float[Array, "B T D"] | None,
        positions: Int[Array, "B T"] | None,
        cache: Cache | None,
        dtype: DTypeLike | None,
        packed: bool = False,
    ) -> tuple[Float[Array, "B T D"], Int[Array, "#B T"]]:
        """Returns what the layers start with, and the positions.

        With `packed` a row is several texts, and may be longer than each of them may.
        """
        if (ids is None) == (embeddings is None):
            raise ClovaError("Decoder: give ids or embeddings, one of the two")
        time = (ids if ids is not None else embeddings).shape[1]
        if time > self.config.max_length and not packed:
            raise ClovaError(
                f"Decoder: {time} tokens, but the model's max_length is {self.config.max_length}; "
                "cut the text"
            )
        if cache is not None and positions is None:
            positions = cache.next_positions[:, None] + jnp.arange(time)
        x = self.embed(ids, embeddings, positions, dtype or default_dtype())
        positions = jnp.arange(time)[None] if positions is None else positions
        return x, positions

    def _attend_among(
        self,
        x: Float[Array, "B T D"],
        segment_ids: Int[Array, "B T"] | None,
        branch_ids: Int[Array, "B T"] | None,
    ) -> Attend:
        """Returns the attention of new tokens with nothing before them."""
        if branch_ids is not None:
            mask = causal_mask(x.shape[1], segment_ids, branch_ids)
            return functools.partial(self_attention, mask=mask)
        # XLA cannot split the kernels that ask for it, should it split this program over devices.
        one_device = jax.device_count() == 1
        return causal_attention(
            x.shape[1], segment_ids, self.config.head_dim, x.dtype, one_device=one_device
        )

    def _after(
        self,
        cache: Cache,
        x: Float[Array, "B T D"],
        segment_ids: Int[Array, "B T"] | None,
        branch_ids: Int[Array, "B T"] | None,
        positions: Int[Array, "#B T"],
    ) -> tuple[Callable[[Array, tuple], tuple[Array, tuple[Array, Array]]], tuple]:
        """Returns a layer behind a cache, as the body of a scan, and the stacks that the scan goes through."""
        prefix, empty = cache.prefix, cache.prefix is None and not cache.size
        own = self._attend_among(x, segment_ids, branch_ids) if empty else None
        mask = None if empty else causal_mask(x.shape[1], segment_ids, branch_ids)

        def body(x: Array, layer: tuple) -> tuple[Array, tuple[Array, Array]]:
            block, keys, values, shared = layer
            attend = own or functools.partial(
                cached_attention,
                mask=mask,
                rows=(keys, values, cache.lengths),
                prefix=None if prefix is None else (*shared, prefix.length),
            )
            return block(x, attend, positions)

        shared = None if prefix is None else (prefix.keys, prefix.values)
        return body, (self.blocks, cache.keys, cache.values, shared)

    def embed(
        self,
        ids: Int[Array, "B T"] | None,
        embeddings: Float[Array, "B T D"] | None,
        positions: Int[Array, "B T"] | None,
        dtype: DTypeLike,
        axes: Axes = ALL_AUTO,
    ) -> Float[Array, "B T D"]:
        """Returns token embeddings, looked up unless given, plus position embeddings."""
        if embeddings is None:
            embeddings = self.token_embeddings(ids, axes)
        where = self.position_embeddings(positions, embeddings.shape[1])
        return embeddings.astype(dtype) + where.astype(dtype)

    def position_embeddings(
        self, positions: Int[Array, "B T"] | None, time: int
    ) -> Float[Array, "#B T D"]:
        """Returns rows of the position table, its first `time` where no positions are given."""
        table = self.positions[...]
        return table[None, :time] if positions is None else table[positions]

    def token_embeddings(
        self, ids: Int[Array, "B T"], axes: Axes = ALL_AUTO
    ) -> Float[Array, "B T D"]:
        """Returns what stands for each id: a row of the token table or, for ids that go on after it, of `virtual`."""
        table = self.embedding[...]
        if not hasattr(self, "virtual"):
            return lookup(table, ids, axes)
        rows = lookup(table, jnp.minimum(ids, len(table) - 1), axes)
        prompts = self.virtual[...][jnp.maximum(ids - len(table), 0)].astype(rows.dtype)
        return jnp.where((ids >= len(table))[..., None], prompts, rows)

    def logits(self, hidden: Float[Array, "*rows D"]) -> Float[Array, "*rows V"]:
        """Computes scores of the next token, float32, over the `vocab_size` real entries."""
        table = self.embedding[: self.config.vocab_size].astype(hidden.dtype)
        return jnp.einsum("...d,vd->...v", hidden, table, preferred_element_type=jnp.float32)


def lookup(
    table: Float[Array, "V D"], ids: Int[Array, "B T"], axes: Axes = ALL_AUTO
) -> Float[Array, "B T D"]:
    """Returns rows of the token table, which may be split over the vocabulary."""
    if not axes.model:
        return table[ids]
    local = ids - axes.model_index() * table.shape[0]
    mine = (local >= 0) & (local < table.shape[0])
    rows = table[jnp.where(mine, local, 0)]
    return axes.sum_over_model(jnp.where(mine[..., None], rows, 0))


def _rows(x: Array, at: Int[Array, "B K"]) -> Array:
    """Returns x[b, at[b]] for every b."""
    return jnp.take_along_axis(x, at[..., None], axis=1)
