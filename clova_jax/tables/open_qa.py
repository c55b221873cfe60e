"""Measures answers to open questions: which passage is found, what a model makes of it, and what silence is worth."""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from clova_jax.apps import answers as app
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.json_values import fields
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import (
    Item,
    Metric,
    Prediction,
    Records,
    TaskData,
    character_f1,
    digest,
    draw_items,
    exact_match,
    interval,
    load_task,
    measure,
)
from clova_jax.retrieve import Index
from clova_jax.tables.open_questions import PASSAGES, OpenQuestions, Splits, holds, question_of
from clova_jax.tables.table import Row, TableRun

DEEPEST = 100  # hits that the reciprocal rank looks at
CHOSEN = 10  # questions whose chosen answers are kept together
COVERAGES = (25, 50, 75)  # per cent of the questions that are answered, the surest first
READERS = ("writes", "chooses")  # an answer, or one of the passage's spans
NAMES = {exact_match.name: "em", character_f1.name: "f1"}
NO_SPAN = ("boolean",)  # types of questions whose answer stands in no sentence
Answers = Sequence[dict[str, Any]]


def retrieval_rows(asked: OpenQuestions, by: str, model: Any = None) -> list[Row]:
    """Returns R@1, R@5, R@10 and the mean reciprocal rank of a ranking, in per cent with intervals over the questions.

    Args:
        asked: questions and passages.
        by: rankings of `Index`, joined by `+` where several are fused.
        model: gives the vectors.
    """
    begin = time.perf_counter()
    index = Index.build(asked.texts, by.split("+"), model)
    index.search(question_of(asked.items[0]), 1)
    ready = time.perf_counter()
    hits = [[hit.index for hit in index.search(question_of(one), DEEPEST)] for one in asked.items]
    end = time.perf_counter()
    ranks = np.array(
        [
            some.index(gold) + 1 if gold in some else np.inf
            for some, gold in zip(hits, asked.gold, strict=True)
        ]
    )
    figures = {"R@1": ranks <= 1, "R@5": ranks <= 5, "R@10": ranks <= 10, "MRR": 1 / ranks}
    about = {
        "questions": len(asked.items),
        "passages": len(asked.texts),
        "seconds to index": round(ready - begin, 2),
        "ms a query": round(1000 * (end - ready) / len(asked.items), 2),
    }
    about = {"app": "open_qa", "kind": "all"} | about
    return [{"metric": name, **_share(values), **about} for name, values in figures.items()]


def _share(values: np.ndarray) -> dict[str, float]:
    """Returns the mean of values from 0 to 1 in per cent, with its interval."""
    statistics = np.stack([values.astype(np.float64), np.ones(len(values))], axis=1)
    found = interval([statistics], lambda total: 100 * float(total[0] / total[1]))
    return dataclasses.asdict(found)


def answer_rows(splits: Splits, passage: str, run: TableRun) -> list[Row]:
    """Returns how good a model's answers are under the retrieved passage, the gold one, a wrong one, or none.

    Exact match and F1 of all answers and of each kind of question; F1 of the surest ones, by `answers.sureness`; and how
    often the sentence that question and answer find in the passage holds an accepted answer, beside the question alone.
    Under the retrieved passage also what silence is worth. The questions are the same for all passages: those whose
    prompts fit the model's context with every one.

    Args:
        splits: questions and passages.
        passage: one of `PASSAGES`.
        run: with the model, the limit and the seed.

    Raises:
        ClovaError: no question fits.
    """
    drawn, left_out = _drawn(splits.test, passage, PASSAGES, run)
    found: list[Row] = []
    for reader in READERS if passage != "none" else READERS[:1]:
        found += _reader_rows(splits, passage, reader, drawn, left_out, run)
    # Both readers have the baseline of the written answers, which comes first.
    baselines = {
        (row["kind"], row["metric"]): {"baseline": row["baseline"]}
        for row in reversed(found)
        if "baseline" in row
    }
    return [baselines.get((row["kind"], row["metric"]), {}) | row for row in found]


def _reader_rows(
    splits: Splits, passage: str, reader: str, drawn: list[Item], left_out: int, run: TableRun
) -> list[Row]:
    """Returns the rows of one way to answer: writing, or choosing a span of the passage."""
    texts = dict(zip(splits.test.leads, splits.test.texts, strict=True))
    found, answers = _answered(run, f"korquad_{passage}", reader, drawn, texts)
    run.found.setdefault("answers", {})[run.model_name, reader, passage] = answers
    found += by_coverage(answers)
    if passage != "none":
        found.append(evidence([texts.get(item.lead, "") for item in drawn], drawn, answers))
    about = _about(run, "answers", passage, reader) | {"left out": left_out}
    rows = [about | {"kind": "all", "questions": len(drawn)} | row for row in found]
    if passage == "retrieved" and splits.dev.items:
        rows += _silence(splits, reader, answers, run)
    return rows


def _about(
    run: TableRun, measured: str, system: str, reader: str = "", model: str | None = None
) -> Row:
    return {
        "app": "open_qa",
        "measure": measured,
        "system": system,
        "reader": reader,
        "model": run.model_name if model is None else model,
        "task": "korquad",
        "trained": trained(run) if model is None else "",
    }


