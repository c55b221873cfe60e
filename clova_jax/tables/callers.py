"""Simulates callers: each has a goal, answers a call's questions in wordings of the sample world, and gives up after a while."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clova_jax import sample
from clova_jax.apps import calls
from clova_jax.evaluate import generator

UNSURE = 0.12  # share of answers that leave it open
WANTS_PERSON = 0.02
SAYS_YES = 0.75
PATIENCE = 4  # questions asked again in a call until the caller has gone
MOST_TURNS = 40


@dataclass(frozen=True)
class Answer:
    """Holds what a caller says and means.

    Args:
        text: said.
        intent: meant; `UNCLEAR` where a value is given too.
        values: of slots.
    """

    text: str
    intent: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """Holds an answer with the place in a call in which it was given.

    Args:
        id: of it.
        scenario: of the call.
        state: in which it was given.
        question: that was asked.
        answer: given.
    """

    id: str
    scenario: calls.Scenario
    state: str
    question: str
    answer: Answer


class Caller:
    """Answers as somebody who wants one value of each slot; what is said depends on the state and on the visit to it alone.

    Args:
        scenario: of the call.
        number: of the caller.
        seed: of all draws.
    """

    def __init__(self, scenario: calls.Scenario, number: int, seed: int) -> None:
        self.scenario, self.key = scenario, (seed, "caller", scenario.name, number)
        random = generator(*self.key)
        self.goal = {name: _one(list(slot.values), random) for name, slot in scenario.slots.items()}

    def answer(self, state: str, visit: int) -> Answer:
        """Returns what is said in a state, `visit` counted from 0."""
        random = generator(*self.key, state, visit)
        place, anywhere = self.scenario.states[state], list(self.scenario.anywhere)
        chance = random.random()
        if chance < UNSURE:
            return self._meaning(calls.UNCLEAR, random)
        if chance < UNSURE + WANTS_PERSON and anywhere:
            return self._meaning(_one(anywhere, random), random)
        if place.slots:
            slot = place.slots[visit % len(place.slots)]
            text = self._value(slot, random)
            return Answer(_filled(text, random), calls.UNCLEAR, {slot: self.goal[slot]})
        names = [name for name in place.next if name != calls.YES]
        if calls.YES in place.next and random.random() < SAYS_YES:
            names = [calls.YES]
        return self._meaning(_one(names, random), random)

    def _meaning(self, intent: str, random: np.random.Generator) -> Answer:
        words = sample.ANSWERS.get(intent) or sample.MEANINGS.get(intent)
        words = words or self.scenario.intents[intent].examples  # of a user's own scenario
        return Answer(_filled(_one(words, random), random), intent, {})

    def _value(self, slot: str, random: np.random.Generator) -> str:
        value = self.goal[slot]
        sentences = sample.SENTENCES.get(slot, {}).get(value)
        if sentences:
            return _one(sentences, random)
        others = [one for one in self.scenario.slots[slot].values if one != value] or [value]
        return sample.fill(_one(sample.FRAMES, random), v=value, o=_one(others, random))


def _one(choices: Sequence[str], random: np.random.Generator) -> str:
    return choices[random.integers(len(choices))]


def _filled(text: str, random: np.random.Generator) -> str:
    return _one(sample.FILLERS, random) + text


class Knowing:
    """Understands what it is given as the answer; what a call does with it is what it should do."""

    volunteers = False

    def __init__(self, scenario: calls.Scenario) -> None:
        self.scenario = scenario
        self.answer = Answer("", calls.UNCLEAR, {})

    def chances(self, choices: Sequence[calls.Choice]) -> list[np.ndarray]:
        """Returns 1 for what is meant."""
        found = []
        for one in choices:
            meant = self.answer.values.get(one.slot, "") if one.slot else self.answer.intent
            found.append(np.array([[float(name == meant) for name in one.names]] * len(one.texts)))
        return found


Hear = Callable[[Answer, str], Sequence[calls.Heard]]
"""Makes hypotheses of an answer; the text names the place, so that every system hears the same."""


def lead(
    lines: Sequence[calls.Call], callers: Sequence[Caller], hear: Hear | None = None
) -> list[list[Asked]]:
    """Leads calls of one scenario with their callers until each has ended; returns what was asked and answered in each.

    All calls that go on are understood at once, by the understander of the first.

    Args:
        lines: calls that have not begun.
        callers: who answers in each.
        hear: makes hypotheses of each answer; without it calls hear the text.
    """
    visits: list[dict[str, int]] = [{} for _ in lines]
    found: list[list[Asked]] = [[] for _ in lines]
    for call in lines:
        call.begin()
    for _ in range(MOST_TURNS):
        going = [n for n, call in enumerate(lines) if _goes_on(call)]
        said = []
        for number in going:
            call, state = lines[number], lines[number].turns[-1].state
            visit = visits[number].get(state, 0)
            visits[number][state] = visit + 1
            answer = callers[number].answer(state, visit)
            place = f"{call.name}/{state}/{visit}"
            found[number].append(Asked(place, call.scenario, state, call.question, answer))
            if isinstance(call.understander, Knowing):
                call.understander.answer = answer
            said.append(call.listen(hear(answer, place) if hear else answer.text))
        if not going:
            break
        first = lines[going[0]]
        understood = calls.understand(first.understander, first.scenario, said)
        for number, one, meant in zip(going, said, understood, strict=True):
            lines[number].take(one, meant)
    return found


def _goes_on(call: calls.Call) -> bool:
    """Tells whether a call has not ended, and its caller not lost patience."""
    return not call.outcome and sum(turn.again for turn in call.turns) < PATIENCE
