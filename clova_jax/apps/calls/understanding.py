"""Finds what callers mean: the intent and the values of slots, by keywords, by character n-grams, or by a language model.

Each way gives probabilities, so that several hypotheses of a speech recogniser can be weighed against each other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.augmentation import LinearClassifier
from clova_jax.apps.calls.scenario import UNCLEAR, Scenario
from clova_jax.apps.calls.texts import Heard, clean, weights
from clova_jax.inference import Model, score

SURE = 0.9  # probability that a rule gives to what it finds
SHOWN = 8  # examples of an intent that a model is shown
_REFUSED = re.compile(r"\s*(?:말고|은 안|는 안|은 싫|는 싫|은 힘들|는 힘들)")


@dataclass(frozen=True)
class Understood:
    """Holds what was understood of a turn.

    Args:
        intent: one of the expected, or `UNCLEAR`.
        values: of the slots that got one.
        probability: of the intent.
    """

    intent: str
    values: Mapping[str, str]
    probability: float


class Understander(Protocol):
    """Finds what is meant.

    Args:
        volunteers: whether values of slots that were not asked for are looked for too.
    """

    volunteers: bool

    def intents(
        self, asked: str, texts: Sequence[str], names: Sequence[str]
    ) -> Float64[np.ndarray, "n k"]:
        """Returns the probability of each intent for each text."""

    def values(self, asked: str, texts: Sequence[str], slot: str) -> Float64[np.ndarray, "n v"]:
        """Returns the probability of each value of a slot for each text; that of none is the last."""


class Rules:
    """Finds intents by their keywords and values by what they are called.

    Of several intents the one with the longest keywords counts; of several values the last one that is not refused
    (`토요일 말고 일요일`).

    Args:
        scenario: has the keywords and the values.
    """

    volunteers = True

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def intents(
        self, asked: str, texts: Sequence[str], names: Sequence[str]
    ) -> Float64[np.ndarray, "n k"]:
        """Returns the probability of each intent for each text."""
        found = np.full((len(texts), len(names)), (1 - SURE) / len(names))
        for row, text in enumerate(texts):
            lengths = [self._matched(text, name) for name in names]
            best = int(np.argmax(lengths)) if any(lengths) else names.index(UNCLEAR)
            found[row, best] += SURE
        return found

    def _matched(self, text: str, name: str) -> int:
        """Returns how many characters the longest keyword of an intent has in a text."""
        keywords = self.scenario.intents[name].keywords
        return max((len(word) for word in keywords if word in f"{text} "), default=0)

    def values(self, asked: str, texts: Sequence[str], slot: str) -> Float64[np.ndarray, "n v"]:
        """Returns the probability of each value of a slot for each text; that of none is the last."""
        ways = self.scenario.slots[slot].values
        found = np.full((len(texts), len(ways) + 1), (1 - SURE) / (len(ways) + 1))
        for row, text in enumerate(texts):
            ends = [_last([value, *others], text) for value, others in ways.items()]
            best = max(ends)
            found[row, ends.index(best) if best[0] >= 0 else len(ways)] += SURE
        return found


def _last(ways: Sequence[str], text: str) -> tuple[int, int]:
    """Returns where the last mention of a value ends that is not refused, and its length; -1 where there is none."""
    ends = [
        (match.end(), len(way))
        for way in ways
        for match in re.finditer(rf"(?<![가-힣]){re.escape(way)}", text)
        if not _REFUSED.match(text, match.end())
    ]
    return max(ends, default=(-1, 0))


class Ngrams(Rules):
    """Finds intents by logistic regression over character n-grams of the examples, values as `Rules`.

    Args:
        scenario: has the examples.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        rows = [(text, name) for name, one in scenario.intents.items() for text in one.examples]
        self._classifier = LinearClassifier([text for text, _ in rows], [name for _, name in rows])

    def intents(
        self, asked: str, texts: Sequence[str], names: Sequence[str]
    ) -> Float64[np.ndarray, "n k"]:
        """Returns the probability of each intent for each text."""
        classifier = self._classifier
        found = classifier.model.predict_proba(classifier.vectorizer.transform(texts))
        places = [classifier.model.classes_.tolist().index(name) for name in names]
        own = found[:, places]
        return own / own.sum(axis=1, keepdims=True)


class ModelUnderstander:
    """Finds intents and values by log p(text | intent or value) of a language model: a noisy channel.

    Every choice is scored by the same text, so that no name is preferred for being a usual word (Min et al. 2022).

    Args:
        model: gives the probabilities.
        scenario: has the examples, which stand before the text, and the values.
    """

    volunteers = False

    def __init__(self, model: Model, scenario: Scenario) -> None:
        self.model, self.scenario = model, scenario

    def intents(
        self, asked: str, texts: Sequence[str], names: Sequence[str]
    ) -> Float64[np.ndarray, "n k"]:
        """Returns the probability of each intent for each text."""
        heads = [
            "".join(f"손님: {one}\n" for one in self.scenario.intents[name].examples[:SHOWN])
            for name in names
        ]
        return self._posterior([f"{head}손님:" for head in heads], texts)

    def values(self, asked: str, texts: Sequence[str], slot: str) -> Float64[np.ndarray, "n v"]:
        """Returns the probability of each value of a slot for each text; that of none is the last."""
        heads = [
            f"상담원: {asked}\n{slot}: {', '.join([value, *ways])}\n손님:"
            for value, ways in self.scenario.slots[slot].values.items()
        ]
        return self._posterior([*heads, f"상담원: {asked}\n손님:"], texts)

    def _posterior(
        self, contexts: Sequence[str], texts: Sequence[str]
    ) -> Float64[np.ndarray, "n k"]:
        """Returns p(context | text), all contexts as likely before."""
        pairs = [(context, f" {text}\n") for text in texts for context in contexts]
        logs = score(self.model, [a for a, _ in pairs], [b for _, b in pairs])
        logs = logs.reshape(len(texts), len(contexts))
        found = np.exp(logs - logs.max(axis=1, keepdims=True))
        return found / found.sum(axis=1, keepdims=True)


def understand(
    understander: Understander,
    scenario: Scenario,
    state: str,
    asked: str,
    heard: Sequence[Heard],
    open_slots: Sequence[str] = (),
) -> Understood:
    """Finds what a turn means: over its hypotheses, the likeliest intent that is expected in a state, and values of slots.

    Args:
        understander: gives the probabilities.
        scenario: that the state is of.
        state: in which it was said.
        asked: what the system has said.
        heard: hypotheses, one or more.
        open_slots: that have no value yet; those which the state does not ask for are looked for where the
            understander takes what is volunteered.
    """
    texts, share = [clean(one.text) for one in heard], weights(heard)
    names = scenario.expected(state)
    intents = _weighed(understander.intents(asked, texts, names), share)
    own = scenario.states[state].slots
    wanted = [*own, *(s for s in open_slots if understander.volunteers and s not in own)]
    values = {}
    for slot in wanted:
        chances = _weighed(understander.values(asked, texts, slot), share)
        if (best := int(chances.argmax())) < len(chances) - 1:
            values[slot] = list(scenario.slots[slot].values)[best]
    best = int(intents.argmax())
    return Understood(names[best], values, float(intents[best]))


def _weighed(
    chances: Float64[np.ndarray, "n k"], share: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "k"]:
    """Returns the probabilities over all hypotheses; that of the last, of nothing, is the least that a hypothesis gives it.

    Errors hide what was said far more often than they make up a value: what one hypothesis has counts.
    """
    found = share @ chances
    found[-1] = chances[:, -1].min()
    return found / found.sum()
