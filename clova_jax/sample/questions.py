"""Writes questions on passages, by type: one fact, two hops, yes or no, why and how with long answers.

Those of dev and test are on things that no document names; those of train on things that documents tell of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clova_jax.sample.facts import FactType
from clova_jax.sample.labelled import Desk, passage
from clova_jax.sample.pen import Pen, fill
from clova_jax.sample.reasons import HOW, WHY, Reason
from clova_jax.sample.world import Entity, World, ask, whether

TYPES = ("fact", "hops", "boolean", "why", "how")
YES, NO = "예", "아니요"
FACTS = (2, 3)  # of the thing itself in a passage, at least and at most
FILLERS = (0, 1)  # sentences beside the point in each part of a passage
_LINKS = {"maker": "{e:을} 만든 회사", "host": "{e:을} 후원한 회사"}


@dataclass(frozen=True)
class Asked:
    """Holds a question of a type, and its answer."""

    type: str
    question: str
    answer: str


@dataclass(frozen=True)
class Page:
    """Holds a passage on a thing, and questions that it answers."""

    entity: Entity
    text: str
    asked: tuple[Asked, ...]


def page(desk: Desk, entity: Entity, allowed: Sequence[Entity], facts: int = 1) -> Page:
    """Writes a passage on a thing with a question of each type; none of two hops where nothing leads on.

    Args:
        desk: with the pen and the world.
        entity: what the passage is on.
        allowed: things that a first hop may lead to.
        facts: questions on one fact.
    """
    pen = desk.pen
    types = pen.random.sample(entity.types, pen.count(*FACTS))
    link, other = _link(desk, entity, allowed)
    if link and link not in types:
        types[0] = link
    own = passage(desk, entity, wanted=types, fillers=FILLERS)
    sides, asked = [], []
    for name, reasons in (("why", WHY), ("how", HOW)):
        sentence, question, clause = _told(pen, entity, reasons[entity.kind])
        sides.append(sentence)
        asked.append(Asked(name, question, clause))
    if link and other:
        told = pen.random.sample(other.types, 2)
        sides.append(passage(desk, other, wanted=told, fillers=FILLERS).text)
        phrase = fill(_LINKS.get(link.key, f"{{e}}의 {link.noun}"), e=entity.name)
        asked.append(Asked("hops", ask(pen, other, told[0], phrase), other.facts[told[0].key]))
    pen.random.shuffle(sides)
    asked.append(_yes_or_no(desk, entity, pen.one(types)))
    asked += [
        Asked("fact", ask(pen, entity, fact), entity.facts[fact.key])
        for fact in pen.random.sample(types, min(facts, len(types)))
    ]
    pen.random.shuffle(asked)
    return Page(entity, " ".join([own.text, *sides]), tuple(asked))


def _link(
    desk: Desk, entity: Entity, allowed: Sequence[Entity]
) -> tuple[FactType | None, Entity | None]:
    """Draws a fact whose value is another thing of the world, and that thing; nothing where there is none."""
    names = {one.name: one for one in allowed}
    links = [fact for fact in entity.types if entity.facts[fact.key] in names]
    if not links:
        return None, None
    link = desk.pen.one(links)
    return link, names[entity.facts[link.key]]


def _told(pen: Pen, entity: Entity, reason: Reason) -> tuple[str, str, str]:
    """Returns the sentence, the question, and the clause that answers it."""
    clause = ""

    def write() -> str:
        nonlocal clause
        clause = " ".join(pen.compose(pen.one(part)) for part in (reason.first, reason.second))
        return fill(reason.statement, e=entity.name, c=clause)

    sentence = pen.fresh(write)
    return sentence, fill(reason.question, e=entity.name), clause


def _yes_or_no(desk: Desk, entity: Entity, fact: FactType) -> Asked:
    """Asks whether the fact has its value, or that of another thing of the kind; either as often."""
    pen, value = desk.pen, entity.facts[fact.key]
    others = {one.facts[fact.key] for one in desk.world.entities[entity.kind]} - {value}
    if pen.chance(0.5) and others:
        return Asked("boolean", whether(pen, entity, fact, pen.one(sorted(others))), NO)
    return Asked("boolean", whether(pen, entity, fact, value), YES)


def unknown(world: World, other: World) -> list[Entity]:
    """Returns the things of another world that share no name with this one's, towns left out."""
    return [
        entity for entity in other.all if entity.kind != "city" and entity.name not in world.by_name
    ]


def question_rows(
    desk: Desk, entities: Sequence[Entity], allowed: Sequence[Entity], split: str
) -> dict[str, Any]:
    """Writes a page a thing in the format of KorQuAD 1.0; each question says its type, as `question_type`.

    Answers that do not stand in the passage (yes and no) begin at -1.
    """
    data = []
    for number, entity in enumerate(entities):
        made = page(desk, entity, allowed)
        questions = [
            {
                "answers": [{"text": one.answer, "answer_start": made.text.find(one.answer)}],
                "id": f"{split}-{number}-{i}",
                "question": one.question,
                "question_type": one.type,
            }
            for i, one in enumerate(made.asked)
        ]
        paragraph = {"qas": questions, "context": made.text}
        data.append({"paragraphs": [paragraph], "title": entity.name})
    return {"version": f"questions_{split}", "data": data}
