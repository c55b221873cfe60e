"""Defines what happens between steps: logging, progress, guards, validation, early stopping, checkpoints, milestones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clova_jax.common.places import inside
from clova_jax.model import Params
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.guards import NonFiniteGuard, SpikeReport
from clova_jax.train.metrics import Tracker
from clova_jax.train.state import on_host
from clova_jax.train.trainer import Hook, Run


class Log(Hook):
    """Hands a row of each step to a tracker: its scalars, tokens so far, tokens per second and MFU.

    Args:
        tracker: takes the rows.
        tokens_of: how many tokens the steps before a given one have seen.
        flops_per_token: of training (`ModelConfig.flops_per_token`).
        peak: FLOP/s of the mesh at an MFU of 100%; None where that is not known.
    """

    def __init__(
        self,
        tracker: Tracker,
        tokens_of: Callable[[int], int],
        flops_per_token: int,
        peak: float | None,
    ) -> None:
        self.tracker, self.tokens_of = tracker, tokens_of
        self.flops_per_token, self.peak = flops_per_token, peak
        self.tokens = 0  # of the last step
        self.row: dict[str, Any] = {}

    def __call__(self, run: Run) -> None:
        """Logs the step."""
        self.tokens = self.tokens_of(run.step) - self.tokens_of(run.step - 1)
        rate = self.tokens / run.seconds
        self.row = {
            "step": run.step,
            **run.metrics,
            "tokens": self.tokens_of(run.step),
            "tokens_per_second": rate,
            "mfu": self.peak and self.flops_per_token * rate / self.peak,
        }
        self.tracker.log(self.row)


class ProgressBar(Hook):
    """Moves a progress bar.

    Args:
        bar: from `common.progress`.
        amount: how far a step moves it.
        text: what stands behind it.
        name: replaces the bar's name after the first step.
    """

    def __init__(
        self, bar: Any, amount: Callable[[Run], int], text: Callable[[Run], str], name: str
    ) -> None:
        self.bar, self.amount, self.text, self.name = bar, amount, text, name

    def __call__(self, run: Run) -> None:
        """Moves the bar and sets its text."""
        self.bar.desc = self.name
        self.bar.update(self.amount(run))
        self.bar.set_postfix_str(self.text(run), refresh=False)


class SkippedSteps(Hook):
    """Counts steps that changed nothing, and ends a run where too many in a row did.

    Args:
        kept: returns the step of the last state that was kept, None where there is none.

    Raises:
        ClovaError: 20 steps in a row had a loss or gradient that is not finite.
    """

    def __init__(self, kept: Callable[[], int | None]) -> None:
        self.guard, self.kept = NonFiniteGuard(), kept

    def __call__(self, run: Run) -> None:
        """Counts the step."""
        self.guard.watch(run.step, bool(run.metrics["skipped"]), self.kept())


class Spikes(Hook):
    """Reports losses far above those just before.

    Args:
        say: prints a line.
        alert: sends an event and its text, at most once in as many steps as a loss is compared with.
    """

    def __init__(self, say: Callable[[str], None], alert: Callable[..., None]) -> None:
        self.report, self.say, self.alert = SpikeReport(), say, alert
        self._alerted: int | None = None

    def __call__(self, run: Run) -> None:
        """Compares the step's loss with the usual one."""
        loss = run.metrics["loss"]
        usual = self.report.watch(run.step, loss)
        if usual is not None:
            text = f"step {run.step}: loss {loss:.3f} jumped from about {usual:.3f}"
            self.say(text)
            if self._alerted is None or run.step - self._alerted >= self.report.window:
                self._alerted = run.step
                self.alert("spike", text, step=run.step, loss=loss, usual=usual)


class Validate(Hook):
    """Logs what a validation measures.

    Args:
        every: steps between two validations; 0: only after the last step.
        validate: from parameters to a row of `val_…` numbers.
        tracker: takes the row, where there is one.
        tokens_of: how many tokens the steps before a given one have seen.
        say: prints a line.
    """

    def __init__(
        self,
        every: int,
        validate: Callable[[Any], dict[str, Any]],
        tracker: Tracker,
        tokens_of: Callable[[int], int],
        say: Callable[[str], None],
    ) -> None:
        self.every, self.validate, self.tracker = every, validate, tracker
        self.tokens_of, self.say = tokens_of, say

    def __call__(self, run: Run) -> None:
        """Validates the state."""
        row = self.validate(run.state.params)
        if row:
            self.tracker.log({"step": run.step, "tokens": self.tokens_of(run.step), **row})
        if "val_bits_per_byte" in row:
            self.say(f"step {run.step}: validation {row['val_bits_per_byte']:.3f} bits per byte")


