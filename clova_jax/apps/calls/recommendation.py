"""Recommends what the system says next: orders candidates by a language model, by BM25 or vectors, or by what followed like turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.calls.texts import clean
from clova_jax.inference import Model, score
from clova_jax.retrieve import Index

NEAREST = 10  # like turns whose answers are compared with a candidate
FLOOR = -1e9  # of a candidate that BM25 does not find


@dataclass(frozen=True)
class Question:
    """Holds turns and what may be said next.

    Args:
        id: of it.
        turns: `(speaker, text)`, the last of them the caller's.
        candidates: utterances, all different.
        answer: the number of the right one.
        speaker: who speaks next.
    """

    id: str
    turns: Sequence[tuple[str, str]]
    candidates: Sequence[str]
    answer: int
    speaker: str = "상담원"

    @property
    def prompt(self) -> str:
        """Returns the turns a line each, up to where the next one begins."""
        lines = [f"{speaker}: {clean(text)}\n" for speaker, text in self.turns]
        return f"{''.join(lines)}{self.speaker}:"

    @property
    def bare(self) -> str:
        """Returns the prompt without anything said."""
        speaker = self.turns[-1][0] if self.turns else ""
        return f"{speaker}:\n{self.speaker}:" if speaker else f"{self.speaker}:"

    @property
    def query(self) -> str:
        """Returns the last two turns as one text."""
        return " ".join(text for _, text in self.turns[-2:])


class Recommender(Protocol):
    """Scores candidates."""

    def scores(self, questions: Sequence[Question]) -> list[Float64[np.ndarray, "c"]]:
        """Returns the score of each candidate of each question; larger is better."""


class ByModel:
    """Scores candidates by log p(utterance | turns), as it is or less log p(utterance) without turns.

    The latter is pointwise mutual information: an utterance that is usual anywhere does not win everywhere (Li et al. 2016).

    Args:
        model: gives the probabilities.
        normalised: take the prior off.
    """

    def __init__(self, model: Model, normalised: bool) -> None:
        self.model, self.normalised = model, normalised

    def scores(self, questions: Sequence[Question]) -> list[Float64[np.ndarray, "c"]]:
        """Returns the score of each candidate of each question."""
        found = self._logs([(one.prompt, text) for one in questions for text in one.candidates])
        if self.normalised:
            pairs = [(one.bare, text) for one in questions for text in one.candidates]
            unique = list(dict.fromkeys(pairs))
            priors = dict(zip(unique, self._logs(unique), strict=True))
            found = found - np.array([priors[pair] for pair in pairs])
        ends = np.cumsum([len(one.candidates) for one in questions])[:-1]
        return np.split(found, ends)

    def _logs(self, pairs: Sequence[tuple[str, str]]) -> Float64[np.ndarray, "n"]:
        return score(self.model, [a for a, _ in pairs], [f" {b}\n" for _, b in pairs])


class ByIndex:
    """Scores candidates by how well they fit the last two turns, with one ranking of `retrieve`.

    Args:
        by: `bigrams` (BM25) or `vectors`.
        model: gives the vectors.
    """

    def __init__(self, by: str, model: Model | None = None) -> None:
        self.by, self.model = by, model

    def scores(self, questions: Sequence[Question]) -> list[Float64[np.ndarray, "c"]]:
        """Returns the score of each candidate of each question; those that BM25 does not find are equal."""
        texts = list(dict.fromkeys(text for one in questions for text in one.candidates))
        index, place = Index.build(texts, self.by, self.model), {t: n for n, t in enumerate(texts)}
        found = []
        for one in questions:
            scores = np.full(len(texts), FLOOR)
            for hit in index.search(one.query, len(texts)) if one.query.strip() else ():
                scores[hit.index] = hit.score
            found.append(scores[[place[text] for text in one.candidates]])
        return found


class ByNeighbours:
    """Scores candidates by how alike they are to what followed like turns: character n-grams (tf-idf) on both sides.

    Args:
        pairs: `(turns as one text, what followed)` to learn from.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))
        self._vectorizer.fit([text for pair in pairs for text in pair])
        self._before = self._vectorizer.transform([before for before, _ in pairs])
        self._after = self._vectorizer.transform([after for _, after in pairs])

    def scores(self, questions: Sequence[Question]) -> list[Float64[np.ndarray, "c"]]:
        """Returns the score of each candidate of each question."""
        found = []
        for one in questions:
            alike = (self._before @ self._vectorizer.transform([one.query]).T).toarray()[:, 0]
            best = np.argsort(-alike, kind="stable")[:NEAREST]
            own = self._vectorizer.transform(one.candidates)
            found.append((own @ self._after[best].T).toarray() @ alike[best])
        return found


def ranks(
    questions: Sequence[Question], scores: Sequence[Float64[np.ndarray, "c"]]
) -> Float64[np.ndarray, "n"]:
    """Returns the rank of each right candidate from 1; of equals the middle place, so that a constant score gains nothing."""
    found = []
    for one, own in zip(questions, scores, strict=True):
        right = own[one.answer]
        found.append(1 + np.sum(own > right) + (np.sum(own == right) - 1) / 2)
    return np.array(found, np.float64)