def trained(run: TableRun) -> str:
    """Returns what a model has learned for the table, and how long."""
    steps = run.options.steps
    return f"{steps} steps of training questions" if steps else ""


def _drawn(
    asked: OpenQuestions, passage: str, passages: Sequence[str], run: TableRun
) -> tuple[list[Item], int]:
    """Returns the questions to ask under a passage, and how many are left out as too long with one of the passages."""
    key = f"{run.model_name}: questions that fit, of {id(asked)}"
    if key not in run.found:
        run.found[key] = _fitting(asked, run.model, passages)
    fits = run.found[key]
    kept = [item for item, fit in zip(asked.with_passage(passage), fits, strict=True) if fit]
    # Drawn under one name, so that all kinds have the same questions.
    options, data = run.options, TaskData(kept, ())
    drawn = draw_items(data, load_task("korquad"), options.limit, options.seed)
    return drawn, len(fits) - sum(fits)


def _answered(
    run: TableRun, name: str, reader: str, items: Sequence[Item], texts: Mapping[str, str]
) -> tuple[list[Row], Answers]:
    """Returns the score rows of a model's answers, and the answers: `id`, `prediction`, `answers`, `logprob`.

    Args:
        name: what the answers are kept under.
        reader: one of `READERS`.
        items: the questions.
        texts: the passages by their leads.
    """
    if reader == "chooses":
        answers = _chosen(run, f"{name}_chosen", items, texts)
        return list(score_rows(answers, items, run)), answers
    data = TaskData(items, ())
    task = dataclasses.replace(
        load_task("korquad"),
        name=name,
        load=lambda _: data,
        own_examples=False,
        max_new_tokens=app.MOST_TOKENS,
        notes=(),
    )
    arguments = {"shots": 0, "trials": 1, "seed": run.options.seed, "out": run.out}
    rows = measure(run.model, task, run.data, name=run.model_name, stop=run.stop, **arguments)
    path = run.out / "predictions.jsonl"
    shown = [
        {
            "kind": row["part"] or "all",
            "metric": NAMES[row["metric"]],
            **{key: row[key] for key in ("value", "low", "high", "baseline")},
            "questions": row["items"],
        }
        for row in rows
    ]
    return shown, [
        row | fields(row, f"{path}:{number}", {"logprob": float})
        for number, row in read_jsonl(path)
        if (row["model"], row["task"]) == (run.model_name, name)
    ]


