"""The decoder, GPT-3's: pre-LN blocks, learned positions, tanh GELU, dense causal attention, tied head.

Notable:
- one `block` for every path: plain, cached, tensor-parallel, pipeline stage. Widths come from the arrays,
  so a block given a slice of the heads works on that slice; `axes` says whom to add up with;
- layers run under `lax.scan` (compile time does not grow with depth);
- compute in `dtype`, with LayerNorm, softmax and the loss in float32 over float32 parameters.
"""

import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model.attention import cached_attention, causal_mask, self_attention
from clova_jax.model.cache import Cache
from clova_jax.model.params import Params
from clova_jax.parallel.collectives import ALL_AUTO, Axes

Remat = Literal["none", "dots", "full", "stage"]
LAYER_NORM_EPSILON = 1e-5  # GPT-2's


def default_dtype() -> jnp.dtype:
    """The compute type: bfloat16 on accelerators, float32 on CPUs."""
    return jnp.float32 if jax.default_backend() == "cpu" else jnp.bfloat16


def layer_norm(p: Params, x: Float[Array, "... D"]) -> Float[Array, "... D"]:
    """LayerNorm over the last axis, in float32, back in the type of `x`."""
    wide = x.astype(jnp.float32)
    mean = jnp.mean(wide, -1, keepdims=True)
    centred = wide - mean
    variance = jnp.mean(jnp.square(centred), -1, keepdims=True)
    normal = centred * jax.lax.rsqrt(variance + LAYER_NORM_EPSILON)
    return (normal * p["scale"] + p["bias"]).astype(x.dtype)


def project(x: Float[Array, "... D"], kernel: Array) -> Float[Array, "... F"]:
    """A linear layer without bias; the kernel's trailing axes count as one.

    As one product of two matrices: with the batch and time axes apart, XLA:CPU took 2.4 times as long for a
    feed-forward layer and its gradients (benchmarks/LOG.md).
    """
    rows = x.reshape(-1, x.shape[-1]) @ kernel.reshape(x.shape[-1], -1).astype(x.dtype)
    return rows.reshape(*x.shape[:-1], -1)


def block(
    p: Params,
    x: Float[Array, "B T D"],
    attend: Callable[..., Float[Array, "B T N H"]],
    axes: Axes = ALL_AUTO,
) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
    """One layer.

    Args:
        p: the parameters of this layer; heads and feed-forward width may be a slice of them.
        x: the residual stream.
        attend: (query, key, value, each [B,T,N,H]) -> [B,T,N,H].
        axes: the manual mesh axes, if any.

    Returns:
        The residual stream after the layer, and the keys and values of `x` for a cache.
    """
    batch, time, embed = x.shape
    dtype = x.dtype
    heads, head_dim = p["attn"]["qkv"]["kernel"].shape[-2:]

    hidden = axes.into_model(layer_norm(p["ln_1"], x))
    qkv = project(hidden, p["attn"]["qkv"]["kernel"]).reshape(batch, time, 3, heads, head_dim)
    qkv = checkpoint_name(qkv + p["attn"]["qkv"]["bias"].astype(dtype), "qkv")
    query, key, value = (part.squeeze(2) for part in jnp.split(qkv, 3, axis=2))
    mixed = attend(query, key, value).reshape(batch, time, heads * head_dim)
    out = project(mixed, p["attn"]["out"]["kernel"].reshape(heads * head_dim, embed))
    x = x + axes.sum_over_model(out) + p["attn"]["out"]["bias"].astype(dtype)
    x = checkpoint_name(x, "residual")

    hidden = axes.into_model(layer_norm(p["ln_2"], x))
    up = project(hidden, p["mlp"]["up"]["kernel"]) + p["mlp"]["up"]["bias"].astype(dtype)
    up = checkpoint_name(up, "up")
    down = project(jax.nn.gelu(up, approximate=True), p["mlp"]["down"]["kernel"])
    x = x + axes.sum_over_model(down) + p["mlp"]["down"]["bias"].astype(dtype)
    return x, (key, value)


# What a layer keeps for its backward pass, by the names `block` and its attention give: with "none" no matrix
# product is done twice, only LayerNorm and GELU; with "dots" the product of queries and keys is; with
# "full" and "stage" all are.
KEPT: dict[str, tuple[str, ...]] = {
    "none": ("qkv", "weights", "mixed", "residual", "up"),
    "dots": ("qkv", "mixed", "residual", "up"),
    "full": (),
    "stage": (),
}


