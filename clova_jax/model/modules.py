"""The decoder as Flax modules, GPT-3's: pre-LN blocks, learned positions, tanh GELU, dense causal attention, tied head.

Notable:
- each parameter stands once, with its shape, its logical axes (`out_sharding`, read by the sharding rules) and
  its start; layouts are GPT-2's, so that `interop/` copies without a transposition;
- one `Block` for every path: plain, cached, tensor-parallel, pipeline stage. Widths come from the arrays, so a
  block that holds a slice of the heads works on that slice; `axes` says whom to add up with;
- blocks are stacked on axis 0 and run under `lax.scan`: compile time does not grow with depth;
- compute in the input's dtype, with LayerNorm, softmax and the loss in float32 over float32 parameters;
- functions under `jax.jit` take parameters as a plain nested dict and `bind` them to these modules inside:
  a call with a dict of 24 stacked layers costs 0.5 ms, with `nnx.jit` 2.6 ms.

Change it by subclassing: see docs/how-to/own_model.md.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model.attention import cached_attention, causal_mask, self_attention
from clova_jax.model.cache import Cache
from clova_jax.parallel.collectives import ALL_AUTO, Axes

Params = dict[str, Any]  # a nested dict of arrays, with the names of the modules' attributes
Remat = Literal["none", "dots", "full", "stage"]
Attend = Callable[[Array, Array, Array], Array]
LAYER_NORM_EPSILON = 1e-5  # GPT-2's
INIT_STD = 0.02  # GPT-2 and GPT-3 default, the paper is silent


def default_dtype() -> jnp.dtype:
    """Returns the compute type: bfloat16 on accelerators, float32 on CPUs."""
    return jnp.float32 if jax.default_backend() == "cpu" else jnp.bfloat16


def parameter(value: Array, *axes: str) -> nnx.Param:
    """Makes a parameter whose dimensions have these logical axes; where they lie is the sharding rules' business."""
    return nnx.Param(value, out_sharding=axes, eager_sharding=False)


class Linear(nnx.Module):
    """A linear layer from one or several axes to one or several axes.

    Args:
        inputs: size of each input axis by its logical name, such as `{"heads": 12, "head_dim": 64}`.
        outputs: size of each output axis.
        std: standard deviation of the normal distribution that the kernel starts from; the bias starts at 0.
        rngs: random streams.
    """

    def __init__(
        self, inputs: dict[str, int], outputs: dict[str, int], std: float, rngs: nnx.Rngs
    ) -> None:
        names, shape = (*inputs, *outputs), (*inputs.values(), *outputs.values())
        self.kernel = parameter(std * rngs.params.normal(shape), *names)
        self.bias = parameter(jnp.zeros(tuple(outputs.values())), *outputs)

    def product(self, x: Float[Array, "*rows I"]) -> Float[Array, "*rows O"]:
        """Computes the layer without its bias, input and output axes each as one.

        As one product of two matrices: with batch and time apart, XLA:CPU took 2.4 times as long for a
        feed-forward layer and its gradients (benchmarks/LOG.md).
        """
        kernel = self.kernel[...].reshape(x.shape[-1], -1)
        rows = x.reshape(-1, x.shape[-1]) @ kernel.astype(x.dtype)
        return rows.reshape(*x.shape[:-1], -1)

    def __call__(
        self, x: Float[Array, "*rows I"], axes: Axes | None = None
    ) -> Float[Array, "*rows O"]:
        """Computes the layer; with `axes`, each device holds a slice of the inputs and the results are summed."""
        product = self.product(x)
        if axes is not None:
            product = axes.sum_over_model(product)
        return product + self.bias[...].reshape(-1).astype(x.dtype)


class LayerNorm(nnx.Module):
    """LayerNorm over the last axis, in float32, back in the type of its input."""

    def __init__(self, width: int) -> None:
        self.scale = parameter(jnp.ones(width), "embed")
        self.bias = parameter(jnp.zeros(width), "embed")

    def __call__(self, x: Float[Array, "*rows D"]) -> Float[Array, "*rows D"]:
        """Normalises each row."""
        return layer_norm(x, self.scale[...], self.bias[...])


def layer_norm(
    x: Float[Array, "*rows D"], scale: Float[Array, "D"], bias: Float[Array, "D"]
) -> Float[Array, "*rows D"]:
    """Normalises rows in float32; back in the type of `x`."""
    wide = x.astype(jnp.float32)
    centred = wide - jnp.mean(wide, -1, keepdims=True)
    variance = jnp.mean(jnp.square(centred), -1, keepdims=True)
    normal = centred * jax.lax.rsqrt(variance + LAYER_NORM_EPSILON)
    return (normal * scale + bias).astype(x.dtype)


