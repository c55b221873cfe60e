"""Computes the rows of mixed texts: a classifier on what a model wrote between examples, and on what its rivals give."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clova_jax.apps import augmentation
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Prediction, Records, do_nothing, generator, interval
from clova_jax.model import read_about
from clova_jax.tables.mixes import Labelled, MixDraw, MixDraws
from clova_jax.tables.table import Row, TableRun

METHODS = ("none", "eda", "hard", "soft", "real")
TEXTS = ("augmented.jsonl", "written.jsonl")  # rows, and what is finished
ANSWERS = ("predictions.jsonl", "trials.jsonl")
ROUND = 128  # texts that are written before a stop request is noticed
Weighted = list[tuple[str, Mapping[str, float]]]  # a text, and how much each label counts


@dataclass(frozen=True)
class Mixed:
    """Has a model write between the examples of every draw, and trains classifiers with and without what it wrote.

    Args:
        draws: of a task.
        n: examples a class.
        k: texts a class that are wanted; four times as many are tried at most.
    """

    draws: MixDraws
    n: int
    k: int

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row for each method, `none` with the first model alone; texts and answers are read back."""
        first = run.model_name in run.inputs.names[:1]
        written = [self._texts(run, draw) for draw in self.draws]
        methods = METHODS if first else METHODS[1:]
        return [self._row(run, method, written) for method in methods]

    def _settings(self, run: TableRun) -> dict[str, Any]:
        """Returns what must not change when texts and answers are read back."""
        options = run.options
        about = {"seed": options.seed, "limit": options.limit, "data": self.draws.digest}
        return about | {"form": self.draws.form, "k": self.k}

    def _texts(self, run: TableRun, draw: MixDraw) -> list[Row]:
        """Returns the texts of a draw, refused ones among them."""
        records = _records(run, *TEXTS)
        key = (run.model_name, self.draws.task.name, self.n, draw.number)
        settings = self._settings(run) | {"weights": run.model.fingerprint}
        if records.find(key, settings) is None:
            rows = [
                {
                    "task": self.draws.task.name,
                    "text": one.text,
                    "soft": one.soft,
                    "accepted": not one.reason,
                    "reason": one.reason,
                    "prompt": one.prompt,
                }
                for one in self._write(run, draw)
            ]
            records.add(key, settings, {}, rows)
        return records.find(key, settings)[1]

    def _write(self, run: TableRun, draw: MixDraw) -> Iterator[augmentation.MixedText]:
        """Yields texts until as many as are wanted are accepted, or four times as many were tried."""
        texts, labels = zip(*draw.examples(self.n), strict=True)
        wanted = self.k * len(draw.order)
        tried = accepted = 0
        name = f"{self.draws.task.name}, n={self.n}, draw {draw.number + 1}/{self.draws.count}"
        seeds = generator(run.options.seed, "mix", self.draws.task.name, self.n, draw.number)
        with progress(total=wanted, desc=name, unit="text") as bar:
            while accepted < wanted and tried < augmentation.TRIES * wanted:
                if run.stop.requested:
                    raise Stopped(run.stop.requested)
                share = max(accepted / tried if tried else 1.0, 1 / augmentation.TRIES)
                left = augmentation.TRIES * wanted - tried
                found = augmentation.augment(
                    run.model,
                    texts,
                    labels,
                    count=min(math.ceil((wanted - accepted) / share), left, ROUND),
                    seed=int(seeds.integers(2**31)),
                    prompt=self.draws.prompt,
                )
                for one in found:
                    if accepted < wanted:
                        tried, accepted = tried + 1, accepted + (not one.reason)
                        bar.update(not one.reason)
                        yield one

    def _row(self, run: TableRun, method: str, written: Sequence[Sequence[Row]]) -> Row:
        """Returns the row of a method: the mean over draws with its interval over draws and items."""
        task, model = self.draws.task, "" if method == "none" else run.model_name
        accepted = [[row for row in rows if row["accepted"]] for rows in written]
        pairs = zip(self.draws, accepted, strict=True)
        added = [self._added(run, method, draw, rows) for draw, rows in pairs]
        found = [
            self._statistics(run, model, method, draw, more)
            for draw, more in zip(self.draws, added, strict=True)
        ]
        run.found.setdefault("mixes", {})[model, task.name, method, self.n] = found
        metric = task.metrics[0]
        score = interval(found, metric.finish, seed=run.options.seed)
        per_draw = [metric.finish(rows.sum(axis=0)) for rows in found]
        row = {"model": model, "task": task.name, "metric": metric.name, **asdict(score)}
        row["baseline"] = max(map(metric, do_nothing(task, self.draws.items)))
        row |= {"method": method, "n": self.n, "k": self.k if method != "none" else 0}
        row["std"] = float(np.std(per_draw, ddof=1)) if len(per_draw) > 1 else None
        row |= {"draws": len(per_draw), "accepted": sum(map(len, added)), "tried": None}
        row["per_draw"] = [round(value, 4) for value in per_draw]
        if method in ("hard", "soft"):
            row["tried"] = sum(map(len, written))
            texts = [text for rows in written for text in rows]
            row["refused"] = dict(Counter(text["reason"] for text in texts if text["reason"]))
            row["long_prompts"] = _long(run, [text["prompt"] for text in texts])
        return row

    def _added(self, run: TableRun, method: str, draw: MixDraw, written: Sequence[Row]) -> Weighted:
        """Returns what a method adds to a draw's examples, as many texts as were accepted."""
        soft = [(row["text"], row["soft"]) for row in written]
        if method == "soft":
            return soft
        if method == "hard":
            return [(text, {max(labels, key=labels.get): 1.0}) for text, labels in soft]
        if method == "real":
            return _hard(draw.further(self.n, len(written)))
        if method == "eda":
            return _hard(self._swapped(run, draw, len(written)))
        return []

    def _swapped(self, run: TableRun, draw: MixDraw, count: int) -> Labelled:
        """Returns variants of the examples, labels in turn."""
        random = generator(run.options.seed, "eda", self.draws.task.name, draw.number, self.n)
        each = -(-count // len(draw.order))
        made = {
            label: augmentation.eda(texts[: self.n], each, random)
            for label, texts in draw.order.items()
        }
        return [(texts[i], label) for i in range(each) for label, texts in made.items()][:count]

    def _statistics(
        self, run: TableRun, model: str, method: str, draw: MixDraw, added: Weighted
    ) -> np.ndarray:
        """Returns float64[items, s], the statistics of the task's first metric; answers are read back."""
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        records, items = _records(run, *ANSWERS), self.draws.items
        key = (f"{model} {method}".strip(), self.draws.task.name, self.n, draw.number)
        settings = self._settings(run)
        if method != "none":
            settings["weights"] = run.model.fingerprint
        if records.find(key, settings) is None:
            learned = [*_hard(draw.examples(self.n)), *added]
            answers = _classify(learned, draw.dev(self.n), [item.text for item in items])
            named = zip(items, answers, strict=True)
            rows = [
                {"id": item.id, "prediction": given, "answers": list(item.answers)}
                for item, given in named
            ]
            records.add(key, settings, {}, rows)
        rows = records.find(key, settings)[1]
        predictions = [Prediction(row["prediction"], tuple(row["answers"])) for row in rows]
        return self.draws.task.metrics[0].statistics(predictions)


def _records(run: TableRun, rows: str, marks: str) -> Records:
    """Returns records of the result folder, opened once."""
    if rows not in run.found:
        run.found[rows] = Records(run.out, rows, marks)
    return run.found[rows]


def _long(run: TableRun, prompts: Sequence[str]) -> int | None:
    """Counts the prompts that are longer than the sequences the model was trained on; None where that is not known."""
    folder = dict(zip(run.inputs.names, run.inputs.models, strict=True))[run.model_name]
    length = read_about(folder).get("run", {}).get("length")
    if length is None:
        return None
    return sum(len(ids) > length for ids in run.model.tokenizer.encode_batch(list(prompts)))


def _hard(examples: Labelled) -> Weighted:
    return [(text, {label: 1.0}) for text, label in examples]


def _classify(learned: Weighted, dev: Labelled, texts: Sequence[str]) -> list[str]:
    """Returns the labels that a classifier gives."""
    rows = [(text, label, weight) for text, labels in learned for label, weight in labels.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    dev_columns = [list(column) for column in zip(*dev, strict=True)]
    return augmentation.LinearClassifier(*columns, *dev_columns).predict(texts)