def _chosen(
    run: TableRun, name: str, items: Sequence[Item], texts: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Returns the spans that a model chooses; a few questions at a time are kept."""
    records, separator = Records(run.out), load_task("korquad").separator
    answers: list[dict[str, Any]] = []
    with progress(desc=f"{name}, {run.model_name}", total=len(items), unit="question") as bar:
        for at in range(0, len(items), CHOSEN):
            some = items[at : at + CHOSEN]
            prompts = [(one.lead + separator if one.lead else "") + one.text for one in some]
            key = (run.model_name, name, at, 0)
            settings = {"data": digest(prompts), "weights": run.model.fingerprint}
            if records.find(key, settings) is None:
                if run.stop.requested:
                    raise Stopped(run.stop.requested)
                found = app.choose(run.model, prompts, [texts.get(one.lead, "") for one in some])
                about = {"model": run.model_name, "task": name}
                rows = [
                    about
                    | {
                        "id": one.id,
                        "prediction": text,
                        "answers": list(one.answers),
                        "logprob": logprob,
                    }
                    for one, (text, logprob) in zip(some, found, strict=True)
                ]
                records.add(key, settings, {}, rows)
            kept = records.find(key, settings)
            answers += kept[1] if kept else []
            bar.update(len(some))
    return answers


def score_rows(answers: Answers, items: Sequence[Item], run: TableRun) -> Iterator[Row]:
    """Yields exact match and F1 of all answers and of each kind of question."""
    kinds = [item.part for item in items]
    for kind in ["", *sorted(set(kinds) - {""})]:
        some = [row for row, own in zip(answers, kinds, strict=True) if kind in ("", own)]
        for metric, name in ((exact_match, "em"), (character_f1, "f1")):
            score = interval([statistics(some, metric)], metric.finish, seed=run.options.seed)
            about = {"kind": kind or "all", "questions": len(some), "metric": name}
            yield about | dataclasses.asdict(score)


def _sure(answers: Answers) -> np.ndarray:
    return np.array([app.sureness(row["logprob"], row["prediction"]) for row in answers])


def statistics(answers: Answers, metric: Metric = character_f1) -> np.ndarray:
    """Returns float64[n, 2]: the score of each answer from 0 to 1, and a one."""
    return metric.statistics(
        [Prediction(row["prediction"], tuple(row["answers"])) for row in answers]
    )


def by_coverage(answers: Answers) -> Iterator[Row]:
    """Yields F1 of the surest answers, where a model that is less sure is silent."""
    order = np.argsort(-_sure(answers), kind="stable")
    scores = statistics(answers)
    for percent in COVERAGES:
        said = scores[order[: max(1, round(len(order) * percent / 100))]]
        score = dataclasses.asdict(interval([said], character_f1.finish))
        yield {"metric": f"f1 of the surest {percent}%"} | score


def risk_by_coverage(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Returns coverage and risk in per cent, the surest answer first: 100 less F1 of those that are given."""
    scores = statistics(answers)[np.argsort(-_sure(answers), kind="stable"), 0]
    count = np.arange(1, len(scores) + 1)
    return 100 * count / len(scores), 100 * (1 - np.cumsum(scores) / count)


def _silence(splits: Splits, reader: str, answers: Answers, run: TableRun) -> Iterator[Row]:
    """Yields how much is answered, how well, and what that is worth, with the threshold of the development split."""
    drawn, _ = _drawn(splits.dev, "retrieved", ("retrieved",), run)
    texts = dict(zip(splits.dev.leads, splits.dev.texts, strict=True))
    _, known = _answered(run, "korquad_development", reader, drawn, texts)
    below = app.threshold(_sure(known).tolist(), statistics(known)[:, 0].tolist())
    run.found.setdefault("below", {})[run.model_name, reader] = below
    said, scores = _sure(answers) >= below, statistics(answers)
    worth = scores[:, 0] - app.COST
    about = _about(run, "silence", "retrieved", reader) | {"kind": "all", "questions": len(answers)}
    yield about | {"metric": "coverage", **_share(said), "baseline": 100.0}
    if said.any():
        given = interval([scores[said]], character_f1.finish, seed=run.options.seed)
        every = character_f1.finish(scores.sum(axis=0))
        yield (
            about
            | {"metric": "f1 of what is answered"}
            | dataclasses.asdict(given)
            | {"baseline": every}
        )
    both = np.stack([np.where(said, worth, 0.0), np.ones(len(said))], axis=1)
    finish = partial(_mean, bound=100.0)
    found = interval([both], finish, bounds=(-100.0, 100.0), seed=run.options.seed)
    yield (
        about
        | {"metric": "worth"}
        | dataclasses.asdict(found)
        | {"baseline": 100 * float(worth.mean())}
    )


def _mean(total: np.ndarray, bound: float) -> float:
    return bound * float(total[0] / total[1])


def sentence_rows(splits: Splits, run: TableRun) -> Iterator[Row]:
    """Yields exact match and F1 of a rival that asks no model: the sentence of the retrieved passage that fits best."""
    if run.model_name not in run.inputs.names[:1]:
        return
    drawn, left_out = _drawn(splits.test, "retrieved", PASSAGES, run)
    texts = dict(zip(splits.test.leads, splits.test.texts, strict=True))
    records, key = Records(run.out), ("sentence", "korquad_retrieved", 0, 0)
    settings = {"data": digest([item.text + item.lead for item in drawn])}
    if records.find(key, settings) is None:
        said = [app.proving_sentence(texts.get(item.lead, ""), question_of(item)) for item in drawn]
        named = {"model": "sentence", "task": "korquad_retrieved"}
        rows = [
            named | {"id": item.id, "prediction": text, "answers": list(item.answers)}
            for item, text in zip(drawn, said, strict=True)
        ]
        records.add(key, settings, {}, rows)
    found = records.find(key, settings)
    answers = found[1] if found else []
    about = _about(run, "answers", "sentence", model="") | {"left out": left_out}
    for row in score_rows(answers, drawn, run):
        yield about | row


def evidence(texts: Sequence[str], items: Sequence[Item], answers: Answers) -> Row:
    """Returns how often the sentence that fits question and answer best holds an accepted answer, in per cent.

    Questions whose answer stands in no sentence, yes or no, are left out; the baseline is the sentence that fits the
    question alone.
    """
    with_answer, alone = [], []
    for text, item, answer in zip(texts, items, answers, strict=True):
        if item.part in NO_SPAN:
            continue
        for found, said in ((with_answer, answer["prediction"]), (alone, "")):
            sentence = app.proving_sentence(text, question_of(item), said)
            found.append(holds(sentence, item.answers))
    score = _share(np.array(with_answer)) | {"baseline": 100 * float(np.mean(alone))}
    return {"metric": "evidence", **score, "questions": len(alone)}


def _fitting(asked: OpenQuestions, model: Any, passages: Sequence[str]) -> list[bool]:
    """Checks of each question whether its prompts fit the context, the answer included."""
    task = load_task("korquad")
    room = model.config.max_length - app.MOST_TOKENS
    fits = [True] * len(asked.items)
    for passage in passages:
        prompts = [
            (item.lead + task.separator if item.lead else "") + item.text
            for item in asked.with_passage(passage)
        ]
        lengths = map(len, model.tokenizer.encode_batch(prompts))
        fits = [fit and length <= room for fit, length in zip(fits, lengths, strict=True)]
    if not any(fits):
        raise ClovaError(
            f"open_qa: no question fits the model's context of {model.config.max_length} tokens with its "
            "passage; take a model with a longer one, or --passages none"
        )
    return fits