class Attention(nnx.Module):
    """Multi-head attention: one projection to queries, keys and values, one back.

    The projection back starts at 0.02 / sqrt(2L), as all that write to the residual stream (GPT-2 and GPT-3
    default, the paper is silent).
    """

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        embed = {"embed": config.embed_dim}
        heads = {"heads": config.num_heads, "head_dim": config.head_dim}
        self.qkv = Linear(embed, {"qkv": 3, **heads}, INIT_STD, rngs)
        self.out = Linear(heads, embed, residual_std(config), rngs)

    def __call__(
        self,
        x: Float[Array, "B T D"],
        attend: Attend,
        positions: Int[Array, "#B T"],
        axes: Axes = ALL_AUTO,
    ) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
        """Mixes tokens.

        Args:
            x: the normalised residual stream.
            attend: (query, key, value, each [B,T,N,H]) -> [B,T,N,H]; knows mask and cache.
            positions: of the tokens; `rotate` may use them.
            axes: the manual mesh axes, if any.

        Returns:
            What to add to the residual stream, and the keys and values [B,T,N,H] for a cache.
        """
        batch, time, _ = x.shape
        heads, head_dim = self.qkv.kernel.shape[-2:]
        qkv = checkpoint_name(self.qkv(axes.into_model(x)), "qkv")
        parts = jnp.split(qkv.reshape(batch, time, 3, heads, head_dim), 3, axis=2)
        query, key, value = (part.squeeze(2) for part in parts)
        query, key = self.rotate(query, positions), self.rotate(key, positions)
        mixed = attend(query, key, value).reshape(batch, time, heads * head_dim)
        return self.out(mixed, axes), (key, value)

    def rotate(
        self, x: Float[Array, "B T N H"], positions: Int[Array, "#B T"]
    ) -> Float[Array, "B T N H"]:
        """Changes queries and keys by their positions; nothing here, a subclass may (RoPE)."""
        return x


class MLP(nnx.Module):
    """The feed-forward part of a block: four times the width, GELU in its tanh form (GPT-2's), and back."""

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        embed, mlp = {"embed": config.embed_dim}, {"mlp": config.mlp_dim}
        self.up = Linear(embed, mlp, INIT_STD, rngs)
        self.down = Linear(mlp, embed, residual_std(config), rngs)

    def __call__(self, x: Float[Array, "B T D"], axes: Axes = ALL_AUTO) -> Float[Array, "B T D"]:
        """Returns what to add to the residual stream."""
        up = checkpoint_name(self.up(axes.into_model(x)), "up")
        return self.down(self.activation(up), axes)

    def activation(self, x: Array) -> Array:
        """Bends the hidden layer; a subclass may bend it otherwise."""
        return jax.nn.gelu(x, approximate=True)


def residual_std(config: ModelConfig) -> float:
    """Returns the start of what writes to the residual stream: 0.02 / sqrt(2L), for 2L of them add up."""
    return INIT_STD / math.sqrt(2 * config.num_layers)


class Block(nnx.Module):
    """One layer. A subclass may name other parts: `attention = RotaryAttention`."""

    attention: ClassVar[type[nnx.Module]] = Attention
    feed_forward: ClassVar[type[nnx.Module]] = MLP

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        self.ln_1 = LayerNorm(config.embed_dim)
        self.attn = self.attention(config, rngs)
        self.ln_2 = LayerNorm(config.embed_dim)
        self.mlp = self.feed_forward(config, rngs)

    def __call__(
        self,
        x: Float[Array, "B T D"],
        attend: Attend,
        positions: Int[Array, "#B T"],
        axes: Axes = ALL_AUTO,
    ) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
        """Runs the layer; arguments as `Attention`'s.

        Returns:
            The residual stream after the layer, and the keys and values of `x` for a cache.
        """
        mixed, keys_and_values = self.attn(self.ln_1(x), attend, positions, axes)
        x = checkpoint_name(x + mixed, "residual")
        return x + self.mlp(self.ln_2(x), axes), keys_and_values


