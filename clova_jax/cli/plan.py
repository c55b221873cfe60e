"""Runs `clova plan`: what training a size on a mesh takes, from the compiled step and from arithmetic."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import plan
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import check_numbers, mesh_option, option
from clova_jax.config import SIZES
from clova_jax.parallel import CHIPS


@dataclass(frozen=True)
class Options:
    """Predicts whether a size fits on a mesh, how fast it trains there, and the days a budget of tokens takes.

    The real train step is compiled for that many virtual devices. Memory and time are estimates for the
    chip: bfloat16 and fused attention, while the compiled program is float32 with attention in memory; the
    same sum for the compiled program's kind is printed beside its real memory.
    """

    size: str = option("82b", help=f"one of {', '.join(SIZES)}")
    mesh: tuple[int, ...] = mesh_option((16, 8, 8))
    chip: str = option("a100-80gb", help=f"one of {', '.join(CHIPS)}")
    global_batch: int = option(1024, least=1)
    """sequences a step, over all devices"""
    length: int = option(2048, least=1)
    """tokens a sequence"""
    microbatches: int | None = option(None, least=1)
    """microbatches per data shard; by default the fastest that fits"""
    tokens: int = option(150_000_000_000, least=1)
    """the budget, for the days"""
    schedule: str = "gpipe"
    """pipeline schedule: gpipe; circular (as many repeats as layers allow); circular:REPEATS"""
    remat: Literal["none", "dots", "full", "stage"] | None = None
    """activation recomputation. none: keep all; dots: keep matrix products; full: recompute each
    layer; stage: recompute each pipeline stage, and each layer in it; by default the fastest
    that fits"""
    fsdp: bool = False
    """split parameters and optimizer state over the data axis"""
    sweep: bool = False
    """rank every mesh of as many devices, and compile the best few"""
    out: Path = Path("runs/plan")
    """where the report and the plot go"""

    def __post_init__(self) -> None:
        for name, known in (("size", SIZES), ("chip", CHIPS)):
            if getattr(self, name) not in known:
                raise ClovaError(
                    f"--{name}: {getattr(self, name)!r} is not one of {', '.join(known)}"
                )
        check_numbers(self)
        longest = SIZES[self.size].max_length
        if self.length > longest:
            raise ClovaError(f"--length: {self.length} is above the {longest} of size {self.size}")

    @property
    def devices(self) -> int:
        """Returns the number of devices in the mesh."""
        return math.prod(self.mesh)


def run(options: Options) -> None:
    """Writes `results.json`, `table.md` and `plan.png`, and prints the table."""
    plan.make_report(options)
