"""Measures answers to open questions: which passage is found, and what a model makes of it."""

import dataclasses
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.json_values import fields
from clova_jax.evaluate import (
    Item,
    Prediction,
    TaskData,
    character_f1,
    draw_items,
    generator,
    interval,
    load_task,
    measure,
    read_paragraphs,
)
from clova_jax.labelled import optional_file
from clova_jax.retrieve import Index
from clova_jax.tables.table import Row, TableRun

ASKED = "korquad/KorQuAD_v1.0_dev.json"
# Where passages are, each with a name of its own in the notes; the training file is left out where it is absent.
POOLS = {
    "KorQuAD": (ASKED,),
    "KorQuAD train": ("korquad/KorQuAD_v1.0_train.json",),
    "KLUE-MRC": (
        "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.json",
        "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.partial.json",
    ),
}
DEEPEST = 100  # hits that the reciprocal rank looks at
PASSAGES = ("retrieved", "gold", "wrong", "none")
COVERAGES = (25, 50, 75)  # per cent of the questions that are answered, the surest first


@dataclass(frozen=True)
class OpenQuestions:
    """Holds questions, the passages among which the right one is looked for, and which it is.

    Args:
        items: the questions, each under its own passage.
        texts: the passages, each once.
        leads: the passages as prompts show them.
        gold: the number of each question's passage.
        counts: passages by the data set that they are from.
    """

    items: Sequence[Item]
    texts: Sequence[str]
    leads: Sequence[str]
    gold: Sequence[int]
    counts: dict[str, int]

    @classmethod
    def read(cls, data: Path) -> "OpenQuestions":
        """Reads KorQuAD's questions, and the passages of KorQuAD and of KLUE-MRC where that is there.

        Raises:
            ClovaError: KorQuAD's file is missing, or one of them is damaged.
        """
        leads: dict[str, str] = {}  # by the passage's text
        texts: dict[str, str] = {}  # by the lead
        counts: dict[str, int] = {}
        for name, files in POOLS.items():
            path = next(filter(None, (optional_file(data, file) for file in files)), None)
            before = len(leads)
            for paragraph in read_paragraphs(path) if path else ():
                leads.setdefault(paragraph.text, paragraph.lead)
                texts[paragraph.lead] = paragraph.text
            if len(leads) > before:
                counts[name] = len(leads) - before
        items = load_task("korquad").load(data).items
        numbers = {text: number for number, text in enumerate(leads)}
        gold = [numbers[texts[item.lead]] for item in items]
        return cls(items, list(leads), list(leads.values()), gold, counts)

    @cached_property
    def found(self) -> list[int | None]:
        """Returns the number of the best passage of each question by bigrams; None where none fits."""
        index = Index.build(self.texts)
        hits = [index.search(question_of(item), 1) for item in self.items]
        return [some[0].index if some else None for some in hits]

    @cached_property
    def wrong(self) -> list[int]:
        """Returns the number of another passage for each question, one without its answer, drawn with a fixed seed."""
        drawn = []
        for item, gold in zip(self.items, self.gold, strict=True):
            order = generator(0, "open_qa", item.id).permutation(len(self.texts)).tolist()
            others = (n for n in order if n != gold and not _holds(self.texts[n], item.answers))
            drawn.append(next(others, gold))
        return drawn

    def numbers(self, passage: str) -> Sequence[int | None]:
        """Returns the number of the passage above each question: found, right, wrong, or None."""
        nothing: list[int | None] = [None] * len(self.items)
        kinds = {"retrieved": lambda: self.found, "gold": lambda: self.gold}
        kinds |= {"wrong": lambda: self.wrong, "none": lambda: nothing}
        return kinds[passage]()

    def with_passage(self, passage: str) -> list[Item]:
        """Returns the questions under the passage that was found, the right one, a wrong one, or none."""
        return [
            dataclasses.replace(item, lead="" if number is None else self.leads[number])
            for item, number in zip(self.items, self.numbers(passage), strict=True)
        ]


def _holds(text: str, answers: Sequence[str]) -> bool:
    return any(answer in text for answer in answers)


def question_of(item: Item) -> str:
    """Returns the question of an item as it was asked."""
    return item.text.removeprefix("질문: ").removesuffix("\n\n답:")


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
    return [{"metric": name, **_score(values), **about} for name, values in figures.items()]


