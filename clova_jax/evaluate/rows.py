"""Makes result rows from the predictions of a task's trials: score, interval, baseline, notes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, get_args

import numpy as np

from clova_jax.evaluate.calibration import Scoring, label_scores
from clova_jax.evaluate.intervals import Interval, interval
from clova_jax.evaluate.metrics import Prediction, accuracy, exact_match, pearson
from clova_jax.evaluate.task import Item, Task, TaskData


def score_rows(
    task: Task,
    data: TaskData,
    items: Sequence[Item],
    marks: Sequence[dict[str, Any]],
    trials: Sequence[Sequence[dict[str, Any]]],
    *,
    seed: int,
    about: dict[str, Any],
) -> list[dict[str, Any]]:
    """Returns one row a metric (the headline first), then one for each part of the data set.

    Args:
        items: those asked for; the ones too long are not among the predictions.
        marks: the trials' summaries.
        trials: the trials' predictions, the same items in the same order.
        seed: of the bootstrap.
        about: what every row carries besides.
    """
    by_id = {item.id: item for item in items}
    scored = [by_id[row["id"]] for row in trials[0]]
    predictions = [
        [_prediction(row, item) for row, item in zip(rows, scored, strict=True)] for rows in trials
    ]
    common = {
        "shots": marks[0]["shots"],
        "trials": len(trials),
        "shown_examples": round(
            sum(mark["shown_examples"] for mark in marks) / sum(map(len, trials)), 2
        ),
        "dropped_examples": sum(mark["dropped_examples"] for mark in marks),
        "too_long": marks[0]["too_long"],
        "seconds": round(sum(mark["seconds"] for mark in marks), 1),
        **about,
    }
    parts = sorted({item.part for item in scored})
    rows = []
    for part in ["", *(parts if len(parts) > 1 else [])]:
        kept = [i for i, item in enumerate(scored) if part in ("", item.part)]
        constants = do_nothing(task, [scored[i] for i in kept])
        for metric in task.metrics:
            statistics = [metric.statistics([trial[i] for i in kept]) for trial in predictions]
            low = -100.0 if metric.name == pearson.name else 0.0
            found = interval(statistics, metric.finish, bounds=(low, 100.0), seed=seed)
            rows.append(
                {
                    "task": task.name,
                    "metric": metric.name,
                    "shots": common["shots"],
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "baseline": max(metric(constant) for constant in constants),
                    "part": part,
                    "items": len(kept),
                    **common,
                    "per_trial": [round(metric.finish(s.sum(axis=0)), 4) for s in statistics],
                }
            )
    headline = rows[0]
    if task.labels:
        headline["scorings"] = _all_scorings(task, marks, trials, scored, seed)
    headline["note"] = "; ".join(_notes(task, data, marks, trials, scored))
    return rows


def headline_score(
    task: Task, trials: Sequence[Sequence[dict[str, Any]]], seed: int = 0
) -> tuple[Interval, list[float]]:
    """Computes the task's first metric with its interval over trials, and its value in each.

    Args:
        task: what was asked.
        trials: rows with `prediction` and `answers`, the same items in the same order.
        seed: of the bootstrap.
    """
    metric = task.metrics[0]
    statistics = [
        metric.statistics([Prediction(row["prediction"], tuple(row["answers"])) for row in rows])
        for rows in trials
    ]
    found = interval(statistics, metric.finish, seed=seed)
    return found, [metric.finish(rows.sum(axis=0)) for rows in statistics]


def item_scores(task: Task, rows: Sequence[dict[str, Any]]) -> list[float]:
    """Scores each prediction by itself, 0 to 100: right or wrong for labels, else the task's first metric.

    Args:
        task: what was asked.
        rows: with `prediction` and `answers`.
    """
    metric = accuracy if task.labels else task.metrics[0]
    found = [Prediction(row["prediction"], tuple(row["answers"])) for row in rows]
    return [round(metric.finish(one), 4) for one in metric.statistics(found)]


def _prediction(row: dict[str, Any], item: Item) -> Prediction:
    logprobs = row.get("logprobs", ())
    value = logprobs[1] - logprobs[0] if len(logprobs) == 2 else 0.0
    return Prediction(row["prediction"], item.answers, value, item.target)


def do_nothing(task: Task, items: Sequence[Item]) -> list[list[Prediction]]:
    """Returns the predictions of constant answers, or of a copy of the source; the best is the baseline."""
    if task.copies:
        return [[Prediction(item.source, item.answers) for item in items]]
    if task.labels:
        answers = list(task.labels)
    else:
        answers = [Counter(item.answers[0] for item in items).most_common(1)[0][0]]
    return [
        [Prediction(answer, item.answers, target=item.target) for item in items]
        for answer in answers
    ]


def _all_scorings(
    task: Task,
    marks: Sequence[dict[str, Any]],
    trials: Sequence[Sequence[dict[str, Any]]],
    items: Sequence[Item],
    seed: int,
) -> dict[str, dict[str, float]]:
    """Computes the headline metric, `value, low, high`, under each way to compare labels."""
    names = list(task.labels or {})
    metric = task.metrics[0]
    owners = [label for label, _ in task.verbalizer()]
    result = {}
    for scoring in get_args(Scoring):
        if scoring == "contextual" and not marks[0]["blank"]:
            continue
        statistics = []
        for mark, rows in zip(marks, trials, strict=True):
            compared = label_scores(
                np.array([row["logprobs"] for row in rows]),
                np.array(mark["label_tokens"], np.float64),
                np.array(mark["blank"]),
                scoring,
                owners,
            )
            best = compared.argmax(axis=1)
            chosen = zip(best, items, strict=True)
            found = [Prediction(names[i], item.answers) for i, item in chosen]
            statistics.append(metric.statistics(found))
        score = interval(statistics, metric.finish, seed=seed)
        result[scoring] = {name: round(value, 4) for name, value in asdict(score).items()}
    return result


def _notes(
    task: Task,
    data: TaskData,
    marks: Sequence[dict[str, Any]],
    trials: Sequence[Sequence[dict[str, Any]]],
    items: Sequence[Item],
) -> list[str]:
    """Collects what a reader of the score should know."""
    notes = [*data.notes, *task.notes, *filter(None, (metric.about() for metric in task.metrics))]
    dropped = sum(mark["dropped_examples"] for mark in marks)
    if dropped:
        shown = sum(mark["shown_examples"] for mark in marks)
        notes.append(
            f"{dropped:,} examples of {dropped + shown:,} dropped to fit the model's context"
        )
    if marks[0]["too_long"]:
        notes.append(f"{marks[0]['too_long']} items longer than the context left out")
    if task.own_examples and any("answer_shown" in row for row in trials[0]):
        notes.append(_repeats(trials[0], items))
    if any(mark["joined_differs"] for mark in marks):
        notes.append("this tokenizer gives a complete prompt other ids than its parts")
    if task.copies:
        notes.append("baseline: the source copied unchanged")
    elif not task.labels:
        notes.append("baseline: the commonest answer to every question")
    return notes


def _repeats(rows: Sequence[dict[str, Any]], items: Sequence[Item]) -> str:
    """Reports how often the answer could be copied from the examples, and the score where it could not."""
    fresh = [
        Prediction(row["prediction"], item.answers)
        for row, item in zip(rows, items, strict=True)
        if not row["answer_shown"]
    ]
    share = 100 * (1 - len(fresh) / len(rows))
    return (
        f"{share:.1f}% of the questions have an answer that also stands in their examples; "
        f"exact match on the others {exact_match(fresh) if fresh else 0.0:.2f}"
    )
