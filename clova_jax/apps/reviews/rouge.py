"""Measures how much of a sentence's words stand in another text: ROUGE (rouge-score) over morphemes.

The package's own tokenizer keeps Latin letters and digits alone, so that every Korean text scores 0 with it.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float64

from clova_jax.retrieve import FEATURES

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer


class MorphemeTokenizer:
    """Cuts texts into morphemes with a letter or digit, as Kiwi sees them; what rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        """Returns the morphemes of a text, letters of any case as one."""
        return _morphemes(text)


@functools.lru_cache(maxsize=20_000)  # a premise is compared with many sentences
def _morphemes(text: str) -> list[str]:
    return next(FEATURES["morphemes"]([text]))


@functools.cache
def scorer() -> "RougeScorer":
    """Returns rouge-score's scorer with our tokenizer."""
    from rouge_score.rouge_scorer import RougeScorer  # here: it brings NLTK, which takes a second

    return RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=MorphemeTokenizer())


class Rouge:
    """Scores sentences by the words that they share with their premises.

    Args:
        kind: of single words, of pairs, or of the longest common sequence.
        part: `precision` is the share of the sentence's words that the premise has, which is what faithfulness asks for
            (a short sentence can be true to a long text), `recall` that of the premise's, `fmeasure` their harmonic mean.
    """

    def __init__(
        self,
        kind: Literal["rouge1", "rouge2", "rougeL"] = "rouge1",
        part: Literal["precision", "recall", "fmeasure"] = "precision",
    ) -> None:
        self.kind, self.part = kind, part

    def scores(self, premises: Sequence[str], sentences: Sequence[str]) -> Float64[np.ndarray, "n"]:
        """Returns the score of each sentence under its premise, 0 to 1."""
        found = [
            getattr(scorer().score(premise, sentence)[self.kind], self.part)
            for premise, sentence in zip(premises, sentences, strict=True)
        ]
        return np.array(found, np.float64)
