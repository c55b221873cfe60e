"""Says how to read the preference table, what its claims came to, and draws judge and reward against KL."""

import itertools
from pathlib import Path
from typing import Any

from clova_jax.tables.claims import difference, judged
from clova_jax.tables.figures import draw_baseline, legend, panels
from clova_jax.tables.preference_cells import mean
from clova_jax.tables.preference_sets import PreferenceSet
from clova_jax.tables.table import Row, TableRun

MOST_KL, MOST_RISE = 10.0, 5.0  # nats, and per cent of bits per byte


def notes(run: TableRun, chosen: PreferenceSet) -> list[str]:
    """Returns how to read the rows, then the claims with their verdicts for each model."""
    found = [
        f"{len(chosen.train):,} pairs to learn from and {len(chosen.dev):,} to stop by, of one half; a judge from "
        f"{len(chosen.judged):,} texts of the other (logistic regression on character n-grams); {len(chosen.prompts):,} "
        "prompts that neither saw",
        "judge: its mean probability in per cent; reward: 0 and 1 are mean and standard deviation over texts of the reference; "
        "kl: nats a text from the reference, of best_of the bound ln n − (n − 1)/n; distinct_2: different ones among pairs of "
        "neighbouring tokens, per cent, one text a prompt; length: tokens",
        "low, high: 95% interval (bootstrap over prompts or held-out texts, Student's t over seeds; jackknife of distinct_2)",
    ]
    if chosen.task == "nsmc":
        found.append(
            "the reviews of both halves may stand in what the model was pretrained on, unlabelled"
        )
    for model, shared in run.found["shared"].items():
        found.append(
            f"{model}: the judge is right on {shared['judge']:.1f}% of held-out texts, the reward model on "
            f"{shared['reward']:.1f}% of the pairs to stop by; {shared['cut']} pairs have an answer that was cut to fit the context"
        )
        found += claims(run, model)
    return found


def claims(run: TableRun, model: str) -> list[str]:
    """Returns of each method whether the judge rises near the reference, and where reward rises while the judge falls."""
    kept = {key[1:]: value for key, value in run.found["kept"].items() if key[0] == model}
    start = kept["reference", None]
    values = {
        (row["method"], row["beta"], row["metric"]): row["value"]
        for row in run.rows
        if row["model"] == model
    }

    def gap(metric: str, plus: Any, minus: Any) -> Any:
        return difference([plus[metric]], [minus[metric]], mean, run.options.seed)

    found = []
    for system in kept:
        if system[0] == "reference":
            continue
        kl, about = values[*system, "kl"], f"{model}, {named(*system)}"
        found.append(
            judged(f"{about}: judge above the reference", gap("judge", kept[system], start))
            + f", at {kl:.2f} nats"
        )
        if "bits_per_byte" in kept[system]:
            before = values["reference", None, "bits_per_byte"]
            rise = 100 * (values[*system, "bits_per_byte"] / before - 1)
            near = "holds" if kl < MOST_KL and rise < MOST_RISE else "fails"
            found[-1] += (
                f"; under {MOST_KL:g} nats and {MOST_RISE:g}% more bits per byte: {near}, {rise:+.1f}%"
            )
    return found + [f"{model}, {one}" for one in _turns(kept, values, gap)]


def _turns(kept: dict[Any, Any], values: dict[Any, float], gap: Any) -> list[str]:
    """Returns where a method that goes further gets more reward and a lower judge, with 95% intervals that leave 0 out."""
    found = []
    for method in ("dpo", "rloo"):
        line = sorted((s for s in kept if s[0] == method), key=lambda s: values[*s, "kl"])
        for near, far in itertools.combinations(line, 2):
            reward, judge = (gap(metric, kept[far], kept[near]) for metric in ("reward", "judge"))
            if reward.low > 0 and judge.high < 0:
                found.append(
                    f"from {named(*near)} to {named(*far)}: reward rises by {reward.value:.2f}, the judge falls by "
                    f"{-judge.value:.1f} points: over-optimised"
                )
    return found or ["reward rises while the judge falls: between no two betas"]


def named(method: str, beta: float | None) -> str:
    """Returns the name of a method with its beta."""
    return method if beta is None else f"{method} {beta:g}"


def draw(run: TableRun, path: Path) -> None:
    """Draws judge and reward against KL, a point for each method and beta."""
    by = {(r["model"], r["method"], r["beta"], r["metric"]): r for r in run.rows}
    with panels(path, 2, size=(5.5, 4)) as axes:
        for panel, metric in zip(axes, ("judge", "reward"), strict=True):
            for model, method in dict.fromkeys((row["model"], row["method"]) for row in run.rows):
                line = [by[key] for key in by if key[:2] == (model, method) and key[3] == metric]
                _line(
                    panel, line, by, method if len(run.inputs.names) == 1 else f"{model} {method}"
                )
            panel.set(xlabel="KL from the reference, nats a text", ylabel=metric)
            start = [
                row for row in run.rows if row["method"] == "reference" and row["metric"] == metric
            ]
            draw_baseline(panel, [{"baseline": row["value"]} for row in start], "reference")
        legend(axes[0])


def _line(panel: Any, line: list[Row], by: dict[Any, Row], label: str) -> None:
    points = [(by[row["model"], row["method"], row["beta"], "kl"]["value"], row) for row in line]
    points.sort(key=lambda point: point[0])
    places, values = [x for x, _ in points], [row["value"] for _, row in points]
    reach = [
        [row["value"] - row["low"] for _, row in points],
        [row["high"] - row["value"] for _, row in points],
    ]
    panel.errorbar(places, values, yerr=reach, marker="o", ms=4, capsize=3, label=label)
    for x, row in points:
        if row["beta"] is not None:
            panel.annotate(f"β {row['beta']:g}", (x, row["value"]), fontsize=7)
