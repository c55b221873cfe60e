"""Makes a stack of blocks, and runs it, with activation recomputation in the backward pass."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import jax
from flax import nnx
from jax.extend.core import Primitive
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model.modules import Attend
from clova_jax.parallel import ALL_AUTO, Axes

Remat = Literal["none", "dots", "full", "stage"]
Body = TypeVar("Body", bound=Callable[..., Any])

# What a layer keeps for its backward pass, by the names that its parts give: with "none" no matrix product is
# done twice, only LayerNorm and GELU; with "dots" the product of queries and keys is; with "full" and "stage"
# all are.
KEPT: dict[str, tuple[str, ...]] = {
    "none": ("qkv", "weights", "mixed", "residual", "up"),
    "dots": ("qkv", "mixed", "residual", "up"),
    "full": (),
    "stage": (),
}


def make_blocks(
    block: type[nnx.Module], config: ModelConfig, count: int, rngs: nnx.Rngs
) -> nnx.Module:
    """Makes a stack of blocks, every parameter stacked on axis 0.

    Args:
        block: the layer's module.
        config: its sizes.
        count: layers.
        rngs: random streams.
    """

    @jax.vmap
    @nnx.transform_metadata(in_axes=0, out_axes=0, partition="layers")
    def stack(rngs: nnx.Rngs) -> nnx.Module:
        return block(config, rngs)

    return stack(rngs.split(count))


def rematerialised(body: Body, remat: Remat) -> Body:
    """Wraps the body of a layer scan so that it keeps for the backward pass only what `KEPT` names.

    "stage" is "full" here; with it the train step also recomputes a pipeline's complete stage.
    """
    if remat not in KEPT:
        raise ClovaError(f"remat={remat!r}: there are {', '.join(KEPT)}")
    named = jax.checkpoint_policies.save_only_these_names(*KEPT[remat])

    def keep(primitive: Primitive, *args: Any, **params: Any) -> bool:
        # The results of fused attention, and its row sums: cuDNN's primitive, or a Pallas kernel.
        kernel = "attention_fwd" in primitive.name or primitive.name == "pallas_call"
        fused = kernel and remat != "full" and remat != "stage"
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
    """Runs all layers of a stack in order, under `lax.scan`: compile time does not grow with depth.

    Args:
        blocks: the layers, every parameter stacked on axis 0.
        x: the residual stream.
        attend, positions, axes: as `Block` takes them.
        remat: what the backward pass recomputes (see `rematerialised`).
        gather: collects a layer's parameters from all devices where FSDP split them.
    """

    def body(x: Array, block: nnx.Module) -> tuple[Array, None]:
        return (gather(block) if gather else block)(x, attend, positions, axes)[0], None

    return jax.lax.scan(rematerialised(body, remat), x, blocks)[0]