class Decoder(nnx.Module):
    """The language model: token and position tables, a stack of blocks, a last LayerNorm; the head is the token table.

    Args:
        config: the sizes.
        rngs: random streams, such as `nnx.Rngs(0)`.
        virtual: rows of p-tuning's prompt vectors beside the token table. Models have none of their own:
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

        @jax.vmap
        @nnx.transform_metadata(in_axes=0, out_axes=0, partition="layers")
        def stack(rngs: nnx.Rngs) -> nnx.Module:
            return self.block(config, rngs)

        self.blocks = stack(rngs.split(config.num_layers))
        self.ln_f = LayerNorm(width)

    def __call__(
        self,
        ids: Int[Array, "B T"] | None = None,
        *,
        embeddings: Float[Array, "B T D"] | None = None,
        positions: Int[Array, "B T"] | None = None,
        segment_ids: Int[Array, "B T"] | None = None,
        cache: Cache | None = None,
        dtype: jnp.dtype | None = None,
        remat: Remat = "none",
    ) -> tuple[Float[Array, "B T D"], Cache | None]:
        """Runs tokens through the decoder.

        Args:
            ids: tokens; or else
            embeddings: token embeddings, to which positions are added here.
            positions: 0..T-1 by default, or going on after the cache (and its prefix).
            segment_ids: a token attends only to tokens with its own id; 0 is padding. With a cache, every
                token also sees all of the prefix and of its row's cache, whatever its id; padding stands at
                the end of a row and is not kept.
            cache: keys and values before these tokens.
            dtype: type of the compute; float32 on CPUs and bfloat16 on accelerators by default.
            remat: what the backward pass recomputes (see `rematerialised`).

        Returns:
            hidden [B,T,D] after the last LayerNorm, and the cache with the new entries (None without one).

        Raises:
            ClovaError: neither or both of ids and embeddings; a sequence longer than `max_length`.
        """
        if (ids is None) == (embeddings is None):
            raise ClovaError("Decoder: give ids or embeddings, one of the two")
        time = (ids if ids is not None else embeddings).shape[1]
        if time > self.config.max_length:
            raise ClovaError(
                f"Decoder: {time} tokens, but the model's max_length is {self.config.max_length}; "
                "cut the text"
            )
        if cache is not None and positions is None:
            positions = cache.next_positions[:, None] + jnp.arange(time)
        x = self.embed(ids, embeddings, positions, dtype or default_dtype())
        positions = jnp.arange(time)[None] if positions is None else positions
        mask = causal_mask(time, segment_ids)
        if cache is None:
            attend = functools.partial(self_attention, mask=mask)
            return self.ln_f(run_blocks(self.blocks, x, attend, positions, remat=remat)), None

        prefix = cache.prefix

        def body(x: Array, layer: tuple) -> tuple[Array, tuple[Array, Array]]:
            block, keys, values, shared = layer
            attend = functools.partial(
                cached_attention,
                mask=mask,
                rows=(keys, values, cache.lengths),
                prefix=None if prefix is None else (*shared, prefix.length),
            )
            return block(x, attend, positions)

        shared = None if prefix is None else (prefix.keys, prefix.values)
        layers = (self.blocks, cache.keys, cache.values, shared)
        x, (keys, values) = jax.lax.scan(rematerialised(body, remat), x, layers)
        return self.ln_f(x), cache.append(keys, values, segment_ids)

    def embed(
        self,
        ids: Int[Array, "B T"] | None,
        embeddings: Float[Array, "B T D"] | None,
        positions: Int[Array, "B T"] | None,
        dtype: jnp.dtype,
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


# What a layer keeps for its backward pass, by the names that its parts give: with "none" no matrix product is
# done twice, only LayerNorm and GELU; with "dots" the product of queries and keys is; with "full" and "stage"
# all are.
KEPT: dict[str, tuple[str, ...]] = {
    "none": ("qkv", "weights", "mixed", "residual", "up"),
    "dots": ("qkv", "mixed", "residual", "up"),
    "full": (),
    "stage": (),
}


def rematerialised(body: Callable, remat: Remat) -> Callable:
    """Wraps the body of a layer scan so that it keeps for the backward pass only what `KEPT` names.

    "stage" is "full" here; with it the train step also recomputes a pipeline's whole stage.
    """
    if remat not in KEPT:
        raise ClovaError(f"remat={remat!r}: there are {', '.join(KEPT)}")
    named = jax.checkpoint_policies.save_only_these_names(*KEPT[remat])

    def keep(primitive: Any, *args: Any, **params: Any) -> bool:
        # cuDNN's fused attention keeps its own result and the row sums.
        fused = remat != "full" and remat != "stage" and "attention_fwd" in primitive.name
        return fused or named(primitive, *args, **params)

    return jax.checkpoint(body, policy=keep, prevent_cse=False)


def run_blocks(
    blocks: nnx.Module,
    x: Float[Array, "B T D"],
    attend: Attend,
    positions: Int[Array, "#B T"],
    axes: Axes = ALL_AUTO,
    remat: Remat = "none",
    gather: Callable[[nnx.Module], nnx.Module] | None = None,
) -> Float[Array, "B T D"]:
    """Runs all layers of a stack, in order. `gather` makes a layer's parameters whole where FSDP split them."""

    def body(x: Array, block: nnx.Module) -> tuple[Array, None]:
        return (gather(block) if gather else block)(x, attend, positions, axes)[0], None

    return jax.lax.scan(rematerialised(body, remat), x, blocks)[0]
