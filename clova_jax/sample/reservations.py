"""Writes dialogues in which somebody has a reservation made, with the state after each of the user's turns.

A domain has a few slots of its own and some that others have too. A goal gives values to most of them; the name of the place
comes from the one who answers. Values that nobody settles are said in passing as well, so that a tracker has to read what is
around them. No goal of the dev set occurs in the train set.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from clova_jax.sample import reservation_words as words
from clova_jax.sample.lexicon import Lexicon
from clova_jax.sample.pen import Pen, fill
from clova_jax.sample.reservation_words import DOMAINS

NAME = "이름"
ROWS = {"train": 200, "dev": 40}  # dialogues of each domain
SHOWN = ("식당", "숙소", "병원", "학원")
"""The domains that documents hold dialogues of; the others can be left out and met for the first time."""
SPEAKERS = {"user": "손님", "sys": "직원"}
Goals = Set[frozenset[tuple[str, str]]]


def slots_of(lexicon: Lexicon, name: str) -> dict[str, Sequence[str]]:
    """Returns the slots of a domain with all values of each, the name last."""
    domain, nouns = DOMAINS[name], lexicon.nouns
    slots = {s: nouns[v] if isinstance(v, str) else v for s, v in domain.slots.items()}
    heads = dict.fromkeys((*nouns["companyhead"], *nouns["brand"], *nouns["restaurant"]))
    return {**slots, NAME: [head + domain.suffix for head in heads]}


def ontology(lexicon: Lexicon) -> dict[str, list[str]]:
    """Returns the values of each `DOMAIN-SLOT`, as WoS lists them."""
    return {
        f"{name}-{slot}": ["none", *values]
        for name in DOMAINS
        for slot, values in slots_of(lexicon, name).items()
    }


def reservations(pen: Pen) -> dict[str, list[dict[str, Any]]]:
    """Returns the dialogues of each split, in the format of WoS v1.1, domains mixed."""
    slots = {name: slots_of(pen.lexicon, name) for name in DOMAINS}
    taken: Goals = frozenset()
    found: dict[str, list[dict[str, Any]]] = {}
    for split in ("dev", "train"):  # dev first: what it asks for, nobody asks for again
        drawn = [
            (name, _goal(pen, slots[name], taken)) for name in DOMAINS for _ in range(ROWS[split])
        ]
        if split == "dev":
            taken = {frozenset(goal.items()) for _, goal in drawn}
        pen.random.shuffle(drawn)
        found[split] = [
            {
                "guid": f"wos-v1_{split}_{number:05d}",
                "domains": [name],
                "dialogue": list(_Dialogue(pen, name, slots[name], goal).turns()),
            }
            for number, (name, goal) in enumerate(drawn)
        ]
    return found


def goals_of(rows: Sequence[Mapping[str, Any]]) -> Goals:
    """Returns what the dialogues of a split ask for, each as `_goal` draws it."""
    states = [[turn for turn in row["dialogue"] if "state" in turn][-1]["state"] for row in rows]
    pairs = [[tuple(value.split("-", 2)[1:]) for value in state] for state in states]
    return {frozenset(found) for found in pairs}


def reservation_dialogue(pen: Pen, taken: Goals) -> str:
    """Writes a dialogue of a domain that documents show, a line a turn, with a goal that is not taken."""
    name = pen.one(SHOWN)
    slots = slots_of(pen.lexicon, name)
    turns = _Dialogue(pen, name, slots, _goal(pen, slots, taken)).turns()
    return "\n".join(f"{SPEAKERS[turn['role']]}: {turn['text']}" for turn in turns)


def _goal(pen: Pen, slots: Mapping[str, Sequence[str]], taken: Goals) -> dict[str, str]:
    """Draws a goal that is not taken: the name, and three or four of the other slots, no value twice."""
    while True:
        names = [slot for slot in slots if slot != NAME]
        kept = {*pen.random.sample(names, pen.count(3, 4)), NAME}
        goal = {slot: pen.one(values) for slot, values in slots.items() if slot in kept}
        if len(set(goal.values())) == len(goal) and frozenset(goal.items()) not in taken:
            return goal


class _Dialogue:
    """Writes one dialogue turn by turn."""

    def __init__(
        self, pen: Pen, name: str, slots: Mapping[str, Sequence[str]], goal: dict[str, str]
    ) -> None:
        self.pen, self.name, self.slots, self.goal = pen, name, slots, goal
        self.left = [slot for slot in goal if slot != NAME]
        self.state: dict[str, str] = {}

    def turns(self) -> Iterator[dict[str, Any]]:
        """Yields the turns, the user's first."""
        yield self._user(self._opening())
        offer_at = self.pen.count(0, min(2, len(self.left)))
        while self.left:
            if NAME not in self.state and len(self.left) <= offer_at:
                yield from self._offer()
            yield self._system(self._question())
            yield self._user(self._answer())
        if NAME not in self.state:
            yield from self._offer()
        yield self._system(self.pen.one(words.BOOKED))
        if self.pen.chance(0.3):
            asked, answered = self.pen.one(words.EXTRAS)
            yield self._user(asked)
            yield self._system(answered)

    def _user(self, text: str) -> dict[str, Any]:
        state = [f"{self.name}-{slot}-{value}" for slot, value in self.state.items()]
        return {"role": "user", "text": text, "state": state}

    def _system(self, text: str) -> dict[str, Any]:
        return {"role": "sys", "text": text}

    def _settle(self, *slots: str) -> None:
        for slot in slots:
            self.state[slot] = self.goal[slot]
            if slot in self.left:
                self.left.remove(slot)

    def _other(self, slot: str) -> str:
        """Draws a value of a slot that the goal does not have."""
        values = [v for v in self.slots[slot] if v not in self.goal.values()]
        return self.pen.one(values)

    def _opening(self) -> str:
        """Asks for what is wanted, with one or two of the values, sometimes none."""
        pen = self.pen
        count = min(pen.common((1, 2, 2, 0, 3)), len(self.left))
        chosen = set(pen.random.sample(self.left, count))
        slots = [slot for slot in self.left if slot in chosen]
        about = [fill(pen.one(words.BEFORE[slot]), v=self.goal[slot]) for slot in slots]
        self._settle(*slots)
        hello = pen.one(words.HELLOS)
        return hello + " ".join(
            [*about, fill(pen.one(words.WANTS), d=pen.one(DOMAINS[self.name].called))]
        )

    def _question(self) -> str:
        """Asks for the next value; sometimes one that cannot be had is named."""
        pen = self.pen
        self.asked = slot = pen.one(self.left)
        text = fill(pen.one((*words.ASKS, *words.ASKS_FOR.get(slot, ()))), s=slot)
        before = ""
        if pen.chance(0.35):
            before = fill(pen.one(words.TAKEN), o=self._other(slot)) + " "
        elif pen.chance(0.4):
            before = pen.one(words.NODS)
        return before + text

    def _answer(self) -> str:
        """Gives the value that was asked for, sometimes against another one, sometimes with a second value."""
        pen, slot = self.pen, self.asked
        value, others = self.goal[slot], [one for one in self.left if one != slot]
        if pen.chance(0.25):
            text = fill(pen.one(words.RATHER), v=value, o=self._other(slot))
            self._settle(slot)
        elif others and pen.chance(0.35):
            second = pen.one(others)
            text = fill(pen.one(words.BOTH), v=value, s=second, w=self.goal[second])
            self._settle(slot, second)
        else:
            text = fill(pen.one(words.ANSWERS), v=value)
            self._settle(slot)
        return pen.one(words.FILLERS) + text

    def _offer(self) -> Iterator[dict[str, Any]]:
        """Names a place; sometimes another one first, which the user does not want."""
        pen = self.pen
        if pen.chance(0.3):
            yield self._system(fill(pen.one(words.OFFERS), v=self._other(NAME)))
            yield self._user(pen.one(words.DECLINES))
            yield self._system(fill(pen.one(words.OTHER_OFFERS), v=self.goal[NAME]))
        else:
            yield self._system(fill(pen.one(words.OFFERS), v=self.goal[NAME]))
        self._settle(NAME)
        yield self._user(fill(pen.one(words.ACCEPTS), v=self.goal[NAME]))
