"""Estimates what a train step keeps in a device's memory: a sum of named terms.

The terms follow the code of `train/gradients.py` and `parallel/pipeline.py`; how many copies of a buffer are
alive at once was read off XLA's buffer assignment, and tests hold the sum to within 15% of the memory of
compiled programs. Two things differ between machines, so they are arguments: bytes of an activation's entry
(4 in float32, 2 in bfloat16) and whether attention writes its [T,T] scores to memory (XLA on CPUs does, the
fused kernels of accelerators do not).
"""

import math
from dataclasses import dataclass

import jax

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import computed_share, param_specs
from clova_jax.parallel import Schedule

# In units of one activation [b,T,D]: (what every device of the model axis holds in full, what they split).
# What a layer keeps for its backward pass (`model.modules.KEPT`, and its input):
SAVED = {"none": (2, 8), "dots": (2, 8), "full": (1, 0), "stage": (1, 0)}
MADE = (10, 23)  # all that a layer makes on its way
SCRATCH = 0.65  # share of MADE that is alive at once while one layer is recomputed
SCRATCH_SCORES = 2.2  # tensors [b,N,T,T] alive at once where attention is materialised


@dataclass(frozen=True)
class Run:
    """Describes one way to train a model.

    Args:
        config: the model's sizes.
        mesh: devices along data, pipe and model.
        global_batch: sequences a step.
        length: tokens a sequence.
        microbatches: of a data shard's sequences.
        schedule: as `TrainStep` takes it.
        remat: as `TrainStep` takes it.
        fsdp: parameters and optimizer state split over data.

    Raises:
        ClovaError: numbers that do not divide.
    """

    config: ModelConfig
    mesh: tuple[int, int, int]
    global_batch: int
    length: int
    microbatches: int
    schedule: str = "gpipe"
    remat: str = "full"
    fsdp: bool = False

    def __post_init__(self) -> None:
        data, _, model = self.mesh
        if self.global_batch % data:
            below = self.global_batch // data * data
            raise ClovaError(
                f"--global-batch: {self.global_batch} sequences do not divide by data={data} of the "
                f"mesh; {below or data} would, or {below + data}"
            )
        if self.config.num_heads % model:
            raise ClovaError(
                f"num_heads={self.config.num_heads} does not divide by model={model} of the mesh; "
                f"model may be {_divisors(self.config.num_heads)}"
            )
        if self.fsdp and self.config.embed_dim % data:
            raise ClovaError(
                f"embed_dim={self.config.embed_dim} does not divide by data={data} of the mesh (fsdp)"
            )
        rows = self.global_batch // data
        if rows % self.microbatches:
            raise ClovaError(
                f"microbatches={self.microbatches} does not divide the {rows} sequences of a data "
                f"shard; it may be {_divisors(rows)}"
            )
        _ = self.ticks

    @property
    def plan(self) -> Schedule:
        """Returns the schedule; its errors name the number that is wrong."""
        return Schedule.named(
            self.schedule, self.mesh[1], self.microbatches, self.config.num_layers
        )

    @property
    def ticks(self) -> int:
        """Counts the iterations of the loop over microbatches."""
        return self.plan.ticks

    @property
    def layers_a_tick(self) -> int:
        """Counts the layers that a stage computes in a tick."""
        return self.config.num_layers // (self.mesh[1] * self.plan.repeats)

    @property
    def rows(self) -> int:
        """Counts the sequences of a microbatch."""
        return self.global_batch // self.mesh[0] // self.microbatches

    def parameters(self) -> dict[str, int]:
        """Counts the parameters on one device, of the blocks and of the rest."""
        data, pipe, model = self.mesh
        counts = {"blocks": 0, "rest": 0}
        leaves = jax.tree_util.tree_flatten_with_path(
            param_specs(self.config), is_leaf=lambda leaf: hasattr(leaf, "axes")
        )[0]
        for path, spec in leaves:
            shares = 1
            for size, axis in zip(spec.shape, spec.axes, strict=True):
                if axis == "layers":
                    shares *= pipe
                elif axis in ("heads", "mlp", "vocab"):
                    shares *= model
                elif axis == "embed" and self.fsdp and size % data == 0:
                    shares *= data
            kind = "blocks" if path[0].key == "blocks" else "rest"
            counts[kind] += math.ceil(math.prod(spec.shape) / shares)
        return counts


def _divisors(number: int) -> str:
    return ", ".join(str(n) for n in range(1, number + 1) if number % n == 0)


def memory(run: Run, element: int = 2, materialised: bool = False) -> dict[str, float]:
    """Returns the bytes on one device, by term; their sum is the step's arguments and temporaries.

    Args:
        run: how it is trained.
        element: bytes of an activation's entry.
        materialised: attention's scores reach memory.

    Returns:
        parameters, optimizer (two moments), batch; gradients (float32: what the loop adds up and what it
        adds, if there is one); activations (kept for the backward pass);
        pipeline (what stages received, gave and started from, and a circular schedule's copies of the weights
        of each tick where remat is none or dots); scratch (of the layer at work, and of the layers that FSDP has gathered); loss.
    """
    config, (data, pipe, model) = run.config, run.mesh
    counts = run.parameters()
    blocks, rest = 4.0 * counts["blocks"], 4.0 * counts["rest"]
    tokens = run.rows * run.length
    hidden = float(tokens * config.embed_dim * element)
    scores = float(run.rows * config.num_heads // model * run.length**2 * element)
    scores *= computed_share(run.length) if materialised else 0.0

    whole, split = SAVED[run.remat]
    saved = (whole + split / model) * hidden
    saved += scores if run.remat == "none" else 0.0  # the weights
    whole, split = MADE
    scratch = SCRATCH * (whole + split / model) * hidden + SCRATCH_SCORES * scores
    if run.fsdp:  # a layer's weights and their gradients in full; the token table likewise
        layer = blocks * data / (run.layers_a_tick * run.plan.repeats)
        scratch += 2 * layer + 2 * rest * data
    entries = min(tokens * math.ceil(config.vocab_size / model), 1 << 24)
    loss = 2.0 * 4 * entries

    terms = {
        "parameters": blocks + rest,
        "optimizer": 2 * (blocks + rest),
        "batch": 20.0 * tokens * run.microbatches,
    }
    terms["gradients"] = (2 if pipe > 1 or run.microbatches > 1 else 1) * (blocks + rest)
    if pipe == 1:
        terms["activations"] = config.num_layers * saved
        terms["pipeline"] = 0.0
        # Another copy, for the sum over devices, comes when no layer is at work: it takes their room.
        room = terms["activations"] + scratch + loss
        terms["gradients"] += max(0.0, blocks + rest - room)
    else:
        repeats = run.plan.repeats
        stages = run.remat == "stage" or (run.remat == "full" and repeats > 1)  # are recomputed
        turns = 1 if stages else run.ticks
        terms["activations"] = turns * run.layers_a_tick * saved
        kept = 3 if stages else 2  # a stage's input is its first layer's
        weights = 0.0 if stages or repeats == 1 else run.ticks * blocks / repeats
        terms["pipeline"] = (kept * run.ticks + run.microbatches) * hidden + weights
        # Outside the loop, where no layer is at work, the ends of the pipeline take the same room.
        scratch = max(scratch, 3 * run.microbatches * hidden)
    return terms | {"scratch": scratch, "loss": loss}
