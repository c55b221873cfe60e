"""Computes the rows of Table 7: a classifier on what a model wrote, and on what its rivals give, draw by draw."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import augmentation
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Records, generator, interval
from clova_jax.language_model import LanguageModel
from clova_jax.tables.intents import Draw, IntentDraws, Labelled, validation_count
from clova_jax.tables.table import Row, TableRun

TEXTS = ("augmented.jsonl", "written.jsonl")  # rows, and what is finished
ANSWERS = ("predictions.jsonl", "trials.jsonl")
FOLDS = 5  # of the test utterances, for classifiers trained on the others
Examples = tuple[Labelled, Labelled]  # to learn from, and to choose by


@dataclass(frozen=True)
class IntentRow:
    """Describes one row, and scores it.

    Args:
        draws: the draws that it is a mean over.
        model: its name; empty where none is asked.
        method: adapted, prompt, name, none, eda or real.
        n, k: originals of a class, and further utterances.
        weights: fingerprint of the model that wrote them.
    """

    draws: IntentDraws
    model: str
    method: str
    n: int
    k: int
    weights: str = ""

    def score(self, run: TableRun, answer: Callable[[Draw], list[str]], about: Row) -> Row:
        """Returns the row: the mean accuracy over draws with its interval over draws and utterances.

        Args:
            run: with the options and the result folder; answers are kept there, draw by draw.
            answer: gives the names of a draw's test utterances.
            about: further columns.
        """
        found = [self._statistics(run, draw, answer) for draw in self.draws]
        run.found.setdefault("intents", {})[self.model, self.method, self.n, self.k] = found
        score = interval(found, accuracy, seed=run.options.seed)
        per_draw = [accuracy(rows.sum(axis=0)) for rows in found]
        return {
            "model": self.model,
            "task": "intents",
            "metric": "accuracy",
            **asdict(score),
            "baseline": 100 / len(next(iter(self.draws)).targets),
            "method": self.method,
            "n": self.n,
            "k": self.k,
            "std": float(np.std(per_draw, ddof=1)) if len(per_draw) > 1 else None,
            "draws": len(per_draw),
            **about,
            "per_draw": [round(value, 4) for value in per_draw],
        }

    def _statistics(
        self, run: TableRun, draw: Draw, answer: Callable[[Draw], list[str]]
    ) -> np.ndarray:
        """Returns float64[utterances of all frequent intents, 2]: whether it was right, and whether it was asked."""
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        options, records = run.options, _records(run, *ANSWERS)
        key = (f"{self.model} {self.method}".strip(), f"intents k={self.k}", self.n, draw.number)
        settings = _settings(run, self.draws, self.weights) | {"classifier": options.classifier}
        kept = records.find(key, settings)
        if kept is None:
            named = zip(draw.test, answer(draw), strict=True)
            rows = [
                {"id": utterance.text, "prediction": given, "answers": [name]}
                for (utterance, name), given in named
            ]
            records.add(key, settings, {}, rows)
            kept = {}, rows
        found = np.zeros((len(self.draws.numbers), 2))
        for row in kept[1]:
            right = row["prediction"] in row["answers"]
            found[self.draws.numbers[row["id"]]] = right, 1
        return found


def _records(run: TableRun, rows: str, marks: str) -> Records:
    """Returns records of the result folder, opened once."""
    if rows not in run.found:
        run.found[rows] = Records(run.out, rows, marks)
    return run.found[rows]


def accuracy(total: np.ndarray) -> float:
    """Returns per cent of (right, asked); 0 where nothing was asked."""
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def _settings(run: TableRun, draws: IntentDraws, weights: str) -> dict[str, Any]:
    """Returns what must not change when texts and answers are read back."""
    options = run.options
    return {
        "seed": options.seed,
        "limit": options.limit,
        "data": draws.digest,
        "keep": options.keep,
        "weights": weights,
    }


def classify(run: TableRun, draw: Draw, examples: Examples, texts: Sequence[str]) -> list[str]:
    """Returns the names that a classifier gives, trained on examples; one name for all where they have no other."""
    (train, dev), names = examples, list(draw.targets)
    known = {name for _, name in train}
    if len(known) < 2:
        return [next(iter(known), names[0])] * len(texts)
    columns = [[text for text, _ in train], [name for _, name in train]]
    columns += [[text for text, _ in dev], [name for _, name in dev]]
    if run.options.classifier == "linear":
        return augmentation.LinearClassifier(*columns[:2], None, *columns[2:]).predict(texts)
    encoder = augmentation.EncoderClassifier(
        run.model, *columns, names=names, seed=run.options.seed
    )
    return encoder.predict(texts)


def _answer(run: TableRun, examples: Callable[[Draw], Examples]) -> Callable[[Draw], list[str]]:
    return lambda draw: classify(run, draw, examples(draw), [one.text for one, _ in draw.test])


def tried_for(lines: Sequence[augmentation.Line], count: int) -> Sequence[augmentation.Line]:
    """Returns the lines that `count` accepted ones take, from the first on: four times as many at most."""
    accepted = 0
    for number, line in enumerate(lines[: augmentation.TRIES * count], 1):
        accepted += line.accepted
        if accepted == count:
            return lines[:number]
    return lines[: augmentation.TRIES * count]


@dataclass(frozen=True)
class Written:
    """Has a model write for every draw, and trains classifiers on the originals and the first k utterances.

    Args:
        draws: the draws.
        writer: `adapted` or `prompt`.
        n: originals of a class, which the model sees too.
        ks: utterances a class, a row each.
    """

    draws: IntentDraws
    writer: str
    n: int
    ks: Sequence[int]

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row for each k; written texts and answers are read back."""
        model = writer_model(run, self.writer)
        written = [self._lines(run, model, draw) for draw in self.draws]
        return [self._row(run, model, written, k) for k in self.ks]

    def _lines(
        self, run: TableRun, model: LanguageModel, draw: Draw
    ) -> dict[str, list[augmentation.Line]]:
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        count = max(k + validation_count(k) for k in self.ks)
        records = _records(run, *TEXTS)
        key = (f"{run.model_name} {self.writer}", "intents", self.n, draw.number)
        settings = _settings(run, self.draws, model.fingerprint) | {"count": count}
        if records.find(key, settings) is None:
            asked = draw.asked(self.n)
            label = f"{self.writer}, n={self.n}, draw {draw.number + 1}/{self.draws.count}"
            lines = augmentation.write_lines(
                model,
                draw.prompt,
                asked,
                count=count,
                seed=int(generator(run.options.seed, "write", draw.number, self.n).integers(2**31)),
                stop=run.stop,
                label=label,
            )
            if run.options.keep == "relabelled":
                lines = augmentation.relabelled(model, draw.prompt, asked, lines)
            rows = [
                {"intent": name, **asdict(line), "prompt": prompt_id(draw.number, self.n, name)}
                for name, some in lines.items()
                for line in some
            ]
            records.add(key, settings, {}, rows)
        found: dict[str, list[augmentation.Line]] = {name: [] for name in draw.targets}
        for row in records.find(key, settings)[1]:
            line = augmentation.Line(row["text"], row["accepted"], row["reason"], row["logprob"])
            found[row["intent"]].append(line)
        return found

    def _row(
        self,
        run: TableRun,
        model: LanguageModel,
        written: Sequence[dict[str, list[augmentation.Line]]],
        k: int,
    ) -> Row:
        count = k + validation_count(k)
        tried = [
            {name: tried_for(lines, count) for name, lines in some.items()} for some in written
        ]

        def examples(draw: Draw) -> Examples:
            texts = {
                name: [line.text for line in lines if line.accepted]
                for name, lines in tried[draw.number].items()
            }
            train = [(text, name) for name, some in texts.items() for text in some[:k]]
            dev = [(text, name) for name, some in texts.items() for text in some[k:]]
            return [*draw.examples(self.n), *train], [*draw.dev_examples(self.n), *dev]

        lines = [line for some in tried for few in some.values() for line in few]
        reasons: dict[str, int] = {}
        for line in lines:
            if line.reason:
                reasons[line.reason] = reasons.get(line.reason, 0) + 1
        about = {"accepted": sum(line.accepted for line in lines), "tried": len(lines)}
        row = IntentRow(self.draws, run.model_name, self.writer, self.n, k, model.fingerprint)
        return row.score(run, _answer(run, examples), about | {"refused": reasons})


