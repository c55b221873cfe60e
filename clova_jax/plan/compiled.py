"""Compiles the real train step ahead of time, for more devices than there are."""

from dataclasses import dataclass

import jax.numpy as jnp

from clova_jax.parallel import make_mesh
from clova_jax.plan.memory_use import Run
from clova_jax.plan.program import Program
from clova_jax.train import LearningRate, TrainStep, adamw

# Machine code is never run here: skipping its optimisation changes neither buffers nor operations.
_QUICK = {"xla_backend_optimization_level": 0}


@dataclass(frozen=True)
class Compiled:
    """Holds what the compiled step of one device needs and does, in float32 as XLA:CPU makes it.

    Args:
        arguments, temporaries: bytes; results reuse the arguments' memory.
        flops: of matrix products.
        sent: bytes by mesh axis.
    """

    arguments: int
    temporaries: int
    flops: int
    sent: dict[str, float]

    @property
    def memory(self) -> int:
        """Returns the bytes at the peak."""
        return self.arguments + self.temporaries


def train_step(run: Run) -> TrainStep:
    """Builds the step of a run, in float32; nothing is allocated."""
    return TrainStep(
        run.config,
        adamw(LearningRate(1e-4, 1, 2)),  # the rates are constants: they change nothing here
        make_mesh(run.mesh),
        microbatches=run.microbatches,
        schedule=run.schedule,
        fsdp=run.fsdp,
        remat=run.remat,
        dtype=jnp.float32,
    )


def compile_run(run: Run) -> Compiled:
    """Compiles the step of a run on virtual devices (`parallel.use_virtual_devices` first)."""
    step = train_step(run)
    lowered = step.lower(run.global_batch, run.length)
    program = lowered.compile(compiler_options=_QUICK)
    held = program.memory_analysis()
    read = Program(program.as_text(), step.mesh)
    return Compiled(
        held.argument_size_in_bytes,
        held.temp_size_in_bytes,
        read.matmul_flops,
        read.sent_bytes(),
    )
