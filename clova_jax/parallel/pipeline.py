"""Schedules the pipeline: which stage works on which microbatch at which tick, and the loop that does it.

Layers are cut into S stages along the mesh axis 'pipe'. At each tick every stage works on one microbatch and
hands the result to the next stage. With R repeats (the circular schedule) the layers are cut into R·S groups
dealt out in turn, so a microbatch goes round R times and the idle corners shrink:

    GPipe, S=2, M=4                     circular, S=2, R=2, M=4

    tick     0  1  2  3  4              tick     0   1   2   3   4   5   6   7   8
    stage 0  0  1  2  3  .              stage 0  0   1   0'  1'  2   3   2'  3'  .
    stage 1  .  0  1  2  3              stage 1  .   0   1   0'  1'  2   3   2'  3'

Numbers are microbatches, a prime marks the second time round. `print(Schedule(2, 4))` draws any of them.

Stage s at tick t is at its local time j = t - s; it works on repeat (j % SR) // S of microbatch
(j // SR)·S + j % S. So microbatches travel in groups of S and nothing ever waits: what a stage receives is
what it works on next. The backward pass is the transpose of the loop, made by JAX.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from clova_jax.common.errors import ClovaError
from clova_jax.parallel.collectives import Axes, varying, zeros_like_varying


@dataclass(frozen=True)
class Schedule:
    """Describes a schedule of S stages, M microbatches, R repeats.

    Args:
        stages: devices along 'pipe'.
        microbatches: of a data shard's sequences.
        repeats: times a microbatch goes round; 1 is GPipe.

    Raises:
        ClovaError: a circular schedule whose microbatches are no multiple of its stages.
    """

    stages: int
    microbatches: int
    repeats: int = 1

    def __post_init__(self) -> None:
        if self.repeats > 1 and self.microbatches % self.stages:
            raise ClovaError(
                f"microbatches={self.microbatches} is not a multiple of pipe={self.stages}, which the "
                f"circular schedule needs; {-(-self.microbatches // self.stages) * self.stages} is, "
                'or use schedule="gpipe"'
            )

    @classmethod
    def named(cls, name: str, stages: int, microbatches: int, layers: int) -> "Schedule":
        """Builds a schedule by name: "gpipe"; "circular", with as many repeats as there are layers; "circular:R".

        Raises:
            ClovaError: an unknown name; layers that do not divide by stages and repeats.
        """
        kind, _, number = name.partition(":")
        if kind not in ("gpipe", "circular") or (number and not number.isdigit()):
            raise ClovaError(f"schedule {name!r}: there are gpipe, circular and circular:REPEATS")
        if layers % stages:
            fit = [n for n in range(1, layers + 1) if layers % n == 0]
            raise ClovaError(
                f"num_layers={layers} does not divide into pipe={stages} stages; pipe may be "
                + ", ".join(map(str, fit))
            )
        repeats = 1
        if kind == "circular" and stages > 1:
            repeats = int(number or layers // stages)
            if repeats < 1 or (layers // stages) % repeats:
                fit = [n for n in range(1, layers // stages + 1) if layers // stages % n == 0]
                raise ClovaError(
                    f"schedule {name!r}: a stage's {layers // stages} layers do not divide into "
                    f"{repeats} repeats; REPEATS may be " + ", ".join(map(str, fit))
                )
        return cls(stages, microbatches, repeats)

    @property
    def ticks(self) -> int:
        """Returns the length of the loop: M·R + S - 1."""
        return self.microbatches * self.repeats + self.stages - 1

    @property
    def bubble(self) -> float:
        """Returns the share of ticks a stage is idle: (S - 1) / (M·R + S - 1)."""
        return (self.stages - 1) / self.ticks

    def at(self, time: Any) -> tuple[Any, Any]:
        """Returns (microbatch, repeat) at a stage's local time; works on numbers and on traced arrays."""
        round_length = self.stages * self.repeats
        microbatch = time // round_length * self.stages + time % self.stages
        return microbatch, time % round_length // self.stages

    def work(self, stage: int, tick: int) -> tuple[int, int] | None:
        """Returns the (microbatch, repeat) that a stage works on at a tick; None where it is idle."""
        time = tick - stage
        return self.at(time) if 0 <= time < self.microbatches * self.repeats else None

    def leaves_at(self, microbatch: int) -> int:
        """Returns the tick at which the last stage finishes a microbatch."""
        group, place = divmod(microbatch, self.stages)
        local = (group * self.repeats + self.repeats - 1) * self.stages + place
        return local + self.stages - 1

    def __str__(self) -> str:
        """Draws the schedule: a row a stage, a column a tick."""
        width = len(str(self.microbatches - 1)) + max(1, self.repeats - 1) + 1
        rows = ["tick    " + "".join(f"{t:<{width}}" for t in range(self.ticks))]
        for stage in range(self.stages):
            work = [self.work(stage, tick) for tick in range(self.ticks)]
            cells = [f"{found[0]}{chr(39) * found[1]}" if found else "." for found in work]
            rows.append(f"stage {stage:<2}" + "".join(f"{cell:<{width}}" for cell in cells))
        return "\n".join(row.rstrip() for row in rows)


def run_pipeline(
    schedule: Schedule,
    axes: Axes,
    stage: Callable[[Any, Array, Array, Any], Array],
    blocks: Any,
    inputs: Array,
    extras: Any,
) -> Array:
    """Sends microbatches through the stages; inside a `shard_map`, manual over 'pipe'.

    Args:
        schedule: the ticks.
        axes: their `pipe` is the axis the stages lie along.
        stage: (blocks, which repeat, activations [b,T,D], extras of the microbatch) -> [b,T,D]; it takes its
            repeat's layers itself, so that rematerialisation covers that too and no tick keeps a copy of them.
        blocks: this stage's parameters, [R, k, ...].
        inputs: [M, b, T, D], read by the first stage.
        extras: arrays [M, ...], from which every stage takes its microbatch's row.

    Returns:
        [M, b, T, D]: on the last stage what came out, on the others zeros.
    """
    here = lax.axis_index(axes.pipe)
    first, last = here == 0, here == schedule.stages - 1
    ring = [(s, (s + 1) % schedule.stages) for s in range(schedule.stages)]

    def tick(arrived: Array, time: Array) -> tuple[Array, Array]:
        local = jnp.clip(time - here, 0, schedule.microbatches * schedule.repeats - 1)
        microbatch, repeat = schedule.at(local)

        def pick(x: Array) -> Array:
            return lax.dynamic_index_in_dim(x, microbatch, keepdims=False)

        x = jnp.where(first & (repeat == 0), pick(inputs), arrived)
        y = stage(blocks, repeat, x, jax.tree.map(pick, extras))
        return lax.ppermute(y, axes.pipe, ring), y

    inputs = varying(inputs, (axes.pipe,))
    start = zeros_like_varying(inputs.shape[1:], inputs.dtype, inputs)
    _, outputs = lax.scan(tick, start, jnp.arange(schedule.ticks))
    done = outputs[jnp.array([schedule.leaves_at(m) for m in range(schedule.microbatches)])]
    return jnp.where(last, done, 0)