def prompt_id(draw: int, n: int, name: str) -> str:
    """Returns the key of a prompt in `prompts.jsonl`."""
    return f"{draw}/{n}/{name}"


def writer_model(run: TableRun, writer: str) -> LanguageModel:
    """Returns the model of a writer: the one that is loaded, or what was made of it in `adapted/`."""
    if writer == "prompt":
        return run.model
    key = f"{run.model_name} adapted"
    if key not in run.found:
        run.found[key] = LanguageModel.load(adapted_folder(run.out, run.model_name) / "model")
    return run.found[key]


def adapted_folder(out: Path, name: str) -> Path:
    """Returns where the adaptation of a model is kept."""
    return out / "adapted" / name.replace("/", "_")


@dataclass(frozen=True)
class Rival:
    """Scores a rival, which asks no model; computed once, with the first model.

    Args:
        draws: the draws.
        method: `name` (nearest name), `none` (originals alone), `eda` (words of originals swapped or left out) or
            `real` (true utterances, those beside the tested ones of five folds; fewer where there are fewer).
        n, k: originals of a class, and further utterances.
    """

    draws: IntentDraws
    method: str
    n: int
    k: int

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns one row; answers are read back."""
        if run.model_name not in run.inputs.names[:1]:
            return []
        row = IntentRow(self.draws, "", self.method, self.n, self.k)
        ways = {"name": self._by_name, "real": lambda draw: self._by_folds(run, draw)}
        answer = ways.get(self.method) or _answer(run, lambda draw: self._examples(run, draw))
        return [row.score(run, answer, {"accepted": self._count(run), "tried": None})]

    def _by_name(self, draw: Draw) -> list[str]:
        return augmentation.nearest_name([one.text for one, _ in draw.test], draw.targets)

    def _examples(self, run: TableRun, draw: Draw) -> Examples:
        train = list(draw.examples(self.n))
        if self.method == "eda":
            random = generator(run.options.seed, "eda", draw.number, self.n)
            for name, texts in draw.asked(self.n).items():
                train += [(text, name) for text in augmentation.eda(texts, self.k, random)]
        return train, draw.dev_examples(self.n)

    def _fold(self, draw: Draw, fold: int) -> Labelled:
        """Returns the first k true utterances of each class that are not tested in a fold."""
        others = [(one.text, name) for i, (one, name) in enumerate(draw.test) if i % FOLDS != fold]
        every = [*draw.examples(len(draw.originals[draw.targets[0]])), *others]
        return [
            (text, name)
            for target in draw.targets
            for text, name in [pair for pair in every if pair[1] == target][: self.k]
        ]

    def _by_folds(self, run: TableRun, draw: Draw) -> list[str]:
        answers = [""] * len(draw.test)
        for fold in range(FOLDS):
            examples = self._fold(draw, fold), draw.dev_examples(1)
            texts = [one.text for one, _ in draw.test[fold::FOLDS]]
            answers[fold::FOLDS] = classify(run, draw, examples, texts) if texts else []
        return answers

    def _count(self, run: TableRun) -> int:
        """Counts the utterances that the classifiers of all draws learn from, beside the originals."""
        if self.method == "real":
            return sum(len(self._fold(draw, 0)) for draw in self.draws)
        return sum(len(draw.targets) * self.k for draw in self.draws)
