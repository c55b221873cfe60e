"""Writes characters and their talks with guests: what a guest tells early he asks for late, and in between about the character.

A character has facts, a manner (a speech level, and a phrase that each reply begins with) and a world whose things it knows.
Characters of the test have names that training has not; what they are is drawn from the same words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clova_jax.sample import character_words as words
from clova_jax.sample.character_words import LEVELS, SLOTS, WORLDS
from clova_jax.sample.pen import Pen, fill

ROWS = {"train": 400, "test": 16}  # characters
TURNS = 20  # of a guest in a talk, and as many of the character
_GIVEN, _FAMILY = "given", "surname"


def characters(pen: Pen, split: str, taken: set[str]) -> list[dict[str, Any]]:
    """Returns characters, each with a talk.

    Args:
        pen: of this split.
        split: `train` or `test`.
        taken: names that other splits have; those drawn here are added.
    """
    rows = []
    while len(rows) < ROWS[split]:
        name = pen.word(_FAMILY) + pen.word(_GIVEN)
        if name in taken:
            continue
        taken.add(name)
        character = _character(pen, name)
        talk = _Talk(pen, character).turns()
        rows.append({"id": f"{split}-{len(rows) + 1}", **character, "turns": talk})
    return rows


def _facts(pen: Pen) -> dict[str, str]:
    return {slot: pen.word(group) for slot, group in SLOTS.items()}


def _character(pen: Pen, name: str) -> dict[str, Any]:
    facts = _facts(pen)
    about = fill(pen.one(words.ABOUT), n=name, c=facts["사는 곳"], j=facts["하는 일"])
    return {
        "name": name,
        "about": about,
        "facts": facts,
        "level": pen.one(LEVELS),
        "phrase": pen.one(words.PHRASES),
        "world": pen.one(tuple(WORLDS)),
    }


class _Talk:
    """Writes one talk: facts told early and asked late, the rest in between."""

    def __init__(self, pen: Pen, character: Mapping[str, Any]) -> None:
        self.pen, self.character = pen, character
        self.level = LEVELS.index(character["level"])
        self.guest = _facts(pen)
        for slot, value in character["facts"].items():
            while self.guest[slot] == value:
                self.guest[slot] = pen.word(SLOTS[slot])

    def turns(self) -> list[dict[str, Any]]:
        """Returns the turns, the guest's first."""
        pen = self.pen
        slots = pen.random.sample(list(SLOTS), 4)
        told, untold = slots[:3], slots[3]
        early = [("tell", slot) for slot in told] + [("talk", "")]
        late = [("recall", slot) for slot in told] + [("unknown", untold)]
        between = [("own", slot) for slot in SLOTS] + [
            ("world", topic) for topic in words.WORLD_ASKS
        ]
        between += [("feeling", mood) for mood in words.FEELINGS]
        between = pen.random.sample(between, TURNS - len(early) - len(late))
        pen.random.shuffle(early)
        pen.random.shuffle(late)
        found = []
        for kind, about in (*early, *between, *late):
            found += self._pair(kind, about)
        return found

    def _pair(self, kind: str, about: str) -> Sequence[dict[str, Any]]:
        pen, facts = self.pen, self.character["facts"]
        asked: Sequence[str]
        said: Sequence[Sequence[str]]
        value = ""
        if kind == "tell":
            asked, said, value = words.TELLS[about], words.NOTED, self.guest[about]
        elif kind == "own":
            asked, said, value = words.ASKS[about], words.OWN[about], facts[about]
        elif kind == "recall":
            asked, said, value = words.RECALLS[about], words.RECALLED, self.guest[about]
        elif kind == "unknown":
            asked, said = words.RECALLS[about], words.NEVER_HEARD
        elif kind == "world":
            asked, said = words.WORLD_ASKS[about], words.WORLD_SAYS
            value = pen.one(WORLDS[self.character["world"]][about])
        elif kind == "feeling":
            asked, said = words.FEELINGS[about]
        else:
            asked, said = words.TALK
        reply = fill(pen.one(said[self.level]), v=value) if value else pen.one(said[self.level])
        labels = {"kind": kind, "about": about, "value": value}
        question = pen.one(asked)
        return (
            {
                "role": "user",
                "text": fill(question, v=value) if kind == "tell" else question,
                **labels,
            },
            {"role": "bot", "text": f"{self.character['phrase']}, {reply}", **labels},
        )