def rematerialised(body: Callable, remat: Remat) -> Callable:
    """The body of a layer scan that keeps for the backward pass only what `KEPT` names.

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
    blocks: Params,
    x: Float[Array, "B T D"],
    attend: Callable[..., Array],
    axes: Axes = ALL_AUTO,
    remat: Remat = "none",
    gather: Callable[[Params], Params] | None = None,
) -> Float[Array, "B T D"]:
    """All layers of a stack, in order. `gather` makes a layer's parameters whole where FSDP split them."""

    def body(x: Array, p: Params) -> tuple[Array, None]:
        return block(gather(p) if gather else p, x, attend, axes)[0], None

    return jax.lax.scan(rematerialised(body, remat), x, blocks)[0]


def embed(
    params: Params,
    ids: Int[Array, "B T"] | None,
    embeddings: Float[Array, "B T D"] | None,
    positions: Int[Array, "B T"] | None,
    dtype: jnp.dtype,
    axes: Axes = ALL_AUTO,
) -> Float[Array, "B T D"]:
    """Token embeddings, looked up unless given, plus position embeddings."""
    if embeddings is None:
        embeddings = token_embeddings(params, ids, axes)
    table = params["positions"]
    where = table[None, : embeddings.shape[1]] if positions is None else table[positions]
    return embeddings.astype(dtype) + where.astype(dtype)


def token_embeddings(
    params: Params, ids: Int[Array, "B T"], axes: Axes = ALL_AUTO
) -> Float[Array, "B T D"]:
    """What stands for each id: a row of the token table, or of `params["virtual"]` [P,D] where there is one.

    The ids of virtual tokens (p-tuning's prompt vectors) go on where the table ends. Models have none of their
    own: they are put beside the frozen parameters for a call, can be read, and are never predicted.
    """
    virtual = params.get("virtual")
    if virtual is None:
        return lookup(params["embedding"], ids, axes)
    count = params["embedding"].shape[0]
    rows = lookup(params["embedding"], jnp.minimum(ids, count - 1), axes)
    prompts = virtual[jnp.maximum(ids - count, 0)].astype(rows.dtype)
    return jnp.where((ids >= count)[..., None], prompts, rows)


def lookup(
    table: Float[Array, "V D"], ids: Int[Array, "B T"], axes: Axes = ALL_AUTO
) -> Float[Array, "B T D"]:
    """Rows of the token table, which may be split over the vocabulary."""
    if not axes.model:
        return table[ids]
    local = ids - axes.model_index() * table.shape[0]
    mine = (local >= 0) & (local < table.shape[0])
    rows = table[jnp.where(mine, local, 0)]
    return axes.sum_over_model(jnp.where(mine[..., None], rows, 0))


def forward(
    params: Params,
    config: ModelConfig,
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
        params: as `init_params` makes them.
        config: the model's sizes.
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
        raise ClovaError("forward: give ids or embeddings, one of the two")
    time = (ids if ids is not None else embeddings).shape[1]
    if time > config.max_length:
        raise ClovaError(
            f"forward: {time} tokens, but the model's max_length is {config.max_length}; cut the text"
        )
    dtype = dtype or default_dtype()
    if cache is not None and positions is None:
        positions = cache.next_positions[:, None] + jnp.arange(time)
    x = embed(params, ids, embeddings, positions, dtype)
    mask = causal_mask(time, segment_ids)
    if cache is None:
        attend = functools.partial(self_attention, mask=mask)
        x = run_blocks(params["blocks"], x, attend, remat=remat)
        return layer_norm(params["ln_f"], x), None

    prefix = cache.prefix

    def body(x: Array, layer: tuple) -> tuple[Array, tuple[Array, Array]]:
        p, keys, values, shared = layer
        return block(
            p,
            x,
            functools.partial(
                cached_attention,
                mask=mask,
                rows=(keys, values, cache.lengths),
                prefix=None if prefix is None else (*shared, prefix.length),
            ),
        )

    shared = None if prefix is None else (prefix.keys, prefix.values)
    layers = (params["blocks"], cache.keys, cache.values, shared)
    x, (keys, values) = jax.lax.scan(rematerialised(body, remat), x, layers)
    return layer_norm(params["ln_f"], x), cache.append(keys, values, segment_ids)


def logits(
    params: Params, config: ModelConfig, hidden: Float[Array, "... D"]
) -> Float[Array, "... V"]:
    """Scores of the next token, float32, over the `vocab_size` real entries."""
    table = params["embedding"][: config.vocab_size].astype(hidden.dtype)
    return jnp.einsum("...d,vd->...v", hidden, table, preferred_element_type=jnp.float32)
