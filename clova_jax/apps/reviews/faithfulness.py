"""Says how far generated sentences are true to the texts that they were made from: the check for hallucination."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Float64

from clova_jax.common.errors import ClovaError


class Meter(Protocol):
    """Scores sentences under one premise each, higher where a sentence rather follows."""

    def scores(self, premises: Sequence[str], sentences: Sequence[str]) -> Float64[np.ndarray, "n"]:
        """Returns a score a sentence."""


class Faithfulness:
    """Scores sentences under several source texts each, by a meter of one premise.

    Args:
        meter: such as `Entailment` or `Rouge`.
        several: `best` takes the highest score over the source texts, `joined` makes one premise of all of them.
    """

    def __init__(self, meter: Meter, several: Literal["best", "joined"] = "best") -> None:
        self.meter, self.several = meter, several

    def scores(
        self, sources: Sequence[Sequence[str]], sentences: Sequence[str]
    ) -> Float64[np.ndarray, "n"]:
        """Returns the score of each sentence under its source texts; an empty sentence has 0.

        Raises:
            ClovaError: a sentence has no source text.
        """
        texts = [[text for text in some if text.strip()] for some in sources]
        for number, (some, sentence) in enumerate(zip(texts, sentences, strict=True)):
            if not some:
                raise ClovaError(
                    f"sentence {number} ({sentence[:40]!r}): has no source text to be true to; give one or more"
                )
        if self.several == "joined":
            texts = [[" ".join(some)] for some in texts]
        asked = [
            (text, sentence)
            for some, sentence in zip(texts, sentences, strict=True)
            for text in (some if sentence.strip() else ())
        ]
        found = iter(self.meter.scores([a for a, _ in asked], [b for _, b in asked]).tolist())
        return np.array(
            [
                max(next(found) for _ in some) if sentence.strip() else 0.0
                for some, sentence in zip(texts, sentences, strict=True)
            ]
        )
