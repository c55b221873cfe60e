"""Defines a layer of the decoder as Flax modules, GPT-3's: pre-LN, tanh GELU, dense causal attention.

Notable:
- each parameter stands once, with its shape, its logical axes (`out_sharding`, read by the sharding rules) and
  its start; layouts are GPT-2's, so that `interop/` copies without a transposition;
- one `Block` for every path: plain, cached, tensor-parallel, pipeline stage. Widths come from the arrays, so a
  block that holds a slice of the heads works on that slice; `axes` says whom to add up with;
- compute in the input's dtype, with LayerNorm, softmax and the loss in float32 over float32 parameters;
- functions under `jax.jit` take parameters as a plain nested dict and `bind` them to these modules inside:
  a call with a dict of 24 stacked layers costs 0.5 ms, with `nnx.jit` 2.6 ms.

`decoder.py` has the complete model, `stack.py` runs its layers. Change them by subclassing: see
docs/how-to/own_model.md.
"""

import math
from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float, Int

from clova_jax.common.compilation_cache import use_compilation_cache
from clova_jax.common.host_memory import keep_freed_memory
from clova_jax.config import ModelConfig
from clova_jax.parallel import ALL_AUTO, Axes, Axis

keep_freed_memory()  # here, with the first file of every model: it must come before JAX makes its threads
use_compilation_cache()

Heads = Float[Array, "B T N H"]
Attend = Callable[[Heads, Heads, Heads], Heads]  # of queries, keys and values
LAYER_NORM_EPSILON = 1e-5  # GPT-2's
INIT_STD = 0.02  # GPT-2 and GPT-3 default, the paper is silent


def parameter(value: Array, *axes: Axis) -> nnx.Param:
    """Makes a parameter; the sharding rules decide by its logical axes where it lies.

    Args:
        value: the start of the parameter, float32.
        axes: one for each dimension, of `clova_jax.parallel.LOGICAL_AXES`; None for a dimension that is not split.
    """
    return nnx.Param(value, out_sharding=axes, eager_sharding=False)


class Linear(nnx.Module):
    """Maps one or several axes to one or several axes linearly.

    Args:
        inputs: size of each input axis by its logical name, such as `{"heads": 12, "head_dim": 64}`.
        outputs: size of each output axis.
        std: standard deviation of the normal distribution that the kernel starts from; the bias starts at 0.
        rngs: random streams.
    """

    def __init__(
        self, inputs: dict[Axis, int], outputs: dict[Axis, int], std: float, rngs: nnx.Rngs
    ) -> None:
        names, shape = (*inputs, *outputs), (*inputs.values(), *outputs.values())
        self.kernel = parameter(std * rngs.params.normal(shape), *names)
        self.bias = parameter(jnp.zeros(tuple(outputs.values())), *outputs)

    def product(self, x: Float[Array, "*rows I"]) -> Float[Array, "*rows O"]:
        """Computes the layer without its bias, input and output axes each as one.

        As one product of two matrices: with batch and time apart, XLA:CPU took 2.4 times as long for a
        feed-forward layer and its gradients (benchmarks/LOG.md).
        """
        kernel = self.kernel[...].reshape(x.shape[-1], -1).astype(x.dtype)
        rows = x.reshape(-1, x.shape[-1])
        tall = kernel.shape[0] > kernel.shape[1]
        product = _product_with_a_tall_kernel(rows, kernel) if tall else rows @ kernel
        return product.reshape(*x.shape[:-1], -1)

    def __call__(
        self, x: Float[Array, "*rows I"], axes: Axes | None = None
    ) -> Float[Array, "*rows O"]:
        """Computes the layer; with `axes`, each device holds a slice of the inputs and the results are summed."""
        product = self.product(x)
        if axes is not None:
            product = axes.sum_over_model(product)
        return product + self.bias[...].reshape(-1).astype(x.dtype)


@jax.custom_vjp
def _product_with_a_tall_kernel(
    x: Float[Array, "n I"], kernel: Float[Array, "I O"]
) -> Float[Array, "n O"]:
    """Multiplies, and turns the narrower side where the kernel's gradient is computed: XLA turns `x`, whichever is wider."""
    return x @ kernel


