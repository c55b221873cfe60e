"""Gives what a model that reads or expands is measured against: a sentence of the passage, the nearest training answer."""

import re
from collections.abc import Sequence

from clova_jax.apps.answers.expansion import Expanded
from clova_jax.retrieve import Index

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


def sentences(text: str) -> list[str]:
    """Returns the sentences of a text."""
    return [one for one in _SENTENCE.split(text) if one.strip()]


def proving_sentence(text: str, question: str, answer: str = "") -> str:
    """Returns the sentence of a passage that fits question and answer best; empty where none has a letter pair of them."""
    parts = sentences(text)
    hits = Index.build(parts).search(f"{question} {answer}", 1) if parts else []
    return hits[0].passage.text if hits else ""


def copied(asked: Sequence[Expanded]) -> list[str]:
    """Returns the first sentence of each input; of a question with a passage, the passage's."""
    return [sentences(one.values.get("본문", one.values["input"]))[0] for one in asked]


def nearest(train: Sequence[Expanded], asked: Sequence[Expanded]) -> list[str]:
    """Returns the answer of the training row with the most similar input, its names replaced by those that are asked about.

    Args:
        train, asked: of one kind.
    """
    if not train:
        return [""] * len(asked)
    index = Index.build([_nameless(one) for one in train])
    found = []
    for one in asked:
        hits = index.search(_nameless(one), 1)
        chosen = train[hits[0].index if hits else 0]
        text = chosen.answers[0]
        for old, new in zip(chosen.titles, one.titles, strict=True):
            text = text.replace(old, new)
        found.append(text)
    return found


def _nameless(one: Expanded) -> str:
    text = " ".join(one.values.values())
    for title in one.titles:
        text = text.replace(title, "")
    return text
