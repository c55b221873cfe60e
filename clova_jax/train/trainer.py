"""Runs the training loop: steps, guards, validation, checkpoints, stopping and resuming."""

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
from clova_jax.common.json_values import fields
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import check_run
from clova_jax.common.stop import StopSignals
from clova_jax.parallel import on_first_process
from clova_jax.parallel.peak import peak_flops
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.guards import NonFiniteGuard, SpikeReport
from clova_jax.train.metrics import JsonLines, Tracker
from clova_jax.train.state import TrainState
from clova_jax.train.step import TrainStep

Batch = dict[str, np.ndarray]


@dataclass
class Trainer:
    """Runs a train step over batches until the budget is spent or a stop is requested.

    Args:
        train_step: the compiled step.
        mesh: where it runs.
        batches: from a step number, the batches of that step and all after it.
        tokens_of: how many tokens the steps before a given one have seen.
        flops_per_token: of training, for MFU (`ModelConfig.flops_per_token`).
        total_steps: the budget.
        validate: from parameters to a row of `val_…` numbers.
        save_model: writes the parameters as a model directory.
        model_made: whether a directory holds the complete model of this very run.
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
    model_made: Callable[[Path], bool]
    checkpoints: Checkpoints
    identity: dict[str, Any]
    out: Path
    seed: int
    validate_every: int
    checkpoint_every: int
    milestones: tuple[int, ...] = ()
    trackers: list[Tracker] = field(default_factory=list)

    def run(self) -> bool:
        """Trains to the end; returns False if it was stopped before, with a checkpoint written.

        Raises:
            ClovaError: the run in `out` is another one, a checkpoint cannot be written, or too
                many steps in a row were not finite.
        """
        state, step = self._begin()
        if jax.process_index() == 0:
            self.trackers.insert(0, JsonLines(self.out / "metrics.jsonl", step))
        if step == self.total_steps:
            for tracker in self.trackers:
                tracker.close()
            return self._end(state)
        peak = self._peak()
        finite, spikes = NonFiniteGuard(), SpikeReport()
        bar = progress(
            total=self.tokens_of(self.total_steps),
            initial=self.tokens_of(step),
            unit="tok",
            unit_scale=True,
            desc="compiling",
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
                    bar.desc = "training"
                    seconds, clock = time.perf_counter() - clock, time.perf_counter()
                    tokens = self.tokens_of(step) - self.tokens_of(step - 1)
                    row = {
                        "step": step,
                        **measured,
                        "tokens": self.tokens_of(step),
                        "tokens_per_second": tokens / seconds,
                        "mfu": peak and self.flops_per_token * tokens / seconds / peak,
                    }
                    self._log(row)
                    bar.update(tokens)
                    bar.set_postfix_str(
                        f"step {step}/{self.total_steps} loss {row['loss']:.3f}"
                        + (f" MFU {row['mfu']:.0%}" if peak else "")
                        + (f" skipped {finite.total}" if finite.total else ""),
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
        """Returns the state to start from: that of the newest intact checkpoint, or a fresh one."""
        step = self.checkpoints.newest_sound()
        if step is None:
            on_first_process(self._refuse_leftovers)
            return self.train_step.init(self.seed), 0
        place = f"{self.checkpoints.directory}: checkpoint {step}"
        before = fields(self.checkpoints.about(step), place, {"run": dict})["run"]
        check_run(self.out, before, self.identity)
        print(f"going on from step {step} in {self.out}", file=sys.stderr)
        restored = self.checkpoints.restore(step, self.train_step.abstract_state())
        return self.train_step.arrange(restored), step

    def _refuse_leftovers(self) -> None:
        """Refuses to start at step 0 in a folder whose checkpoints or model would be lost, or taken for this run's."""
        if self.checkpoints.steps():
            raise ClovaError(
                f"{self.checkpoints.directory}: every checkpoint is damaged; "
                "remove the folder to start over"
            )
        model = self.out / "model"
        if (model / "config.json").exists() and not self.model_made(model):
            raise ClovaError(
                f"{model}: is a model that this run has not made; give another --out, or move it away"
            )

    def _peak(self) -> float | None:
        """Returns the operations a second of the mesh at an MFU of 100%, or None if they are not known."""
        peak = peak_flops(self.mesh.devices.flat[0])
        if peak is None and jax.process_index() == 0:
            print("no MFU: the CPUs are busy, so their peak cannot be measured", file=sys.stderr)
        return peak and peak * self.mesh.size

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
        if not on_first_process(lambda: self.model_made(self.out / "model")):
            self._save_model(self.out / "model", state, self.total_steps)
        return True
