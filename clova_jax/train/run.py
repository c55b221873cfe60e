"""Runs one training in its folder: begins or resumes it, trains with the hooks of pre-training, writes the model."""

import contextlib
import shlex
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.common.json_values import fields
from clova_jax.common.objects import Objects
from clova_jax.common.places import inside, is_url
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import check_run
from clova_jax.common.stop import StopSignals
from clova_jax.parallel import (
    interrupted_by_loss,
    on_any_process,
    on_first_process,
    peak_flops,
)
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.hooks import (
    Keep,
    Log,
    Milestones,
    ProgressBar,
    SkippedSteps,
    Spikes,
    Validate,
)
from clova_jax.train.metrics import JsonLines, Tracker, Trackers
from clova_jax.train.profile import Profile
from clova_jax.train.run_mirror import METRICS, Mirror, RunMirror
from clova_jax.train.state import TrainState
from clova_jax.train.step import TrainStep
from clova_jax.train.supervisor import Beat, Supervisor
from clova_jax.train.trainer import Hook, Run, train

Batch = dict[str, np.ndarray]


@dataclass
class TrainingRun:
    """Trains until the budget is spent or a stop is requested, with checkpoints, metrics and a model in a folder.

    Args:
        train_step: the compiled step.
        batches: from a step number, the batches of that step and all after it.
        tokens_of: how many tokens the steps before a given one have seen.
        flops_per_token: of training, for MFU (`ModelConfig.flops_per_token`).
        total_steps: the budget.
        validate: from parameters to a row of `val_…` numbers.
        save_model: writes parameters as a model directory, and how many tokens they have seen.
        model_made: returns True if a directory holds the complete model of this very run.
        checkpoints: where states are kept.
        identity: JSON values of what must not change between a run and its resumption.
        may_grow: what in `identity` may be greater than before, as for `check_run`.
        out: the run's folder.
        fresh: makes the state before the first step.
        validate_every, checkpoint_every: in steps.
        milestones: numbers of tokens after which a model is written.
        trackers: receive the rows of `metrics.jsonl` too.
        unit: of the progress bar: what is counted as tokens.
        remote: URL of an object store where models go in place of `out`.
        mirror: copies what is in `out` there; on process 0 alone.
        supervisor: is reported each step, and the end.
        profile: the first and the last step of which a trace is written.
    """

    train_step: TrainStep
    batches: Callable[[int], Generator[Batch, None, None]]
    tokens_of: Callable[[int], int]
    flops_per_token: int
    total_steps: int
    validate: Callable[[Any], dict[str, Any]]
    save_model: Callable[[str | Path, Any, int], None]
    model_made: Callable[[str | Path], bool]
    checkpoints: Checkpoints
    identity: dict[str, Any]
    may_grow: Mapping[str, Sequence[str]]
    out: Path
    fresh: Callable[[], TrainState]
    validate_every: int
    checkpoint_every: int
    milestones: tuple[int, ...] = ()
    trackers: list[Tracker] = field(default_factory=list)
    unit: str = "tok"
    remote: str | None = None
    mirror: RunMirror | None = None
    supervisor: Supervisor = field(default_factory=Supervisor)
    profile: tuple[int, int] | None = None

    def run(self) -> bool:
        """Trains to the end; returns False if it was stopped before, with a checkpoint written.

        Raises:
            ClovaError: the run in `out` is another one, a checkpoint cannot be written, or too
                many steps in a row were not finite.
        """
        with contextlib.ExitStack() as stack:
            stack.push(self._close)
            run = Run(*self.begin(), self.total_steps)
            if jax.process_index() == 0:
                self.trackers.insert(0, JsonLines(self.out / METRICS, run.step))
            tracker = Trackers(self.trackers)
            stack.callback(tracker.close)
            with self.supervisor:
                if not run.is_last:
                    self._train(run, tracker)
                    self.checkpoints.wait()
                if run.is_last:
                    stack.close()  # the metrics are complete before they are copied
                    self._finish(run)
        if not run.is_last:
            self.supervisor.note("stopped")
            return self._stopped(run.step)
        self.supervisor.note("finished", step=run.step, total_steps=run.total_steps)
        return True

    def _finish(self, run: Run) -> None:
        """Writes the model where it is not there yet, and copies what is new in the folder."""
        # From here on the time without a step counts anew.
        self.supervisor.beat(step=run.step, total_steps=run.total_steps)
        model = inside(self.home, "model")
        if not on_first_process(lambda: self.model_made(model)):
            self._save_model(model, run.state, run.step)
        if self.mirror is not None:
            self.mirror.push()

    @property
    def home(self) -> str | Path:
        """Returns where models go: the folder, or the URL of which it is a copy."""
        return self.out if self.remote is None else self.remote

    def _close(self, kind: type | None, *_: object) -> None:
        """Closes the checkpoints, but does not wait for a process that was lost."""
        if kind is not Interrupted:
            self.checkpoints.close()

    def begin(self) -> tuple[TrainState, int]:
        """Returns the state to start from and its step: the newest intact checkpoint's, or a fresh one.

        Raises:
            ClovaError: the folder holds another run, or what a fresh one would overwrite.
        """
        step = self.checkpoints.newest_sound()
        if step is None:
            on_first_process(self._refuse_leftovers)
            return self.fresh(), 0
        place = f"{self.checkpoints.states}: checkpoint {step}"
        before = fields(self.checkpoints.about(step), place, {"run": dict})["run"]
        check_run(self.out, before, self.identity, self.may_grow)
        print(f"going on from step {step} in {self.out}", file=sys.stderr)
        restored = self.checkpoints.restore(step, self.train_step.abstract_state())
        return self.train_step.arrange(restored), step

    def _train(self, run: Run, tracker: Tracker) -> None:
        """Trains, and reports skipped steps and spikes if the budget was spent."""
        peak = self._peak()
        bar = progress(
            total=self.tokens_of(self.total_steps),
            initial=self.tokens_of(run.step),
            unit=self.unit,
            unit_scale=True,
            desc="compiling",
            disable=jax.process_index() != 0,
        )
        keep = Keep(
            self.checkpoint_every,
            self.checkpoints,
            self.train_step.canonical,
            {"run": self.identity},
        )
        skipped = SkippedSteps(lambda: keep.saved)
        spikes = Spikes(bar.write, self.supervisor.alerts.send)
        log = Log(tracker, self.tokens_of, self.flops_per_token, peak)

        def text(run: Run) -> str:
            return (
                f"step {run.step}/{run.total_steps} loss {run.metrics['loss']:.3f}"
                + (f" MFU {log.row['mfu']:.0%}" if peak else "")
                + (f" skipped {skipped.guard.total}" if skipped.guard.total else "")
            )

        hooks: tuple[Hook, ...] = (
            log,
            ProgressBar(bar, lambda run: log.tokens, text, "training"),
            skipped,
            spikes,
            Validate(self.validate_every, self.validate, tracker, self.tokens_of, bar.write),
            Milestones(
                self.milestones,
                self.tokens_of,
                inside(self.home, "milestones"),
                self._save_model,
            ),
            *([Mirror(self.checkpoint_every, self.mirror)] if self.mirror else []),
            keep,
            *([Profile(*self.profile, self.out / "profile")] if self.profile else []),
            Beat(self.supervisor, lambda: keep.saved),
        )
        with StopSignals() as stop, bar, interrupted_by_loss():
            train(run, self.train_step, self.batches, hooks, _AgreedStop(stop))
        if run.is_last:
            _report(spikes, skipped)

    def _refuse_leftovers(self) -> None:
        """Refuses to start at step 0 in a folder whose checkpoints or model would be lost, or taken for this run's."""
        if self.checkpoints.steps():
            raise ClovaError(
                f"{self.checkpoints.states}: every checkpoint is damaged; "
                "remove the folder to start over"
            )
        model = inside(self.home, "model")
        there = Objects(model).names() if is_url(model) else (model / "config.json").exists()
        if there and not self.model_made(model):
            raise ClovaError(
                f"{model}: is a model that this run has not made; give another --out, or move it away"
            )

    def _peak(self) -> float | None:
        """Returns the FLOP/s of the mesh at an MFU of 100%, or None if they are not known."""
        mesh = self.train_step.mesh
        peak = peak_flops(mesh.devices.flat[0])
        if peak is None and jax.process_index() == 0:
            print("no MFU: the CPUs are busy, so their peak cannot be measured", file=sys.stderr)
        return peak and peak * mesh.size

    def _save_model(self, where: str | Path, state: TrainState, step: int) -> None:
        self.save_model(where, self.train_step.canonical(state).params, self.tokens_of(step))

    def _stopped(self, step: int) -> bool:
        words = [Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]
        print(
            f"stopped after step {step} of {self.total_steps}; the checkpoint is in "
            f"{self.checkpoints.states}\nto resume, run the same command again:\n  {shlex.join(words)}",
            file=sys.stderr,
        )
        return False


class _AgreedStop:
    """Passes a stop request of one process on to all, so that they end after the same step.

    Args:
        stop: of this process.
    """

    def __init__(self, stop: StopSignals) -> None:
        self.stop = stop

    @property
    def requested(self) -> str | None:
        """Returns what asked for a stop; all processes read it after the same step."""
        if on_any_process(self.stop.requested is not None):
            return self.stop.requested or "another process"
        return None


def _report(spikes: Spikes, skipped: SkippedSteps) -> None:
    if skipped.guard.total:
        print(
            f"{skipped.guard.total} steps were skipped: loss or gradient not finite",
            file=sys.stderr,
        )
    if found := spikes.report.spikes:
        worst = max(found, key=lambda spike: spike[1] - spike[2])
        print(f"{len(found)} loss spikes; the worst at step {worst[0]}", file=sys.stderr)
