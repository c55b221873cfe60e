"""Defines goal scripts: what a person wants reserved, and what the service finds for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clova_jax.apps.dialogues.masks import DOMAIN, mark, mask
from clova_jax.common.errors import ClovaError
from clova_jax.labelled import Dialogue, Ontology

RESULT = "이름"
"""The slot whose value the service brings: the name of the place."""

SAID_AS = {"yes": "예", "no": "아니요", "dontcare": "상관없음"}
"""How WoS's values that are no Korean words are written for the model; no dialogue says them literally."""


@dataclass(frozen=True)
class Goal:
    """Holds the goal of a dialogue in one domain.

    Args:
        domain: its name.
        slots: what the user wants, by slot.
        results: what the service finds, by slot.

    Raises:
        ClovaError: no slot, or an empty value.
    """

    domain: str
    slots: Mapping[str, str]
    results: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.slots:
            raise ClovaError(f"goal in {self.domain}: no slot; give one with a value")
        for slot, value in self.values.items():
            if not value.strip():
                raise ClovaError(f"goal in {self.domain}: slot {slot!r} has an empty value")

    @property
    def values(self) -> dict[str, str]:
        """Returns what is settled when the dialogue ends."""
        return {**self.slots, **self.results}

    @property
    def instruction(self) -> str:
        """Returns what a person is asked to do, as a line of text."""
        return f"{self.domain} 예약. {_listed(self.slots)}"

    @property
    def said(self) -> dict[str, str]:
        """Returns the values that a dialogue can say literally."""
        return {slot: value for slot, value in self.values.items() if value not in SAID_AS}

    @property
    def text(self) -> str:
        """Returns the script for a model: domain and slots, marks for values, and the results below."""
        found = f"\n결과: {self._marks(self.results)}" if self.results else ""
        return f"목표: {self.domain} 예약. {self._marks(self.slots)}{found}"

    def _marks(self, values: Mapping[str, str]) -> str:
        said = self.said
        parts = (mark(s) if s in said else f"{s} {SAID_AS[value]}" for s, value in values.items())
        return " ".join(parts)


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{slot} {SAID_AS.get(value, value)}" for slot, value in values.items())


def make_goal(ontology: Ontology, domain: str, values: Mapping[str, str]) -> Goal:
    """Returns the goal of these values, results apart.

    Raises:
        ClovaError: the domain or a slot is not in the ontology; no slot, or an empty value.
    """
    if domain not in ontology:
        raise ClovaError(f"no domain {domain!r}; there are {', '.join(ontology)}")
    for slot in values:
        if slot not in ontology[domain]:
            known = ", ".join(ontology[domain])
            raise ClovaError(f"goal in {domain}: no slot {slot!r}; there are {known}")
    slots = {slot: value for slot, value in values.items() if slot != RESULT}
    return Goal(domain, slots, {slot: values[slot] for slot in values if slot == RESULT})


def goals_of(dialogue: Dialogue, ontology: Ontology) -> list[Goal]:
    """Returns the goals that a dialogue ends with, one a domain; none where only a name is settled."""
    values: dict[str, dict[str, str]] = {}
    for name, value in dialogue.final.items():
        domain, _, slot = name.partition("-")
        values.setdefault(domain, {})[slot] = value
    return [
        make_goal(ontology, domain, own) for domain, own in values.items() if set(own) - {RESULT}
    ]


def mask_goals(text: str, goals: Sequence[Goal]) -> str:
    """Returns a text with marks for the values of goals, and for the names of their domains."""
    values = [pair for goal in goals for pair in goal.said.items()]
    return mask(text, [*values, *((DOMAIN, goal.domain) for goal in goals)])


def draw_goals(
    ontology: Ontology,
    domain: str,
    like: Sequence[Goal],
    without: Sequence[Goal],
    count: int,
    random: np.random.Generator,
) -> list[Goal]:
    """Draws goals of a domain that no dialogue is known of, each different.

    As many slots have values as in a goal of another domain, drawn from `like`; which ones, and which values, all are equally
    likely. A name is found where that goal has one.

    Args:
        ontology: the slots and values of all domains.
        domain: to draw for.
        like: goals of other domains.
        without: goals that must not be drawn: those of a test.
        count: goals wanted.
        random: draws.

    Raises:
        ClovaError: an unknown domain; fewer different goals than are wanted.
    """
    slots = {s: v for s, v in ontology.get(domain, {}).items() if s != RESULT and any(v)}
    taken = {frozenset(goal.values.items()) for goal in without if goal.domain == domain}
    found: list[Goal] = []
    for _ in range(100 * count):
        if len(found) == count:
            break
        model = like[random.integers(len(like))]
        size = min(len(model.slots), len(slots))
        chosen = random.permutation(len(slots))[:size]
        names = [list(slots)[number] for number in chosen]
        names += [RESULT] if model.results and RESULT in ontology[domain] else []
        values = {name: _draw(ontology[domain][name], random) for name in names}
        goal = make_goal(ontology, domain, values)
        key = frozenset(goal.values.items())
        said = list(goal.said.values())
        if key not in taken and len(set(said)) == len(said):
            taken.add(key)
            found.append(goal)
    if len(found) < count:
        raise ClovaError(f"{domain}: {len(found)} different goals, {count} wanted; ask for fewer")
    return found


def _draw(values: Sequence[str], random: np.random.Generator) -> str:
    return values[random.integers(len(values))]