def _keep_sides(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return x @ kernel, (x, kernel)


def _tall_gradients(sides: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    x, kernel = sides
    turned = jax.lax.optimization_barrier(gradient.T)
    return gradient @ kernel.T, jax.lax.optimization_barrier(turned @ x).T


_product_with_a_tall_kernel.defvjp(_keep_sides, _tall_gradients)


class LayerNorm(nnx.Module):
    """Normalises the last axis in float32; the result has the type of the input. A subclass may have another `epsilon`."""

    epsilon: ClassVar[float] = LAYER_NORM_EPSILON

    def __init__(self, width: int) -> None:
        self.scale = parameter(jnp.ones(width), "embed")
        self.bias = parameter(jnp.zeros(width), "embed")

    def __call__(self, x: Float[Array, "*rows D"]) -> Float[Array, "*rows D"]:
        """Normalises each row, then scales and shifts it."""
        return layer_norm(x, self.scale[...], self.bias[...], self.epsilon)


def layer_norm(
    x: Float[Array, "*rows D"],
    scale: Float[Array, "D"],
    bias: Float[Array, "D"],
    epsilon: float = LAYER_NORM_EPSILON,
) -> Float[Array, "*rows D"]:
    """Normalises rows in float32; back in the type of `x`."""
    wide = x.astype(jnp.float32)
    centred = wide - jnp.mean(wide, -1, keepdims=True)
    variance = jnp.mean(jnp.square(centred), -1, keepdims=True)
    normal = centred * jax.lax.rsqrt(variance + epsilon)
    return (normal * scale + bias).astype(x.dtype)


class Attention(nnx.Module):
    """Computes multi-head attention: one projection to queries, keys and values, one back.

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
        """Mixes the tokens of each row.

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
    """Computes the feed-forward part of a block: four times the width, GELU in its tanh form (GPT-2's), and back."""

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        embed, mlp = {"embed": config.embed_dim}, {"mlp": config.mlp_dim}
        self.up = Linear(embed, mlp, INIT_STD, rngs)
        self.down = Linear(mlp, embed, residual_std(config), rngs)

    def __call__(self, x: Float[Array, "B T D"], axes: Axes = ALL_AUTO) -> Float[Array, "B T D"]:
        """Returns what to add to the residual stream."""
        up = checkpoint_name(self.up(axes.into_model(x)), "up")
        return self.down(self.activation(up), axes)

    def activation(self, x: Array) -> Array:
        """Applies GELU; a subclass may apply another function."""
        return jax.nn.gelu(x, approximate=True)


def residual_std(config: ModelConfig) -> float:
    """Returns the initial standard deviation of what writes to the residual stream: 0.02 / sqrt(2L), for 2L of them add up."""
    return INIT_STD / math.sqrt(2 * config.num_layers)


class Block(nnx.Module):
    """Runs one layer. A subclass may name other parts: `attention = RotaryAttention`."""

    attention: ClassVar[type[nnx.Module]] = Attention
    feed_forward: ClassVar[type[nnx.Module]] = MLP
    norm: ClassVar[type[nnx.Module]] = LayerNorm

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        self.ln_1 = self.norm(config.embed_dim)
        self.attn = self.attention(config, rngs)
        self.ln_2 = self.norm(config.embed_dim)
        self.mlp = self.feed_forward(config, rngs)

    def __call__(
        self,
        x: Float[Array, "B T D"],
        attend: Attend,
        positions: Int[Array, "#B T"],
        axes: Axes = ALL_AUTO,
    ) -> tuple[Float[Array, "B T D"], tuple[Array, Array]]:
        """Runs the layer; its arguments are those of `Attention`.

        Returns:
            The residual stream after the layer, and the keys and values of `x` for a cache.
        """
        mixed, keys_and_values = self.attn(self.ln_1(x), attend, positions, axes)
        x = checkpoint_name(x + mixed, "residual")
        return x + self.mlp(self.ln_2(x), axes), keys_and_values