class Milestones(Hook):
    """Writes a model directory whenever so many tokens have been seen.

    Args:
        milestones: numbers of tokens.
        tokens_of: how many tokens the steps before a given one have seen.
        folder: holds a model directory for each, named by the number; may be a URL.
        save_model: writes the model of a state after so many steps.
    """

    def __init__(
        self,
        milestones: Sequence[int],
        tokens_of: Callable[[int], int],
        folder: str | Path,
        save_model: Callable[[str | Path, Any, int], None],
    ) -> None:
        self.milestones, self.tokens_of = milestones, tokens_of
        self.folder, self.save_model = folder, save_model

    def __call__(self, run: Run) -> None:
        """Writes the models of the milestones that this step has passed."""
        for milestone in self.milestones:
            if self.tokens_of(run.step - 1) < milestone <= self.tokens_of(run.step):
                self.save_model(inside(self.folder, str(milestone)), run.state, run.step)


class Keep(Hook):
    """Writes a checkpoint every so many steps, at a stop request and at the end.

    Args:
        every: steps between two checkpoints.
        checkpoints: where they are kept.
        canonical: from a state to the one that is written.
        about: JSON values kept beside it.
    """

    on_stop = True

    def __init__(
        self,
        every: int,
        checkpoints: Checkpoints,
        canonical: Callable[[Any], Any],
        about: dict[str, Any],
    ) -> None:
        self.every, self.checkpoints = every, checkpoints
        self.canonical, self.about = canonical, about
        self.saved: int | None = None  # step of the newest checkpoint

    def begin(self, run: Run) -> None:
        """Notes the checkpoint that the run was resumed from."""
        self.saved = run.step or None

    def __call__(self, run: Run) -> None:
        """Starts writing the checkpoint."""
        self.checkpoints.save(run.step, self.canonical(run.state), self.about)
        self.saved = run.step


class MeanLoss(Hook):
    """Averages the losses of the steps that were not skipped, from one `take` to the next."""

    def __init__(self) -> None:
        self._losses: list[float] = []

    def __call__(self, run: Run) -> None:
        """Takes the loss of the step."""
        if not run.metrics["skipped"]:
            self._losses.append(run.metrics["loss"])

    def take(self) -> float | None:
        """Returns the mean, None where there was no loss, and starts over."""
        losses, self._losses = self._losses, []
        mean = sum(losses) / len(losses) if losses else float("nan")
        return mean if mean == mean else None


@dataclass
class Best:
    """Holds the parameters that were best on the development split, and all validations.

    Args:
        params: on the host.
        loss, step: of the development split then.
        history: a row a validation: `step`, `loss` (mean since the last one), `dev_loss` and other figures.
    """

    params: Params
    loss: float = float("inf")
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class EarlyStop(Hook):
    """Validates on the development split, keeps the best parameters, and ends the run when they stay the best.

    Args:
        every: steps between two validations; there is one before the first step too.
        patience: validations in a row without a better loss that end the run.
        validate: from parameters to `dev_loss` and other figures.
        best: is filled in; that of an earlier process where a run is resumed.
        mean_loss: averages the training losses; it acts before this hook.
    """

    def __init__(
        self,
        every: int,
        patience: int,
        validate: Callable[[Params], dict[str, float]],
        best: Best,
        mean_loss: MeanLoss,
    ) -> None:
        self.every, self.patience, self.validate = every, patience, validate
        self.best, self.mean_loss = best, mean_loss

    def begin(self, run: Run) -> None:
        """Validates the start, where nothing was validated before."""
        if not self.best.history:
            self(run)
        run.ended = self._is_exhausted()

    def __call__(self, run: Run) -> None:
        """Validates the state, and ends the run if the patience is exhausted."""
        best, figures = self.best, self.validate(run.state.params)
        best.history.append({"step": run.step, "loss": self.mean_loss.take(), **figures})
        if figures["dev_loss"] < best.loss:
            best.params, best.loss, best.step = (
                on_host(run.state.params),
                figures["dev_loss"],
                run.step,
            )
        run.ended = self._is_exhausted()

    def _is_exhausted(self) -> bool:
        last = self.best.history[-1]["step"]
        return last - self.best.step >= self.patience * self.every
