"""Computes the rows of BERT beside GPT: of equal size, pre-trained on the same rows of text, fine-tuned on the same examples."""

import dataclasses
import math
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from clova_jax import lecture
from clova_jax.config import ModelConfig
from clova_jax.data import TokenStore, serialize
from clova_jax.evaluate import (
    Comparison,
    Prediction,
    Records,
    Task,
    TaskData,
    load_task,
)
from clova_jax.language_model import LanguageModel
from clova_jax.model import Params, init_params
from clova_jax.tables.claims import judged
from clova_jax.tables.figures import draw_bars, draw_baseline, legend, panels
from clova_jax.tables.made import make_tokenizer, prepare
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tuned import Answers, SeedRun, TunedCell, label_of, tuned_row
from clova_jax.tokenizers import load_tokenizer
from clova_jax.tuning import FineTuningConfig, Tuned, TuneOptions

HELD_OUT = 4_000  # tokens of each source that a pre-training is validated on
COUNTED = 200  # steps whose tokens are counted, for their frequencies
VALIDATIONS = 8  # of a training
METHODS = {
    "bert": "a head on BERT's vector of the first token",
    "gpt": "a head on the decoder's vector of the last token",
    "gpt_words": "no head: the decoder predicts the label's word, as in Table 4",
}
STARTS = ("pretrained", "untrained")


