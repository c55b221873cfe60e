"""Estimates how long a step takes: matrix products, memory traffic and communication, added up.

A sum, not a maximum: nothing is assumed to overlap, because in our step little can. Tensor-parallel sums stand
between the layers' products, a stage waits for what the stage before it sends, and gradients are summed over
'data' after the loop. So it errs on the slow side where a compiler does overlap, and on the fast side where a
cluster's links or kernels are worse than their published rates. Idle stages of a pipeline compute on nothing
rather than wait, so the bubble is inside the number of ticks.
"""

from dataclasses import dataclass

import jax.numpy as jnp

from clova_jax.model import computed_share
from clova_jax.parallel import Chip, default_reduce_dtype
from clova_jax.plan.memory_use import MADE, Run

# Share of the chip's dense bf16 peak that its large matrix products reach: our assumption, typical of cuBLAS
# at these widths.
MATMUL_SHARE = 0.75


@dataclass(frozen=True)
class Work:
    """Holds what one device does in one step.

    Args:
        flops: of its matrix products, recomputation and idle ticks included.
        data_bytes, pipe_bytes, model_bytes: sent along each axis, with ring algorithms.
        memory_bytes: read and written outside of matrix products.
    """

    flops: float
    data_bytes: float
    pipe_bytes: float
    model_bytes: float
    memory_bytes: float


def work(run: Run, element: int = 2, materialised: bool = False) -> Work:
    """Counts operations and bytes of one device.

    Args:
        run: how it is trained.
        element: bytes of an activation's entry.
        materialised: attention's scores reach memory; what lies above the diagonal is then left out, in part.
    """
    config, (data, pipe, model) = run.config, run.mesh
    tokens = run.rows * run.length
    width, layer_turns = config.embed_dim, run.ticks * run.layers_a_tick
    rematerialised = run.remat in ("full", "stage")
    # Complete forward passes that the backward pass repeats, before those of the layers.
    again_whole = int(run.remat == "stage" and run.layers_a_tick > 1)
    again_whole += int(run.remat == "full" and run.plan.repeats > 1 and run.layers_a_tick > 1)

    attention = 4 * run.length * width * (computed_share(run.length) if materialised else 1.0)
    forward = 24 * width**2 + attention
    again = again_whole * forward
    again += 16 * width**2 + attention if rematerialised else 0
    again += attention / 2 if run.remat == "dots" else 0  # queries by keys
    own_tokens = tokens * run.microbatches / pipe  # the head is shared out over the stages
    flops = layer_turns * tokens * (3 * forward + again) / model
    flops += 6 * own_tokens * config.vocab_size * width / model

    hidden = float(tokens * width * element)
    all_hidden = run.microbatches * hidden

    def ring(devices: int) -> float:  # bytes sent a byte of an all-reduce
        return 2 * (devices - 1) / devices

    sums = 4 + rematerialised + 2 * again_whole
    embedding = 4 / element * all_hidden  # looked up in float32
    model_bytes = ring(model) * (layer_turns * sums * hidden + embedding + all_hidden / pipe)
    pipe_bytes = 0.0
    if pipe > 1:
        pipe_bytes = 2 * run.ticks * hidden + ring(pipe) * all_hidden

    counts = run.parameters()
    blocks, rest = 4.0 * counts["blocks"], 4.0 * counts["rest"]
    # Shares of that which are sent: parameters in the compute's type, gradients too unless many devices add up.
    dtype = jnp.bfloat16 if element == 2 else jnp.float32
    gathered, summed = element / 4, default_reduce_dtype(dtype, data * pipe).itemsize / 4
    passes = 2 + rematerialised + again_whole
    if (
        run.fsdp and data > 1
    ):  # gathered layer by layer for each pass; gradients scattered once a tick
        share = (data - 1) / data
        turns = run.ticks / run.plan.repeats
        data_bytes = share * data * (gathered * passes + summed) * turns * blocks
        data_bytes += share * data * (gathered + summed) * rest
        weights = blocks * data
    else:
        data_bytes = ring(data) * summed * blocks
        if data > 1:  # the rest, which every stage holds, is summed over both axes at once
            data_bytes += ring(data * pipe) * summed * rest
        else:
            pipe_bytes += ring(pipe) * summed * rest
        weights = blocks
    whole, split = MADE
    memory_bytes = 2 * passes * layer_turns * (whole + split / model) * hidden
    memory_bytes += (
        passes * run.ticks / run.plan.repeats * weights * 1.5
    )  # float32 in, bfloat16 out
    memory_bytes += 7 * (blocks + rest)  # AdamW reads four arrays and writes three
    return Work(flops, data_bytes, pipe_bytes, model_bytes, memory_bytes)


def seconds(run: Run, chip: Chip) -> dict[str, float]:
    """Returns the seconds of one step by part: matmul, memory, model, pipe, data.

    An axis runs over the links inside a node where its devices stand in one ('model' is the innermost axis,
    then 'pipe'), else over those between nodes.

    Args:
        run: how it is trained.
        chip: what on.
    """
    done = work(run)
    reach, speed = 1, {}
    for axis, devices in zip(("model", "pipe", "data"), reversed(run.mesh), strict=True):
        reach *= devices
        speed[axis] = chip.local_bandwidth if reach <= chip.node else chip.remote_bandwidth
    return {
        "matmul": done.flops / (MATMUL_SHARE * chip.flops),
        "memory": done.memory_bytes / chip.memory_bandwidth,
        "model": done.model_bytes / speed["model"],
        "pipe": done.pipe_bytes / speed["pipe"],
        "data": done.data_bytes / speed["data"],
    }