def _score(values: np.ndarray) -> dict[str, float]:
    statistics = np.stack([values.astype(np.float64), np.ones(len(values))], axis=1)
    found = interval([statistics], lambda total: 100 * float(total[0] / total[1]))
    return dataclasses.asdict(found)


def answer_rows(asked: OpenQuestions, passage: str, run: TableRun) -> list[Row]:
    """Returns how good a model's answers are under the retrieved passage, the gold one, a wrong one, or none.

    Exact match and F1 of all answers; F1 of the surest ones, by the log-probability of the answer; and how often the
    sentence that question and answer find in the passage holds an accepted answer, beside the question alone. The
    questions are the same for all kinds: those whose prompts fit the model's context with every passage.

    Args:
        asked: questions and passages.
        passage: one of `PASSAGES`.
        run: with the model, the limit and the seed.

    Raises:
        ClovaError: no question fits.
    """
    options, task = run.options, load_task("korquad")
    key = f"{run.model_name}: questions that fit"
    if key not in run.found:
        run.found[key] = _fitting(asked, run.model)
    fits = run.found[key]
    kept = [item for item, fit in zip(asked.with_passage(passage), fits, strict=True) if fit]
    # Drawn under one name, so that all kinds have the same questions.
    drawn = draw_items(TaskData(kept, ()), task, options.limit, options.seed)
    data = TaskData(drawn, ())
    task = dataclasses.replace(
        task, name=f"korquad_{passage}", load=lambda _: data, own_examples=False, notes=()
    )
    arguments = {"shots": 0, "trials": 1, "seed": options.seed, "out": run.out, "stop": run.stop}
    rows = measure(run.model, task, run.data, name=run.model_name, **arguments)
    kept_columns = ("metric", "value", "low", "high", "baseline")
    found = [{name: row[name] for name in kept_columns} for row in rows]
    found += _by_coverage(answers := _answers(run, task.name))
    if passage != "none":
        texts = dict(zip(asked.leads, asked.texts, strict=True))
        found.append(_evidence([texts.get(item.lead, "") for item in drawn], drawn, answers))
    about = {"model": run.model_name, "measure": "answers", "by": passage}
    left_out = {"questions": len(drawn), "left out": len(fits) - sum(fits)}
    return [about | row | left_out for row in found]


def _answers(run: TableRun, task: str) -> list[dict[str, Any]]:
    """Reads back the answers of a task: `prediction`, `answers`, and the `logprob` of the prediction."""
    path = run.out / "predictions.jsonl"
    return [
        row | fields(row, f"{path}:{number}", {"logprob": float})
        for number, row in read_jsonl(path)
        if (row["model"], row["task"]) == (run.model_name, task)
    ]


def _by_coverage(answers: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Yields F1 of the surest answers, where a model that is less sure is silent."""
    surest = sorted(answers, key=lambda row: -row["logprob"])
    for percent in COVERAGES:
        said = surest[: max(1, round(len(surest) * percent / 100))]
        predictions = [Prediction(row["prediction"], tuple(row["answers"])) for row in said]
        scores = character_f1.statistics(predictions)
        score = dataclasses.asdict(interval([scores], character_f1.finish))
        yield {"metric": f"f1 of the surest {percent}%"} | score


def _evidence(
    texts: Sequence[str], items: Sequence[Item], answers: Sequence[dict[str, Any]]
) -> Row:
    """Returns how often the sentence that fits question and answer best holds an accepted answer, in per cent."""
    with_answer, alone = [], []
    for text, item, answer in zip(texts, items, answers, strict=True):
        index = Index.build(_sentences(text)) if text else None
        for found, query in ((with_answer, answer["prediction"]), (alone, "")):
            hits = index.search(f"{question_of(item)} {query}", 1) if index else []
            found.append(bool(hits) and _holds(hits[0].passage.text, item.answers))
    return {"metric": "evidence", **_score(np.array(with_answer))} | {
        "baseline": 100 * float(np.mean(alone))
    }


def _sentences(text: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.!?])\s+|\n+", text) if one.strip()]


def _fitting(asked: OpenQuestions, model: Any) -> list[bool]:
    """Tells of each question whether its prompts fit the context, the answer included."""
    task = load_task("korquad")
    room = model.config.max_length - task.max_new_tokens
    fits = [True] * len(asked.items)
    for passage in PASSAGES:
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
