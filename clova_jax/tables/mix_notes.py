"""Says what the rows of mixed texts show, draws them, and judges what GPT3Mix claims."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from clova_jax.evaluate import load_task
from clova_jax.tables.claims import difference, difference_of_gains, judged
from clova_jax.tables.figures import draw_baseline, draw_lines, legend, panels
from clova_jax.tables.table import Row, TableRun

Scores = Mapping[tuple[str, str, str, int], Sequence[np.ndarray]]  # model, task, method, n -> draws


def mix_notes(run: TableRun) -> list[str]:
    """Returns how to read the rows, what was refused, and whether the claims hold."""
    notes = [
        "value, low, high: the task's metric with a 95% interval over test items (bootstrap) and draws (Student's t); "
        "std: over draws; baseline: majority class",
        "n: examples a class; none: these alone; hard: with texts that the model wrote between them, each with its likeliest label; "
        "soft: the same with soft labels; eda: as many variants of the examples; real: as many true examples, the ceiling",
        "accepted: added texts of all draws; tried: lines that the model wrote for them",
    ]
    for row in run.rows:
        if row.get("refused") and row["method"] == "soft":
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in row["refused"].items())
            notes.append(f"{row['model']} {row['task']}, n={row['n']}: refused: {reasons}")
        if row.get("long_prompts") and row["method"] == "soft":
            notes.append(
                f"{row['model']} {row['task']}, n={row['n']}: {row['long_prompts']:,} of {row['tried']:,} prompts are longer "
                "than the sequences that the model was trained on: their ends stand at positions that were never trained"
            )
    return [*notes, *mix_claims(run.found.get("mixes", {}), run.options.seed)]


def mix_claims(scores: Scores, seed: int = 0) -> list[str]:
    """Returns of each claim of GPT3Mix whether it holds, fails, or whether these draws cannot tell.

    Written texts help, soft labels help more than hard ones, and the gain shrinks as there are more examples. Each is a
    difference over the same draws and items with a 95% interval.
    """
    notes = []
    for model, task in dict.fromkeys(key[:2] for key in scores if key[2] == "soft"):
        finish = load_task(task).metrics[0].finish
        ns = sorted(n for m, t, method, n in scores if (m, t, method) == (model, task, "soft"))
        none = [scores["", task, "none", n] for n in ns]
        hard, soft = ([scores[model, task, method, n] for n in ns] for method in ("hard", "soft"))
        mean = f"at n={', '.join(map(str, ns))}"
        for claim, plus, minus in (
            ("hard above none", hard, none),
            ("soft above none", soft, none),
            ("soft above hard", soft, hard),
        ):
            found = difference(plus, minus, finish, seed)
            notes.append(judged(f"{model} {task}: {claim} {mean}", found))
        if len(ns) > 1:
            gains = list(zip(soft, none, strict=True))
            found = difference_of_gains(gains[0], gains[-1:], finish, seed)
            claim = f"the gain of soft shrinks from n={ns[0]} to n={ns[-1]}"
            notes.append(judged(f"{model} {task}: {claim}", found))
    return notes


def draw_mixes(run: TableRun, path: Path) -> None:
    """Draws the score against the examples a class, a panel a task and a line a method."""
    tasks = list(dict.fromkeys(row["task"] for row in run.rows))
    with panels(path, len(tasks), size=(5.5, 4)) as axes:
        for axis, task in zip(axes, tasks, strict=True):
            rows = [row for row in run.rows if row["task"] == task]
            draw_lines(axis, rows, "n", _label)
            draw_baseline(axis, rows)
            axis.set(xscale="log", xlabel="examples a class", ylabel=rows[0]["metric"], title=task)
            ns = sorted({row["n"] for row in rows})
            axis.set_xticks(ns, [str(n) for n in ns])
            axis.minorticks_off()
            legend(axis)


def _label(row: Row) -> str:
    return f"{row['model']} {row['method']}".strip()
