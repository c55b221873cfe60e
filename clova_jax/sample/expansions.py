"""Writes expansions of answers: a summary, a related question, a related answer, easy wording, a comparison of two people.

Each has one right form, so that a score says something: which facts a summary names is fixed for a kind of thing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from clova_jax.sample.facts import FactType
from clova_jax.sample.labelled import LEADS, Desk, passage
from clova_jax.sample.pen import fill, sentences
from clova_jax.sample.questions import FILLERS
from clova_jax.sample.world import Entity, ask, state

SUMMARIES = {
    "person": ("{birthplace}에서 태어나 {work:으로} 이름을 알린 인물.", ("birthplace", "work")),
    "city": ("{food:과} {landmark:으로} 이름난 도시.", ("food", "landmark")),
    "film": ("{director} 감독이 만든 {genre} 영화.", ("director", "genre")),
    "company": ("{city}에 본사를 둔 {industry} 회사.", ("city", "industry")),
    "product": ("{maker:이} 만들어 {price}에 파는 제품.", ("maker", "price")),
    "shop": ("{city}에 있는 {menu} 식당.", ("city", "menu")),
    "event": ("{date}에 {city}에서 열린 행사.", ("date", "city")),
}
Row = dict[str, Any]


def expansion_rows(
    desk: Desk, entities: Sequence[Entity], count: int, split: str
) -> list[dict[str, Any]]:
    """Writes rows of `id, kind, titles, values, answers`, the kinds in turn.

    Values are what a prompt is filled with, `input` the main one; each of the answers is right.

    Args:
        desk: with the pen and the world.
        entities: to write about.
        count: rows.
        split: a part of the ids.
    """
    kinds = list(_WRITERS)
    rows = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        made = _WRITERS[kind](desk, entities)
        rows.append({"id": f"{split}-{number}", "kind": kind} | made)
    return rows


def _row(titles: Sequence[str], values: dict[str, str], answers: Sequence[str]) -> Row:
    return {"titles": list(titles), "values": values, "answers": list(dict.fromkeys(answers))}


def _facts(entity: Entity, keys: Sequence[str]) -> list[FactType]:
    return [fact for fact in entity.types if fact.key in keys]


def _summary(desk: Desk, entities: Sequence[Entity]) -> Row:
    pen = desk.pen
    entity = pen.one(entities)
    template, keys = SUMMARIES[entity.kind]
    others = [fact for fact in entity.types if fact.key not in keys]
    text = passage(
        desk, entity, wanted=[*_facts(entity, keys), pen.one(others)], fillers=FILLERS
    ).text
    return _row([entity.name], {"input": text}, [fill(template, **entity.facts)])


def _related_question(desk: Desk, entities: Sequence[Entity]) -> Row:
    pen = desk.pen
    entity = pen.one(entities)
    asked, *others = pen.random.sample(entity.types, 3)
    values = {"본문": passage(desk, entity, wanted=[asked, *others], fillers=FILLERS).text}
    values["input"] = ask(pen, entity, asked)
    answers = [fill(form, e=entity.name) for fact in others for form in fact.questions]
    pen.random.shuffle(answers)
    return _row([entity.name], values, answers)


def _related_answer(desk: Desk, entities: Sequence[Entity]) -> Row:
    pen = desk.pen
    while True:
        entity = pen.one(entities)
        asked, *others = pen.random.sample(entity.types, 3)
        text = passage(desk, entity, wanted=[asked, *others], fillers=FILLERS).text
        told = [(one, one.replace(entity.name, "")) for one in sentences(text)]
        answers = [
            one
            for one, rest in told
            if any(entity.facts[fact.key] in rest for fact in others)
            and entity.facts[asked.key] not in rest
        ]
        if answers:
            values = {"본문": text, "input": ask(pen, entity, asked)}
            return _row([entity.name], values, answers)


def _easy(desk: Desk, entities: Sequence[Entity]) -> Row:
    pen = desk.pen
    entity = pen.one(entities)
    fact = pen.one(entity.types)
    hard = replace(fact, statements=fact.statements[1:])
    easy = replace(fact, statements=fact.statements[:1])
    text = f"{pen.one(LEADS)}{state(pen, entity, hard, 'plain')}."
    return _row([entity.name], {"input": text}, [f"{state(pen, entity, easy, 'easy')}."])


def _comparison(desk: Desk, entities: Sequence[Entity]) -> Row:
    pen = desk.pen
    people = [entity for entity in entities if entity.kind == "person"]
    first, second = pen.random.sample(people, 2)
    while first.facts["birthyear"] == second.facts["birthyear"]:
        second = pen.one(people)
    texts = []
    for one in (first, second):
        other = pen.one([fact for fact in one.types if not fact.key.startswith("birth")])
        wanted = [*_facts(one, ("birthplace", "birthyear")), other]
        texts.append(passage(desk, one, wanted=wanted, fillers=FILLERS).text)
    older = min((first, second), key=lambda one: one.facts["birthyear"])
    answer = fill(
        "{a:은} {av}에서, {b:은} {bv}에서 태어났고 {older:이} 먼저 태어났다.",
        a=first.name,
        b=second.name,
        av=first.facts["birthplace"],
        bv=second.facts["birthplace"],
        older=older.name,
    )
    return _row([first.name, second.name], {"input": texts[0], "둘째": texts[1]}, [answer])


_WRITERS: dict[str, Callable[[Desk, Sequence[Entity]], Row]] = {
    "summary": _summary,
    "related_question": _related_question,
    "related_answer": _related_answer,
    "easy_wording": _easy,
    "comparison": _comparison,
}
