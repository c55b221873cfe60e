"""Classifies texts with a language model that is fine-tuned on labelled ones, real or written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.evaluate import Item, Task, TaskData, metrics
from clova_jax.inference import Model
from clova_jax.tuning import TuneOptions, find_method, tune


class EncoderClassifier:
    """Predicts labels by their likelihood after a text, all parameters of a copy of the model tuned for it.

    Args:
        model: to begin with; not changed.
        texts, labels: to learn from.
        dev_texts, dev_labels: those by which the best step is chosen; a fifth of the texts where there are none.
        names: all labels, two or more.
        steps: updates, at most.
        seed: of the order of the examples.
        out: a folder that the run is kept in, and resumed from.
        **options: more of `tune`.
    """

    def __init__(
        self,
        model: Model,
        texts: Sequence[str],
        labels: Sequence[str],
        dev_texts: Sequence[str] = (),
        dev_labels: Sequence[str] = (),
        *,
        names: Sequence[str],
        steps: int = 200,
        seed: int = 0,
        out: Path | None = None,
        **options: Any,
    ) -> None:
        self.task = Task(
            name="intents",
            files=(),
            load=lambda folder: TaskData((), ()),
            shots=0,
            trials=1,
            metrics=(metrics.accuracy,),
            source="our wording",
            labels={name: name for name in names},
        )
        method = find_method("fine_tuning")
        self.tuned = tune(
            model,
            self.task,
            _items(texts, labels),
            method.usual(self.task, ""),
            TuneOptions(steps=steps, learning_rate=method.learning_rate, seed=seed),
            dev=_items(dev_texts, dev_labels) or None,
            out=out,
            **options,
        )

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Returns the likeliest label of each text."""
        rows, _ = self.tuned.answer(
            self.task, _items(texts, [next(iter(self.task.labels))] * len(texts))
        )
        return [row["prediction"] for row in rows]


def _items(texts: Sequence[str], labels: Sequence[str]) -> list[Item]:
    pairs = enumerate(zip(texts, labels, strict=True))
    return [
        Item(str(number), f"text {number}", f"발화: {text}\n의도:", (label,))
        for number, (text, label) in pairs
    ]
