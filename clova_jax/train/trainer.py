"""The training loop: steps, guards, validation, checkpoints, and a way to stop and go on."""

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.common.stop import StopSignals
from clova_jax.parallel.chips import peak_flops
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.guards import NonFiniteGuard, SpikeReport
from clova_jax.train.metrics import JsonLines, Tracker
from clova_jax.train.state import TrainState
from clova_jax.train.step import TrainStep

Batch = dict[str, np.ndarray]


@dataclass
class Trainer:
    """Runs a train step over batches until the budget is spent or somebody asks it to stop.

    Args:
        train_step: the compiled step.
        mesh: where it runs.
        batches: from a step number, the batches of that step and all after it.
        tokens_of: how many tokens the steps before a given one have seen.
        flops_per_token: of training, for MFU (`ModelConfig.flops_per_token`).
        total_steps: the budget.
        validate: from parameters to a row of `val_…` numbers.
        save_model: writes the parameters as a model directory.
        checkpoints: where states are kept.
        identity: what must not change between a run and its resumption.
        out: the run's folder.
        seed: of the initial parameters.
    """

    train_step: TrainStep
    mesh: Mesh
    batches: Callable[[int], Iterator[Batch]]
    tokens_of: Callable[[int], int]
    flops_per_token: int
    total_steps: int
    validate: Callable[[Any], dict[str, Any]]
    save_model: Callable[[Path, Any, int], None]
    checkpoints: Checkpoints
    identity: dict[str, Any]
    out: Path
    seed: int
    validate_every: int
    checkpoint_every: int
    milestones: tuple[int, ...] = ()
    trackers: list[Tracker] = field(default_factory=list)

    def run(self) -> bool:
        """Trains to the end; False where it was stopped before, with a checkpoint written.

        Raises:
            ClovaError: the run in `out` is another one, a checkpoint cannot be written, or too
                many steps in a row were not finite.
        """
        state, step = self._begin()
        lines = JsonLines(self.out / "metrics.jsonl", step)
        if jax.process_index() == 0:
            self.trackers.insert(0, lines)
        if step == self.total_steps:
            return self._end(state)
        peak = peak_flops(self.mesh.devices.flat[0]) * self.mesh.size
        finite, spikes = NonFiniteGuard(), SpikeReport()
        bar = progress(
            total=self.tokens_of(self.total_steps),
            initial=self.tokens_of(step),
            unit="tok",
            unit_scale=True,
            desc="training",
            disable=jax.process_index() != 0,
        )
        saved = step if step else None
        try:
            with StopSignals() as stop, bar, contextlib.ExitStack() as stack:
                clock = time.perf_counter()
                batches = stack.enter_context(contextlib.closing(self.batches(step)))
                while step < self.total_steps:
                    batch = next(batches)
                    state, measured = self.train_step(state, batch)
                    # Reading the loss waits for the step: on CPU queued collectives would starve
                    # each other, and on accelerators the loader works ahead in its own thread.
                    measured = {name: value.item() for name, value in measured.items()}
                    step += 1
                    seconds, clock = time.perf_counter() - clock, time.perf_counter()
                    tokens = self.tokens_of(step) - self.tokens_of(step - 1)
                    row = {
                        "step": step,
                        **measured,
                        "tokens": self.tokens_of(step),
                        "tokens_per_second": tokens / seconds,
                        "mfu": self.flops_per_token * tokens / seconds / peak,
                    }
                    self._log(row)
                    bar.update(tokens)
                    bar.set_postfix_str(
                        f"step {step}/{self.total_steps} loss {row['loss']:.3f} "
                        f"MFU {row['mfu']:.0%}" + (f" skipped {finite.total}" * bool(finite.total)),
                        refresh=False,
                    )
                    finite.watch(step, bool(measured["skipped"]), saved)
                    usual = spikes.watch(step, row["loss"])
                    if usual is not None:
                        bar.write(
                            f"step {step}: loss {row['loss']:.3f} jumped from about {usual:.3f}"
                        )
                    last = step == self.total_steps
                    if last or (self.validate_every and step % self.validate_every == 0):
                        self._validate(state, step, bar)
                        clock = time.perf_counter()
                    for milestone in self.milestones:
                        if self.tokens_of(step - 1) < milestone <= self.tokens_of(step):
                            where = self.out / "milestones" / str(milestone)
                            self._save_model(where, state, step)
                    if last or stop.requested or step % self.checkpoint_every == 0:
                        self.checkpoints.save(
                            step, self.train_step.canonical(state), {"run": self.identity}
                        )
                        saved = step
                        clock = time.perf_counter()
                    if stop.requested and not last:
                        self.checkpoints.wait()
                        bar.close()
                        return self._stopped(step)
        finally:
            for tracker in self.trackers:
                tracker.close()
            self.checkpoints.close()
        self._report(spikes, finite)
        return self._end(state)

    def _begin(self) -> tuple[TrainState, int]:
        """The state to start from: the newest sound checkpoint's, or a fresh one."""
        step = self.checkpoints.newest_sound()
        if step is None:
            if self.checkpoints.steps():
                raise ClovaError(
                    f"{self.checkpoints.directory}: every checkpoint is damaged; "
                    "remove the folder to start over"
                )
            return self.train_step.init(self.seed), 0
        before = self.checkpoints.about(step)["run"]
        for name, now in self.identity.items():
            if before.get(name) != now:
                raise ClovaError(
                    f"{self.out}: holds a run with {name}={before.get(name)!r}, this one has {now!r}; "
                    f"give the same {name} to go on, or another --out"
                )
        print(f"going on from step {step} in {self.out}", file=sys.stderr)
        restored = self.checkpoints.restore(step, self.train_step.abstract_state())
        return self.train_step.arrange(restored), step

    def _save_model(self, where: Path, state: TrainState, step: int) -> None:
        self.save_model(where, self.train_step.canonical(state).params, self.tokens_of(step))

    def _log(self, row: dict[str, Any]) -> None:
        for tracker in self.trackers:
            tracker.log(row)

    def _validate(self, state: TrainState, step: int, bar: Any) -> None:
        row = self.validate(state.params)
        if row:
            self._log({"step": step, "tokens": self.tokens_of(step), **row})
            if "val_bits_per_byte" in row:
                bar.write(f"step {step}: validation {row['val_bits_per_byte']:.3f} bits per byte")

    def _stopped(self, step: int) -> bool:
        words = [Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]
        print(
            f"stopped after step {step} of {self.total_steps}; the checkpoint is in "
            f"{self.checkpoints.directory}\nto go on, run the same command again:\n  {shlex.join(words)}",
            file=sys.stderr,
        )
        return False

    def _report(self, spikes: SpikeReport, finite: NonFiniteGuard) -> None:
        if finite.total:
            print(
                f"{finite.total} steps were skipped: loss or gradient not finite", file=sys.stderr
            )
        if spikes.spikes:
            worst = max(spikes.spikes, key=lambda spike: spike[1] - spike[2])
            print(
                f"{len(spikes.spikes)} loss spikes; the worst at step {worst[0]}", file=sys.stderr
            )

    def _end(self, state: TrainState) -> bool:
        if not (self.out / "model" / "config.json").exists():
            self._save_model(self.out / "model", state, self.total_steps)
        return True
