"""Plans a training run: memory, operations, bytes and days, before anyone pays for a node."""

from clova_jax.plan.compiled import Compiled, compile_run, train_step, use_virtual_devices
from clova_jax.plan.memory import Run, memory
from clova_jax.plan.program import Program
from clova_jax.plan.search import Candidate, candidate, days, meshes, rank_meshes, settle
from clova_jax.plan.time import Work, seconds, work

__all__ = [
    "Candidate",
    "Compiled",
    "Program",
    "Run",
    "Work",
    "candidate",
    "compile_run",
    "days",
    "memory",
    "meshes",
    "rank_meshes",
    "seconds",
    "settle",
    "train_step",
    "use_virtual_devices",
    "work",
]
