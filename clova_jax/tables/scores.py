"""Collects the scores of finished runs on one page, by model and task; others add theirs by running the same command.

PAGE.jsonl    the scores, a line each, sorted: a change is a few lines of a diff
PAGE.md       the page that is made of them
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_jsonl, whole_file, write_jsonl
from clova_jax.common.json_values import fields
from clova_jax.common.report import format_table

Score = dict[str, Any]
# Experiments whose rows are scores of a model on a task; what tells two of them apart is in SETTING.
EXPERIMENTS = ("few_shot", "emergence", "p_tuning", "prompt_methods", "query_modification", "tune")
KINDS = {"model": str, "task": str, "metric": str, "value": float, "low": float, "high": float}
SETTING = {"shots": int | None, "method": str | None, "encoder": str | None, "examples": int | None}
MORE = {"baseline": float | None, "items": int | None, "num_params": int | None}
ABOUT = {"seed": int | None, "commit": str | None, "date": str | None, "by": str | None}
ABOUT |= {"headline": bool}
DETAILS = ("model", "setting", "metric", "value", "low", "high", "baseline", "items")
PROMPTED = "few_shot"  # the method of rows that name none
HOW = (
    "Add yours: `clova results RUN … --out {page}`, with the folders of finished runs "
    "(`python -m experiments.few_shot`, `python -m experiments.p_tuning`, `clova tune`)."
)


def read_scores(run: Path, by: str | None = None) -> list[Score]:
    """Reads the scores of a finished run, those of complete data sets; the first metric of a task is its headline.

    Args:
        run: its folder, with `results.json`.
        by: who measured them.

    Raises:
        ClovaError: it is not finished, or its rows are no scores by model and task.
    """
    path = run / "results.json"
    if not path.is_file():
        raise ClovaError(f"{run}: has no results.json; give the folder of a finished run")
    kinds = {"experiment": str, "config": dict, "rows": list[dict], "environment": dict | None}
    found = fields(read_json(path), path, kinds)
    if found["experiment"] not in EXPERIMENTS:
        raise ClovaError(
            f"{path}: is of {found['experiment']}; scores by model and task are those of {', '.join(EXPERIMENTS)}"
        )
    environment = found["environment"] or {}
    about = {"seed": found["config"].get("seed"), "by": by}
    about |= {name: environment.get(name) for name in ("commit", "date")}
    scores, seen = [], set()
    for number, row in enumerate(found["rows"], 1):
        if row.get("part"):
            continue
        score = fields(row, f"{path}: row {number}", KINDS | SETTING | MORE) | about
        setting = (score["model"], score["task"], _setting(score))
        scores.append(score | {"headline": setting not in seen})
        seen.add(setting)
    return scores


def add_scores(scores: Sequence[Score], page: Path) -> list[Score]:
    """Adds scores to those of a page, and writes it; of two with the same setting the new one stays.

    Args:
        scores: of `read_scores`.
        page: the Markdown file; the scores themselves lie beside it, as `.jsonl`.

    Returns:
        all that are on the page.
    """
    kept = page.with_suffix(".jsonl")
    known: list[Score] = []
    if kept.is_file():
        kinds = KINDS | SETTING | MORE | ABOUT
        known = [fields(row, f"{kept}:{number}", kinds) for number, row in read_jsonl(kept)]
    merged = {_key(score): score for score in [*known, *scores]}
    every = [merged[key] for key in sorted(merged)]
    write_jsonl(kept, every)
    with whole_file(page) as file:
        file.write(_page(every, page.name))
    return every


def _key(score: Score) -> tuple[str, ...]:
    """Returns what tells a score from others, in the order that they stand in."""
    method = score["method"] or PROMPTED
    # Numbers are padded, so that 4 shots stand before 70; prompting stands before what is trained.
    numbers = [f"{score[name] or 0:012}" for name in ("shots", "examples")]
    setting = ("" if method == PROMPTED else method, score["encoder"] or "", *numbers)
    return (score["task"], *setting, score["model"], score["by"] or "", score["metric"])


def _setting(score: Score) -> str:
    """Returns how a model was asked: `4-shot`, or `p_tuning lstm, 2,000 examples`."""
    if (score["method"] or PROMPTED) == PROMPTED:
        return f"{score['shots']}-shot"
    name = " ".join(filter(None, (score["method"], score["encoder"])))
    count = "" if score["examples"] is None else f", {score['examples']:,} examples"
    return f"{name}{count}" + (f", {score['shots']}-shot" if score["shots"] else "")


def _page(scores: Sequence[Score], name: str) -> str:
    """Returns the page: a table of models by tasks and settings, then a table for each task."""
    headlines = [score for score in scores if score["headline"]]
    columns = list(dict.fromkeys(_column(score) for score in headlines))
    sizes = {_model(score): score["num_params"] or 0 for score in scores}
    models = sorted(sizes, key=lambda model: (sizes[model], model))
    rows = []
    for model in models:
        cells = {_column(s): _cell(s) for s in headlines if _model(s) == model}
        rows.append({"model": model, "parameters": sizes[model] or None} | cells)
    lines = [
        "# Scores by model and task",
        HOW.format(page=name),
        "Scores are on the 0-100 scale, with a 95% interval.",
        format_table(rows, ["model", "parameters", *columns]),
    ]
    for task in dict.fromkeys(score["task"] for score in scores):
        found = [
            score | {"model": _model(score), "setting": _setting(score)}
            for score in scores
            if score["task"] == task
        ]
        found.sort(key=lambda score: (not score["headline"], score["metric"], -score["value"]))
        lines += [f"## {task}", format_table(found, list(DETAILS))]
    return "\n\n".join(lines) + "\n"


def _model(score: Score) -> str:
    return f"{score['model']} ({score['by']})" if score["by"] else score["model"]


def _column(score: Score) -> str:
    return f"{score['task']}, {_setting(score)}"


def _cell(score: Score) -> str:
    if math.isnan(score["value"]):
        return ""
    return f"{score['value']:.1f} ({score['low']:.1f} to {score['high']:.1f})"
