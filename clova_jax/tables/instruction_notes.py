"""Says how to read the instruction table and what its claims came to, and draws the systems task by task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clova_jax.align import instructions
from clova_jax.evaluate import Interval, reach
from clova_jax.tables.claims import difference, judged
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.instruction_cells import Measured
from clova_jax.tables.table import TableRun

SYSTEMS = ("base_zero", "base_few", "seen", "unseen_wording", "unseen_task")
# Two systems, and what it says if the first scores higher.
CLAIMS = (
    ("unseen_wording", "base_zero", "tuned beats the base model zero-shot on unseen wordings"),
    ("unseen_wording", "base_few", "tuned zero-shot beats the base model few-shot"),
    ("seen", "unseen_wording", "seen wordings score higher than unseen ones"),
    ("unseen_task", "base_zero", "a family that was left out gains from the others"),
)
Kept = dict[tuple[str, str, str], Measured]  # model, system, task


def notes(run: TableRun, tasks: Sequence[instructions.InstructionTask]) -> list[str]:
    """Returns how to read the rows, then the claims with their verdicts for each model."""
    options, known = run.options, 8 - run.options.held_out
    learned = ", ".join(f"{task.name} {len(task.train):,}" for task in tasks if task.train)
    found = [
        f"training items: {learned}; at most {options.per_task:,} of a task in an epoch; {options.steps:,} steps of "
        f"{options.batch_size} rows of {options.length} tokens; {known} of 8 wordings are trained on, "
        f"the other {options.held_out} are asked of all systems but `seen`",
        "base_zero, base_few: the model before, without and with examples (shown: so many on average, since a prompt with examples "
        "is no longer than the rows of pre-training); seen, unseen_wording: tuned on all families; "
        "unseen_task: tuned on all families but that of the row (or on a family that has no training file)",
        "accuracy, f1: the likeliest label; written: the right one was written; valid: one of the labels was written (of "
        "reading: words of the passage); ended: the text ended by `<|endoftext|>`; per cent with a 95% interval (bootstrap over "
        "items, Student's t over seeds; means of tasks: over the seeds' means, since all tasks are answered by the same models)",
        "the models that were tuned on all families are in models/, with their chat template: clova studio --model DIR "
        "answers /v1/chat/completions with them",
    ]
    for model in dict.fromkeys(row["model"] for row in run.rows):
        found += claims(run.found["kept"], model, options.seed)
    for model, long in run.found["long"].items():
        found.append(
            f"{model}: {long:,} instructions of a training were longer than a row, and left out; so were at most "
            f"{run.found['left_out'][model]:,} test items of a task"
        )
    return found


def claims(kept: Kept, model: str, seed: int = 0) -> list[str]:
    """Returns each claim with its verdict: over all tasks that both systems were asked, then task by task."""
    found = []
    for first, second, claim in CLAIMS:
        gains = gaps(kept, model, (first, second), _headline, seed)
        if gains:
            found.append(judged(f"{model}: {claim}, mean of {len(gains)} tasks", mean_of(gains)))
            found += [
                judged(f"{model}: {claim}, {task}", gain.found)
                for task, gain in gains.items()
                if len(gains) > 1
            ]
    ended = gaps(kept, model, ("unseen_wording", "base_zero"), lambda names: "ended", seed)
    if ended:
        found.append(judged(f"{model}: more texts end by themselves after tuning", mean_of(ended)))
    return found


@dataclass(frozen=True)
class Gain:
    """Holds by how much a system scores higher than another on a task.

    Args:
        found: the difference with its 95% interval.
        of_items: the same with the interval over items alone.
        per_seed: the difference with the models of each seed.
    """

    found: Interval
    of_items: Interval
    per_seed: Sequence[float]


def _headline(metrics: Sequence[str]) -> str:
    return metrics[0]


def gaps(
    kept: Kept,
    model: str,
    systems: tuple[str, str],
    metric: Callable[[Sequence[str]], str],
    seed: int,
) -> dict[str, Gain]:
    """Returns how much higher the first of two systems scores on the items that both were asked, for each task that has any.

    Args:
        kept: statistics of metrics.
        model: its name.
        systems: two of them.
        metric: chooses one by the names of a task's metrics.
        seed: of the bootstrap.
    """
    found = {}
    for name, system, task in kept:
        if (name, system) == (model, systems[0]) and (model, systems[1], task) in kept:
            both = [kept[model, one, task] for one in systems]
            shared = set(both[0].ids) & set(both[1].ids)
            if not shared:
                continue
            chosen = metric(list(both[0].metrics))
            _, finish = both[0].metrics[chosen]
            plus, minus = (one.of(chosen, shared) for one in both)
            most = max(len(plus), len(minus))
            plus, minus = (list(some) * (most // len(some)) for some in (plus, minus))
            pairs = zip(plus, minus, strict=True)
            found[task] = Gain(
                difference([plus], [minus], finish, seed),
                # All seeds side by side are one draw, which shows no spread over seeds.
                difference([[one] for one in plus], [[one] for one in minus], finish, seed),
                [finish(one.sum(axis=0)) - finish(other.sum(axis=0)) for one, other in pairs],
            )
    return found


def mean_of(gains: Mapping[str, Gain]) -> Interval:
    """Returns the mean of differences of different tasks with its 95% interval.

    The items of one task have nothing to do with those of another, but all tasks are answered by the models of the same
    seeds: the spread over seeds is that of the mean over tasks.
    """
    items = [one.of_items for one in gains.values()]
    per_seed = np.mean([one.per_seed for one in gains.values()], axis=0)
    value, between = float(per_seed.mean()), reach(per_seed)
    below = np.linalg.norm([one.value - one.low for one in items]) / len(items)
    above = np.linalg.norm([one.high - one.value for one in items]) / len(items)
    return Interval(
        value, value - float(np.hypot(below, between)), value + float(np.hypot(above, between))
    )


def draw(run: TableRun, path: Path) -> None:
    """Draws the headline of every system, task by task, a panel a model."""
    models = list(dict.fromkeys(row["model"] for row in run.rows))
    first = {(row["model"], row["system"], row["task"]): row for row in reversed(run.rows)}
    tasks = list(dict.fromkeys(row["task"] for row in run.rows))
    nothing = dict.fromkeys(("value", "low", "high"), np.nan)  # no bar
    with panels(path, len(models), size=(2 + 1.3 * len(tasks), 4), across=1) as axes:
        for panel, model in zip(axes, models, strict=True):
            series = {
                system: [first.get((model, system, task), nothing) for task in tasks]
                for system in SYSTEMS
                if any((model, system, task) in first for task in tasks)
            }
            metrics = {row["task"]: row["metric"] for row in first.values()}
            draw_bars(panel, [f"{task}\n{metrics[task]}" for task in tasks], series)
            panel.set(title=model, ylabel="score")
            legend(panel)
