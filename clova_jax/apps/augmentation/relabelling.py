"""Keeps the lines that a model gives to the intent they were written for."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from clova_jax.apps.augmentation.lines import Line
from clova_jax.apps.augmentation.prompts import ListPrompt
from clova_jax.inference import Model, score_ids


def relabelled(
    model: Model,
    prompt: ListPrompt,
    asked: Mapping[str, Sequence[str]],
    lines: Mapping[str, Sequence[Line]],
) -> dict[str, list[Line]]:
    """Refuses lines that the model would rather write under another of the names, all names being as likely before.

    Args:
        model: the writer.
        prompt: the sources.
        asked: names with the utterances that stand under each, as they were written after.
        lines: of each name; those that are refused already stay so.

    Returns:
        The lines, accepted where log p(text | own name) is the greatest; else with the reason `other intent`.
    """
    kept = [(name, line) for name, some in lines.items() for line in some if line.accepted]
    if not kept:
        return {name: list(some) for name, some in lines.items()}
    owns = [prompt.own(name, texts) for name, texts in asked.items()]
    prefix, rows = prompt.encode(model.tokenizer, owns)
    texts = model.tokenizer.encode_batch([f" {line.text}" for _, line in kept])
    # A name is prefilled once, with the sources; then only the lines differ.
    scores = np.stack([score_ids(model, [[]] * len(texts), texts, prefix + own)[0] for own in rows])
    best = [list(asked)[number] for number in scores.argmax(axis=0)]
    own = {
        (name, line.text): name == winner for (name, line), winner in zip(kept, best, strict=True)
    }
    return {
        name: [
            line
            if own.get((name, line.text), True) or not line.accepted
            else dataclasses.replace(line, accepted=False, reason="other intent")
            for line in some
        ]
        for name, some in lines.items()
    }
