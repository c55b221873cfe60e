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
SHOWN = 6  # examples of an intent that a model is shown
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


@dataclass(frozen=True)
class Said:
    """Holds what somebody says, and where in a call.

    Args:
        state: of the call.
        question: that was asked.
        heard: hypotheses, one or more.
        open_slots: that have no value yet.
    """

    state: str
    question: str
    heard: Sequence[Heard]
    open_slots: Sequence[str] = ()


@dataclass(frozen=True)
class Choice:
    """Asks which of several names each text means.

    Args:
        texts: to understand.
        names: intents, or the values of a slot; the last stands for none of them.
        slot: the slot; empty for intents.
        question: that was asked.
    """

    texts: Sequence[str]
    names: Sequence[str]
    slot: str = ""
    question: str = ""


class Understander(Protocol):
    """Finds what is meant.

    Args:
        volunteers: whether values of slots that were not asked for are looked for too.
    """

    volunteers: bool

    def chances(self, choices: Sequence[Choice]) -> list[Float64[np.ndarray, "n k"]]:
        """Returns of each choice the probability of each name for each text."""


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

    def chances(self, choices: Sequence[Choice]) -> list[Float64[np.ndarray, "n k"]]:
        """Returns of each choice the probability of each name for each text."""
        return [self._values(one) if one.slot else self._intents(one) for one in choices]

    def _intents(self, choice: Choice) -> Float64[np.ndarray, "n k"]:
        lengths = [[self._matched(t, name) for name in choice.names] for t in choice.texts]
        return _sure([int(np.argmax(row)) if any(row) else -1 for row in lengths], choice)

    def _matched(self, text: str, name: str) -> int:
        """Returns how many characters the longest keyword of an intent has in a text."""
        keywords = self.scenario.intents[name].keywords
        return max((len(word) for word in keywords if word in f"{text} "), default=0)

    def _values(self, choice: Choice) -> Float64[np.ndarray, "n k"]:
        values, best = self.scenario.slots[choice.slot].values, []
        for text in choice.texts:
            ends = [_last([name, *values[name]], text) for name in choice.names[:-1]]
            best.append(ends.index(max(ends)) if max(ends)[0] >= 0 else -1)
        return _sure(best, choice)


def _sure(best: Sequence[int], choice: Choice) -> Float64[np.ndarray, "n k"]:
    """Returns what a rule gives: most of the probability to one name for each text, the last one where it is -1."""
    found = np.full((len(choice.texts), len(choice.names)), (1 - SURE) / len(choice.names))
    found[np.arange(len(best)), best] += SURE
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

    def _intents(self, choice: Choice) -> Float64[np.ndarray, "n k"]:
        classifier = self._classifier
        found = classifier.model.predict_proba(classifier.vectorizer.transform(choice.texts))
        places = [classifier.model.classes_.tolist().index(name) for name in choice.names]
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

    def chances(self, choices: Sequence[Choice]) -> list[Float64[np.ndarray, "n k"]]:
        """Returns of each choice the probability of each name for each text, all names as likely before."""
        pairs = [
            (context, f" {text}\n")
            for one in choices
            for text in one.texts
            for context in map(self._context, [one] * len(one.names), one.names)
        ]
        unique = list(dict.fromkeys(pairs))
        logs = score(self.model, [context for context, _ in unique], [text for _, text in unique])
        by_pair = dict(zip(unique, logs.tolist(), strict=True))
        values, found = iter([by_pair[pair] for pair in pairs]), []
        for one in choices:
            own = np.array([[next(values) for _ in one.names] for _ in one.texts])
            own = np.exp(own - own.max(axis=1, keepdims=True))
            found.append(own / own.sum(axis=1, keepdims=True))
        return found

    def _context(self, choice: Choice, name: str) -> str:
        """Returns what stands before a text that means a name."""
        if not choice.slot:
            examples = self.scenario.intents[name].examples[:SHOWN]
            return "".join(f"손님: {one}\n" for one in examples) + "손님:"
        ways = self.scenario.slots[choice.slot].values.get(name)
        value = "" if ways is None else f"{choice.slot}: {', '.join([name, *ways])}\n"
        return f"상담원: {choice.question}\n{value}손님:"


def understand(
    understander: Understander, scenario: Scenario, turns: Sequence[Said]
) -> list[Understood]:
    """Finds what turns mean: over the hypotheses of each, the likeliest intent that its state expects, and values of slots.

    Slots that a state does not ask for are looked for where the understander takes what is volunteered.

    Args:
        understander: gives the probabilities.
        scenario: that the states are of.
        turns: of one call or several.
    """
    asked: list[list[Choice]] = []
    for one in turns:
        texts = [clean(hypothesis.text) for hypothesis in one.heard]
        own = scenario.states[one.state].slots
        more = [s for s in one.open_slots if understander.volunteers and s not in own]
        asked.append([Choice(texts, scenario.expected(one.state))])
        for slot in (*own, *more):
            names = [*scenario.slots[slot].values, ""]
            asked[-1].append(Choice(texts, names, slot, one.question))
    chances = iter(understander.chances([choice for some in asked for choice in some]))
    return [
        _understood(some, [next(chances) for _ in some], weights(one.heard))
        for one, some in zip(turns, asked, strict=True)
    ]


def _understood(
    choices: Sequence[Choice],
    chances: Sequence[Float64[np.ndarray, "n k"]],
    share: Float64[np.ndarray, "n"],
) -> Understood:
    intent, probability, values = UNCLEAR, 0.0, {}
    for choice, own in zip(choices, chances, strict=True):
        weighed = _weighed(own, share)
        best = int(weighed.argmax())
        if not choice.slot:
            intent, probability = choice.names[best], float(weighed[best])
        elif choice.names[best]:
            values[choice.slot] = choice.names[best]
    return Understood(intent, values, probability)


def _weighed(
    chances: Float64[np.ndarray, "n k"], share: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "k"]:
    """Returns the probabilities over all hypotheses; that of the last, of nothing, is the least that a hypothesis gives it.

    Errors hide what was said far more often than they make up a value: what one hypothesis has counts.
    """
    found = share @ chances
    found[-1] = chances[:, -1].min()
    return found / found.sum()
