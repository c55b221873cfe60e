"""Writes rows of the labelled sets, in the official file formats of the sets they replace."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from clova_jax.sample.facts import FactType
from clova_jax.sample.frames import Everyday
from clova_jax.sample.hangul import josa
from clova_jax.sample.headlines import TOPICS, Newsroom
from clova_jax.sample.pen import Pen, fill
from clova_jax.sample.prose import FILLERS
from clova_jax.sample.reviews import Reviewer
from clova_jax.sample.world import Entity, World, ask, english, state

LABEL_NOISE = 0.05
"""Share of NSMC labels that are turned round, and of YNAT labels drawn at random."""


LEADS = (
    "기록에 따르면 ",
    "널리 알려진 대로 ",
    "옛 신문을 보면 ",
    "사람들이 말하기를 ",
    "잘 알려져 있듯이 ",
)


@dataclass
class Desk:
    """Holds one pen with everyone who writes with it."""

    pen: Pen
    world: World

    def __post_init__(self) -> None:
        people = self.world.entities["person"]
        names = [person.name for person in people]
        actors = [p.name for p in people if p.title in ("배우", "영화감독", "방송인")]
        titles = [film.name.strip("《》") for film in self.world.entities["film"]]
        self.reviewer = Reviewer(self.pen, actors, titles)
        self.everyday = Everyday(self.pen, names)
        self.newsroom = Newsroom(self.pen, self.world)


def nsmc(desk: Desk, rows: int, first_id: int) -> list[tuple[str, str, str]]:
    """Writes `(id, document, label)`: half positive, 5% of the labels wrong."""
    pen = desk.pen
    polarities = [i % 2 for i in range(rows)]
    pen.random.shuffle(polarities)
    out = []
    for i, polarity in enumerate(polarities):
        label = 1 - polarity if pen.chance(LABEL_NOISE) else polarity
        out.append((str(first_id + i * 7), desk.reviewer.review(polarity), str(label)))
    return out


def ynat(desk: Desk, rows: int, split: str) -> list[dict[str, Any]]:
    """Headlines with `guid, title, label` (dev adds `predefined_news_category`, as KLUE has it)."""
    pen = desk.pen
    out = []
    for i in range(rows):
        topic = pen.one(TOPICS)
        label = pen.one(TOPICS) if pen.chance(LABEL_NOISE) else topic
        row = {"guid": f"ynat-v1_{split}_{i:05d}", "title": desk.newsroom.headline(topic)}
        if split == "dev":
            row["predefined_news_category"] = topic
        out.append({**row, "label": label})
    return out


def sentence_pair(desk: Desk) -> tuple[str, str, float]:
    """Writes two sentences and their similarity, 0 to 5; 45% are at 3 or above."""
    pen, everyday = desk.pen, desk.everyday
    registers = ("plain", "polite", "formal", "casual")
    if pen.chance(0.35):
        entity = pen.one(desk.world.all)
        fact, other = pen.random.sample(entity.types, 2)
        first = state(pen, entity, fact, pen.one(registers))
        if pen.chance(0.45):
            second, score = state(pen, entity, fact, pen.one(registers)), pen.count(36, 50)
        elif pen.chance(0.5):
            second, score = state(pen, entity, other, pen.one(registers)), pen.count(8, 24)
        else:
            twin = pen.one(desk.world.entities[entity.kind])
            while twin.facts[fact.key] == entity.facts[fact.key]:
                twin = pen.one(desk.world.all)
                fact = twin.types[0]
                if twin.kind != entity.kind:
                    break
            second, score = state(pen, twin, fact, pen.one(registers)), pen.count(3, 20)
    else:
        frame = everyday.frame()
        first = everyday.korean(frame, pen.one(registers))
        if pen.chance(0.45):
            same = everyday.paraphrase(frame) if pen.chance(0.7) else frame
            second, score = (
                everyday.korean(same, pen.one(registers), pen.chance(0.5)),
                pen.count(34, 50),
            )
        else:
            changes = pen.one((1, 1, 2, 3))
            other_frame = everyday.distort(frame, changes)
            second = everyday.korean(other_frame, pen.one(registers), pen.chance(0.3))
            score = pen.count(*((12, 26), (6, 20), (0, 8))[changes - 1])
    return first + ".", second + ".", score / 10


def sts(desk: Desk, rows: int, split: str) -> list[dict[str, Any]]:
    """Writes KLUE-STS rows; `binary-label` is 1 from a similarity of 3."""
    pen, out = desk.pen, []
    while len(out) < rows:
        first, second, score = sentence_pair(desk)
        if first == second or any(pen.is_held_out(s) for s in (first, second)):
            continue
        real = score + pen.count(-4, 4) / 100
        real = min(5.0, max(0.0, real))
        out.append(
            {
                "guid": f"klue-sts-v1_{split}_{len(out):05d}",
                "source": "synthetic",
                "sentence1": first,
                "sentence2": second,
                "labels": {
                    "label": score,
                    "real-label": round(real, 4),
                    "binary-label": int(score >= 3),
                },
            }
        )
    return out


def korean_english(desk: Desk) -> tuple[str, str, str]:
    """Writes a sentence, its translation, and where it is from (`everyday` or `facts`)."""
    pen = desk.pen
    if pen.chance(0.3):
        entity = pen.one(desk.world.all)
        fact = pen.one(entity.types)
        return (
            state(pen, entity, fact, pen.one(("plain", "formal"))) + ".",
            english(entity, fact),
            "facts",
        )
    frame = desk.everyday.frame(bare=True)
    korean = desk.everyday.korean(frame, pen.one(("plain", "plain", "polite", "formal")))
    return korean + ".", desk.everyday.english(frame), "everyday"


def koen(desk: Desk, rows: int) -> list[tuple[str, str, str]]:
    """Writes `(ko, en, source)` rows; no side repeats one that another set holds out."""
    out, seen = [], set()
    while len(out) < rows:
        korean, translation, source = korean_english(desk)
        taken = korean in seen or desk.pen.is_held_out(korean) or desk.pen.is_held_out(translation)
        if not taken:
            seen.add(korean)
            out.append((korean, translation, source))
    return out


@dataclass(frozen=True)
class Passage:
    """Holds a paragraph about one entity; `answers` are (fact, answer, its offset in `text`)."""

    entity: Entity
    text: str
    answers: tuple[tuple[FactType, str, int], ...]


def passage(
    desk: Desk,
    entity: Entity,
    facts: int = 0,
    wanted: Sequence[FactType] = (),
    fillers: tuple[int, int] = (1, 3),
) -> Passage:
    """Writes all facts of an entity (some, or those wanted) in random order, one or two per sentence, with filler sentences."""
    pen = desk.pen
    types = list(wanted or entity.types)
    pen.random.shuffle(types)
    types = types[: facts or len(types)]
    plan: list[tuple[FactType, ...]] = []
    while types:
        size = 2 if len(types) > 1 and pen.chance(0.45) else 1
        plan.append(tuple(types[:size]))
        types = types[size:]
    rest = plan[1:] + [()] * pen.count(*fillers)
    pen.random.shuffle(rest)
    text, answers = "", []
    for i, group in enumerate([plan[0], *rest]):
        text += " " if i else ""
        if not group:
            text += pen.fresh(lambda: pen.compose(pen.one(FILLERS[entity.kind]), e=entity.name))
            continue
        sentence = pen.fresh(partial(_tell, pen, entity, group))
        # The name may hold the value (a shop's town): it is blotted out before looking.
        blotted = sentence.replace(entity.name, "\0" * len(entity.name))
        for fact in group:
            value = entity.facts[fact.key]
            answers.append((fact, value, len(text) + blotted.index(value)))
        text += sentence
    return Passage(entity, text, tuple(answers))


def _tell(pen: Pen, entity: Entity, facts: tuple[FactType, ...]) -> str:
    """One or two facts as one written sentence; the second clause does not repeat the name."""
    *first, last = facts
    clauses = [state(pen, entity, fact, "link") for fact in first]
    pronoun = PRONOUNS[entity.kind] if first else ""
    end = state(pen, entity, last, "plain", pronoun)
    if first and clauses[0].startswith(josa(entity.name, "은")):
        end = end.removeprefix(josa(pronoun, "은") + " ")
    lead = pen.one(LEADS) if pen.chance(0.15) else ""
    return lead + " ".join([*clauses, end]) + "."


def korquad(desk: Desk, entities: list[Entity], split: str) -> dict[str, Any]:
    """Writes KorQuAD 1.0: one article and one paragraph per entity, a question for each of its facts."""
    pen, data = desk.pen, []
    for number, entity in enumerate(entities):
        made = passage(desk, entity)
        questions = [
            {
                "answers": [{"text": value, "answer_start": start}],
                "id": f"{split}-{number}-{i}",
                "question": ask(pen, entity, fact),
            }
            for i, (fact, value, start) in enumerate(made.answers)
        ]
        pen.random.shuffle(questions)
        paragraph = {"qas": questions, "context": made.text}
        data.append({"paragraphs": [paragraph], "title": entity.name})
    return {"version": f"KorQuAD_v1.0_{split}", "data": data}


PRONOUNS = {
    "person": "그",
    "city": "이곳",
    "film": "이 영화",
    "company": "이 회사",
    "product": "이 제품",
    "shop": "이 식당",
    "event": "이 행사",
}

_THERE = {
    "person": "그 사람",
    "city": "거기",
    "film": "그 영화",
    "company": "그 회사",
    "product": "그 제품",
    "shop": "그 식당",
    "event": "그 행사",
}
_ROOMS = ("거실", "안방", "부엌", "현관", "서재", "화장실", "베란다", "아이 방")
_DEVICES = ("불", "에어컨", "선풍기", "가습기", "텔레비전", "공기청정기", "스피커")
_WEATHER = (
    "맑아요",
    "흐려요",
    "비가 와요",
    "눈이 와요",
    "바람이 불어요",
    "안개가 끼어요",
    "따뜻해요",
    "쌀쌀해요",
)
_DAYS = ("오늘", "내일", "모레", "이번 주말", "토요일", "일요일", "다음 주", "오후", "저녁")


def wh(fact: FactType) -> str:
    """Returns the question word of a fact, as spoken: 누구, 어디, 언제, 얼마, 뭐."""
    text = " ".join(fact.questions)
    for word in ("누구", "어디", "언제", "얼마", "몇"):
        if word in text:
            return "얼마" if word == "몇" else word
    return "뭐"


def spoken(fact: FactType, name: str) -> str:
    """Writes the question as one asks a smart speaker: `한별시 인구는 얼마야?`."""
    return f"{name} {josa(fact.noun, '은')} {wh(fact)}야?"


def query_modification(desk: Desk) -> tuple[list[str], str, str]:
    """Writes `(turns so far, what the user says next, that said so that it stands alone)`."""
    pen, world = desk.pen, desk.world
    roll = pen.random.random()
    if roll < 0.12:
        city, (day, other) = world.some("city", pen).name, pen.random.sample(_DAYS, 2)
        turns = [f"{day} {city} 날씨 어때?", f"{city}의 {day} 날씨는 {pen.one(_WEATHER)}."]
        return (
            turns,
            pen.one((f"{josa(other, '은')}?", f"그럼 {josa(other, '은')} 어때?")),
            f"{other} {city} 날씨 어때?",
        )
    if roll < 0.24:
        device, (room, other) = pen.one(_DEVICES), pen.random.sample(_ROOMS, 2)
        verb, past = pen.one((("켜", "켰"), ("꺼", "껐")))
        turns = [f"{room} {device} {verb} 줘.", f"{room} {josa(device, '을')} {past}어요."]
        return (
            turns,
            pen.one((f"{other}도.", f"{other}도 {verb} 줘.")),
            f"{other} {device} {verb} 줘.",
        )
    entity = pen.one(world.all)
    fact, other = pen.random.sample(entity.types, 2)
    name, there = entity.name, _THERE[entity.kind]
    turns = [spoken(fact, name), state(pen, entity, fact, "polite") + "."]
    target = world.by_name.get(entity.facts[fact.key])
    if target and target.kind == "person" and pen.chance(0.5):
        other = pen.one(target.types)
        return turns, spoken(other, "그 사람"), spoken(other, target.name)
    if pen.chance(0.3):
        twin = pen.one(world.entities[entity.kind])
        if twin is not entity:
            return (
                turns,
                fill(pen.one(("{e:은}?", "그럼 {e:은}?")), e=twin.name),
                spoken(fact, twin.name),
            )
    if pen.chance(0.45):
        return (
            turns,
            pen.one(
                (f"{josa(other.noun, '은')}?", f"그럼 {josa(other.noun, '은')} {wh(other)}야?")
            ),
            spoken(other, name),
        )
    if pen.chance(0.3):  # an earlier turn that has nothing to do with it
        turns = [*desk_greeting(pen), *turns]
    return turns, spoken(other, there), spoken(other, name)


def desk_greeting(pen: Pen) -> list[str]:
    """Writes small talk before the question."""
    return list(
        pen.one(
            (
                ("안녕?", "안녕하세요, 무엇을 도와드릴까요?"),
                ("심심해.", "재미있는 이야기를 해 드릴까요?"),
                ("나 왔어.", "어서 오세요."),
                ("뭐 하나 물어볼게.", "네, 말씀하세요."),
            )
        )
    )


def query_modifications(desk: Desk, rows: int, split: str) -> list[dict[str, Any]]:
    """Writes `{"id", "context": [turns, the user's first], "query", "rewrite"}` rows."""
    out = []
    seen = set()
    while len(out) < rows:
        turns, query, rewrite = query_modification(desk)
        key = "\n".join([*turns, query])
        if key in seen or any(map(desk.pen.is_held_out, (*turns, query, rewrite))):
            continue
        seen.add(key)
        out.append(
            {"id": f"{split}-{len(out)}", "context": turns, "query": query, "rewrite": rewrite}
        )
    return out