class EncoderStudy:
    """Holds the text, its tokens, and the models, each pre-trained when first asked for.

    Args:
        options: of `experiments.encoders`.
    """

    def __init__(self, options: Any) -> None:
        self.options = options
        self.data, corpus = prepare(options)
        make_tokenizer(corpus, options.out / "tokenizer", options.vocab_size)
        self.tokenizer = load_tokenizer(options.out / "tokenizer")
        serialize(corpus, self.tokenizer, options.out / "tokens")
        self.store = TokenStore.open(options.out / "tokens")
        sizes = options.layers, options.width, options.heads
        decoder = ModelConfig(*sizes, self.tokenizer.vocab_size, options.length)
        self.configs = {"gpt": decoder, "bert": lecture.bert_like(decoder)}
        # Of pre-trainings, in nats a predicted token of held-out text.
        self.losses: dict[str, float] = {}
        self._made: dict[tuple[str, str], lecture.Pretrained] = {}

    def model(self, kind: str, start: str) -> lecture.Pretrained:
        """Returns a model.

        Args:
            kind: bert or gpt.
            start: pretrained, or untrained: as it was before.
        """
        if (kind, start) not in self._made:
            params = init_params(self.configs[kind], self.options.seed)
            if start == "pretrained":
                tuned = self._pretrain(kind, params)
                params = jax.tree.map(jnp.asarray, tuned.trainable)
                self.losses[kind] = tuned.best_loss
            made = lecture.Pretrained(self.configs[kind], params, self.tokenizer)
            self._made[kind, start] = made
        return self._made[kind, start]

    @property
    def steps(self) -> int:
        """Returns the steps of a pre-training."""
        return -(-self.options.tokens // (self.options.global_batch * self.options.length))

    def frequency_loss(self) -> float:
        """Returns what the frequencies of tokens alone are worth, in nats a token of held-out text."""
        learned, dev = self._texts("gpt")
        some = (learned[step] for step in range(min(COUNTED, self.steps)))
        return lecture.frequency_loss(some, dev, self.tokenizer.vocab_size)

    def _texts(self, kind: str) -> tuple[lecture.Texts, list[dict[str, Any]]]:
        """Returns what a model learns from, and what it is validated on."""
        options = self.options
        sizes = self.store, self.configs[kind], options.length, options.global_batch
        return lecture.Texts(*sizes, options.seed), lecture.held_out(*sizes, HELD_OUT)

    def _pretrain(self, kind: str, start: Params) -> Tuned:
        options, steps = self.options, self.steps
        return lecture.fit(
            lecture.text_loss,
            self.configs[kind],
            start,
            *self._texts(kind),
            TuneOptions(
                steps=steps,
                batch_size=options.global_batch,
                learning_rate=options.bert_rate if kind == "bert" else options.learning_rate,
                weight_decay=0.1,
                evaluate_every=max(1, steps // VALIDATIONS),
                patience=VALIDATIONS,
                seed=options.seed,
            ),
            out=options.out / "pretraining" / kind,
            identity={"tokenizer": self.tokenizer.fingerprint, "data": str(self.data)},
            label=f"pre-training {kind}",
        )


@dataclass(frozen=True)
class HeadConfig:
    """Names what is fine-tuned with a head.

    Args:
        kind: bert or gpt.
        weights: fingerprint of where it begins.
    """

    kind: str
    weights: str


@dataclass(frozen=True)
class EncoderCell:
    """Trains and tests one method on one task, once a seed.

    Args:
        study: the models.
        task: nsmc or ynat.
        loaded: its items and pool.
        method: of `METHODS`.
        start: pretrained or untrained.
    """

    study: EncoderStudy
    task: Task
    loaded: TaskData
    method: str
    start: str

    @property
    def examples(self) -> int:
        """Returns how many labelled examples are drawn."""
        asked = self.study.options.examples
        return min(asked, len(self.loaded.pool)) if asked else len(self.loaded.pool)

    @cached_property
    def _model(self) -> lecture.Pretrained:
        return self.study.model("bert" if self.method == "bert" else "gpt", self.start)

    def _cell(self) -> TunedCell:
        options = self.study.options
        how = TuneOptions(
            steps=options.steps,
            batch_size=options.batch_size,
            learning_rate=options.tune_rate,
            evaluate_every=max(1, options.steps // VALIDATIONS),
            patience=3,
        )
        if self.method == "gpt_words":
            return TunedCell(self.method, "", FineTuningConfig(), how, self.examples)
        config = HeadConfig(self.method, self._model.fingerprint)
        return TunedCell(self.method, "", config, how, self.examples, run=self._fine_tune)

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns one row; finished seeds are read back, an unfinished one is resumed."""
        options, model = run.options, self._model
        cell = self._cell()
        given: Any = model
        if self.method == "gpt_words":
            given = LanguageModel(model.config, model.params, model.tokenizer)
        row = tuned_row(
            given,
            self.task,
            self.loaded,
            cell,
            name=self.start,
            seeds=options.seeds,
            limit=options.limit,
            seed=options.seed,
            out=run.out,
            stop=run.stop,
        )
        self._compare(run, label_of(self.start, cell, self.examples))
        kind, _, words = self.method.partition("_")
        named = {"model": kind, "method": words or "head", "start": self.start}
        return [row | named | {"contender": self.method}]

    def _compare(self, run: TableRun, label: str) -> None:
        """Leaves the answers of each seed for the notes."""
        metric, records = self.task.metrics[0], Records(run.out)
        fresh = Comparison(metric.finish, seed=run.options.seed)
        found = run.found.setdefault("comparisons", {}).setdefault(self.task.name, fresh)
        for trial in range(run.options.seeds):
            _, rows = records.find((label, self.task.name, 0, trial), {})
            given = [Prediction(row["prediction"], tuple(row["answers"])) for row in rows]
            ids = [row["id"] for row in rows]
            found.add(f"{self.start} {self.method}", ids, metric.statistics(given))

    def _fine_tune(self, run: SeedRun) -> Answers:
        """Fine-tunes a head and what is below it, and answers the items."""
        begin, model, task = time.perf_counter(), run.model, run.task
        how = dataclasses.replace(run.cell.options, seed=run.seed)
        classifier, tuned = lecture.train_classifier(
            model, task, run.draw(), how, out=run.folder, stop=run.stop, label=run.label
        )
        summary = {
            "trained": model.config.num_params + (model.config.embed_dim + 1) * len(task.labels),
            "best_step": tuned.best_step,
            "notes": [],
            "seconds": round(time.perf_counter() - begin, 3),
        }
        return summary, classifier.answer(run.items)


def encoder_cells(run: TableRun) -> list[EncoderCell]:
    """Returns a cell for each task, method and start; the words of labels need a pre-trained decoder."""
    study = run.found["study"] = EncoderStudy(run.options)
    found = []
    for name in run.options.tasks:
        task = load_task(name)
        loaded = task.load(study.data)
        for start in STARTS:
            for method in run.options.methods:
                if (method, start) != ("gpt_words", "untrained"):
                    found.append(EncoderCell(study, task, loaded, method, start))
    return found


def encoder_notes(run: TableRun) -> list[str]:
    """Returns what the models are, and what the claims came to."""
    study, options = run.found["study"], run.options
    notes = [
        "value, low, high: percent with a 95% interval (bootstrap over items, and Student's t over seeds); baseline: "
        "majority class or constant answer",
        *(f"{name}: {about}" for name, about in METHODS.items() if name in options.methods),
        f"pre-training: {study.steps:,} steps of {options.global_batch} rows of {options.length} tokens, the same rows for "
        f"both; the frequencies of tokens alone are worth {study.frequency_loss():.3f} nats a token of held-out text",
    ]
    for kind in ("bert", "gpt"):
        params = study.model(kind, "pretrained").config.num_params
        notes.append(
            f"{kind}: {params:,} parameters, {study.losses[kind]:.3f} nats a "
            f"{'masked' if kind == 'bert' else 'next'} token of held-out text"
        )
    for task, comparison in run.found["comparisons"].items():
        pairs = [("bert", "gpt"), ("bert", "gpt_words")]
        claims = [(f"{a} above {b}", f"pretrained {a}", f"pretrained {b}") for a, b in pairs]
        claims += [
            (f"{one}: pre-training helps", f"pretrained {one}", f"untrained {one}")
            for one in ("bert", "gpt")
        ]
        for claim, first, second in claims:
            if {first, second} <= set(comparison.names):
                found = comparison.difference(first, second)
                notes.append(judged(f"{task}, {claim}", found))
    return notes


def draw_encoders(run: TableRun, path: Path) -> None:
    """Draws a panel a task: a group a start, a bar a method."""
    with panels(path, len(run.options.tasks), size=(5, 4)) as grid:
        for axes, task in zip(grid, run.options.tasks, strict=True):
            rows = [row for row in run.rows if row["task"] == task]
            by_place = {(row["contender"], row["start"]): row for row in rows}
            nothing = dict.fromkeys(("value", "low", "high"), math.nan)  # no bar
            series = {
                method: [by_place.get((method, start), nothing) for start in STARTS]
                for method in run.options.methods
            }
            draw_bars(axes, list(STARTS), series)
            draw_baseline(axes, rows)
            axes.set(ylim=(0, 100), ylabel=f"{rows[0]['metric']}, %", title=task)
            legend(axes, 2)
