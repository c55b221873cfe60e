"""Gives what a model that writes is measured against: names alone, and examples with words swapped or left out."""

from collections.abc import Sequence

import numpy as np


def nearest_name(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Returns for each text the name that shares most character bigrams with it (Dice); of equals the first.

    Spaces do not count.
    """
    grams = [_bigrams(name) for name in names]
    found = []
    for text in texts:
        own = _bigrams(text)
        scores = [len(own & other) / max(1, len(own) + len(other)) for other in grams]
        found.append(names[int(np.argmax(scores))])
    return found


def _bigrams(text: str) -> set[str]:
    text = "".join(text.split())
    return {text[at : at + 2] for at in range(len(text) - 1)}


def eda(texts: Sequence[str], count: int, random: np.random.Generator) -> list[str]:
    """Makes texts of others with two words swapped or one left out (Wei and Zou 2019), texts in turn.

    A text of one word stays as it is: nothing else can be made of it.

    Args:
        texts: the originals.
        count: texts wanted; none without an original.
        random: draws operations and words.
    """
    made = []
    for number in range(count if texts else 0):
        words = texts[number % len(texts)].split()
        if len(words) > 1 and random.random() < 0.5:
            first, second = random.choice(len(words), 2, replace=False)
            words[first], words[second] = words[second], words[first]
        elif len(words) > 1:
            del words[random.integers(len(words))]
        made.append(" ".join(words))
    return made
