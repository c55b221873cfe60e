"""Finds the settings for a mesh, and the mesh for a number of devices: the fastest estimate that fits."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.parallel import Chip
from clova_jax.plan.memory_use import SAVED, Run, memory
from clova_jax.plan.time import seconds

FIT_SHARE = 0.95  # of the chip's memory; the rest is the driver's and the libraries'


@dataclass(frozen=True)
class Candidate:
    """Holds a run with its estimates: bytes on a device, seconds a step, whether it fits."""

    run: Run
    bytes: float
    seconds: float
    fits: bool

    @property
    def rank(self) -> tuple:
        """Returns a sort key, smaller is better: runs that fit by time, then the others by memory."""
        return (0, self.seconds, self.bytes) if self.fits else (1, self.bytes, self.seconds)


def candidate(run: Run, chip: Chip) -> Candidate:
    """Estimates a run on a chip."""
    size = sum(memory(run).values())
    return Candidate(run, size, sum(seconds(run, chip).values()), size <= FIT_SHARE * chip.memory)


def settle(
    config: ModelConfig,
    mesh: tuple[int, int, int],
    chip: Chip,
    *,
    global_batch: int,
    length: int,
    microbatches: int | None = None,
    schedule: str = "gpipe",
    remat: str | None = None,
    fsdp: bool = False,
) -> Candidate:
    """Finds the best microbatches and rematerialisation for a mesh, where they are not given.

    Raises:
        ClovaError: a mesh that this model or batch does not divide by.
    """

    def make(count: int, how: str) -> Run:
        return Run(config, mesh, global_batch, length, count, schedule, how, fsdp)

    rows = max(1, global_batch // mesh[0])
    circular = schedule != "gpipe" and mesh[1] > 1 and rows >= mesh[1]
    counts: Sequence[int] = [n for n in range(1, rows + 1) if rows % n == 0]
    if circular:
        counts = [n for n in counts if n % mesh[1] == 0] or counts
    counts = counts if microbatches is None else [microbatches]
    make(counts[-1], remat or "full")  # says what is wrong, if anything is
    hows = [remat] if remat else list(SAVED) if mesh[1] > 1 else [h for h in SAVED if h != "stage"]
    tried = [candidate(make(count, how), chip) for count in counts for how in hows]
    return min(tried, key=lambda found: found.rank)


def meshes(devices: int) -> Iterator[tuple[int, int, int]]:
    """Lists every (data, pipe, model) of exactly so many devices."""
    divisors = [n for n in range(1, devices + 1) if devices % n == 0]
    for pipe in divisors:
        for model in divisors:
            if devices % (pipe * model) == 0:
                yield devices // (pipe * model), pipe, model


def rank_meshes(
    config: ModelConfig, devices: int, chip: Chip, **settings
) -> tuple[list[Candidate], dict[tuple[int, int, int], str]]:
    """Ranks all possible meshes, best first, with and without FSDP unless `fsdp` is given; and says why others fail."""
    ways = [settings.pop("fsdp")] if "fsdp" in settings else [False, True]
    found, refused = [], {}
    for mesh in meshes(devices):
        for fsdp in ways if mesh[0] > 1 else ways[:1]:
            try:
                found.append(settle(config, mesh, chip, fsdp=fsdp, **settings))
            except ClovaError as error:
                refused.setdefault(mesh, str(error))
    possible = {candidate.run.mesh for candidate in found}
    refused = {mesh: why for mesh, why in refused.items() if mesh not in possible}
    return sorted(found, key=lambda c: c.rank), refused


def days(candidate_seconds: float, tokens: float, tokens_a_step: int) -> float:
    """Returns the days that a budget of tokens takes, without restarts and validation."""
    return math.ceil(tokens / tokens_a_step) * candidate_seconds / 86_400
