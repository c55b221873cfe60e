"""Scores a tuned model: label likelihoods or text, and its loss on the development split."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from clova_jax.evaluate import Item, Task
from clova_jax.inference import Model, complete, score_choices, score_ids
from clova_jax.tuning.examples import Example

TEXTS_AT_ONCE = 256  # between two movements of the progress bar


def label_logprobs(
    view: Model,
    task: Task,
    before: Sequence[int],
    contexts: Sequence[Sequence[int]],
    advance: Callable[[int], Any] | None = None,
) -> np.ndarray:
    """Returns float64[n, labels]: log p of every label's tokens after each context."""
    choices = [view.tokenizer.encode(choice) for choice in task.choices()]
    return np.stack(score_choices(view, before, contexts, [choices] * len(contexts), advance))


def dev_figures(
    view: Model,
    task: Task,
    before: Sequence[int],
    items: Sequence[Item],
    examples: Sequence[Example],
) -> dict[str, float]:
    """Returns `dev_loss`, and for labels `dev_accuracy` in percent.

    The loss of labels is -log of the right one's share among them (it rises and falls with what is predicted);
    that of texts is nats per token.
    """
    contexts, targets = [e.context for e in examples], [e.target for e in examples]
    if task.labels:
        names = list(task.labels)
        gold = np.array([names.index(item.answers[0]) for item in items])
        return label_figures(label_logprobs(view, task, before, contexts), gold)
    total = score_ids(view, contexts, targets, prefix_ids=before)[0].sum()
    return {"dev_loss": float(-total / sum(map(len, targets)))}


def label_figures(scores: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Returns `dev_loss` and `dev_accuracy` from log-probabilities [n, labels] and the right columns [n]."""
    highest = scores.max(axis=1, keepdims=True)
    shares = scores - highest - np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return {
        "dev_loss": float(-shares[np.arange(len(gold)), gold].mean()),
        "dev_accuracy": 100 * float((scores.argmax(axis=1) == gold).mean()),
    }


def predictions(
    view: Model,
    task: Task,
    before: Sequence[int],
    items: Sequence[Item],
    contexts: Sequence[Sequence[int]],
    advance: Callable[[int], Any],
) -> list[dict[str, Any]]:
    """Answers every item: rows of `id, prediction, answers`, with `logprobs` for labels.

    Texts are written greedily, up to a line break.
    """
    if task.labels:
        names = list(task.labels)
        scores = label_logprobs(view, task, before, contexts, advance)
        found: list[dict[str, Any]] = [
            {
                "prediction": names[int(row.argmax())],
                "logprobs": [round(float(x), 6) for x in row],
            }
            for row in scores
        ]
    else:
        texts = [""] * len(items)
        order = sorted(range(len(items)), key=lambda i: len(contexts[i]))
        for at in range(0, len(order), TEXTS_AT_ONCE):
            part = order[at : at + TEXTS_AT_ONCE]
            written = complete(
                view,
                [contexts[i] for i in part],
                prefix_ids=before,
                max_new_tokens=task.max_new_tokens,
                temperature=0.0,
                stop=("\n",),
                seed=0,
            )
            for i, completion in zip(part, written, strict=True):
                texts[i] = unicodedata.normalize("NFC", completion.text.strip())
            advance(len(part))
        found = [{"prediction": text} for text in texts]
    return [
        {"id": item.id, **row, "answers": list(item.answers)}
        for item, row in zip(items, found, strict=True)
    ]
