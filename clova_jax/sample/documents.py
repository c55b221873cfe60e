"""Writes documents of the six kinds of Table 1 that the sample has, by recipes with their shares.

More than half of the bytes are plain prose, the largest part by far. The rest are things the web holds too, written in the
paper's prompt formats (section 4.1): lists of labelled reviews, headlines with their topic, questions on
a passage, sentence pairs, translations, rewritten queries, what people say for an intent,
reservations, and titles of a shop's events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clova_jax.sample.events import event_list
from clova_jax.sample.facts import FactType
from clova_jax.sample.hangul import conjugate, josa
from clova_jax.sample.headlines import SHORT, TOPICS
from clova_jax.sample.intents import intent_list
from clova_jax.sample.labelled import (
    Desk,
    korean_english,
    passage,
    query_modification,
    sentence_pair,
)
from clova_jax.sample.prose import (
    ADVICE,
    CAFE_OPENINGS,
    CLOSINGS,
    DEFINITIONS,
    OPENINGS,
    REPLIES,
    TITLES,
)
from clova_jax.sample.questions import page
from clova_jax.sample.reservations import Goals, reservation_dialogue
from clova_jax.sample.world import KINDS, Entity, ask, state

_ASIDES = ("", "", "", "참고로 ", "알아보니 ", "듣자 하니 ", "찾아보니 ", "사실 ", "아시다시피 ")
_TALK = ("thing", "pet", "hobby", "study", "city")
_ASPECTS = {"shop": "foodaspect", "product": "productaspect", "film": "aspect"}
_LIKE = "질문: 문장 1과 문장 2는 서로 유사한 의미를 가지나요?"
_TOPIC = "질문: 다음의 제목을 가지는 뉴스는 어느 분야의 뉴스인가요?"


@dataclass(frozen=True)
class Recipe:
    """Describes a way to write documents of a kind, and its share of all bytes in percent."""

    kind: str
    name: str
    share: float
    write: Callable[[Desk], str]


@dataclass(frozen=True)
class Shown:
    """Holds what documents may show of the labelled sets, and what they must not since a test asks for it.

    Args:
        intents: utterances by the name of their intent.
        tested: goals of the reservations that trackers are tested on.
        closed: names of the entities that only the KorQuAD dev set asks about.
    """

    intents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tested: Goals = frozenset()
    closed: frozenset[str] = frozenset()


def _new(desk: Desk, templates: tuple[str, ...], **values: str) -> str:
    """A sentence from one of the templates, new to the world."""
    pen = desk.pen
    return pen.fresh(
        lambda: pen.compose(pen.one(templates), number=str(pen.count(2, 30)), **values)
    )


def _fact(desk: Desk, entity: Entity, register: str, fact: FactType | None = None) -> str:
    """A fact of an entity as a sentence of its own."""
    pen = desk.pen

    def write() -> str:
        said = state(pen, entity, fact or pen.one(entity.types), register)
        return f"{pen.one(_ASIDES)}{said}."

    return pen.fresh(write)


def _opinion(desk: Desk, group: str, polarity: int, register: str) -> str:
    """What one thinks of an aspect of a film, a dish or a product."""
    pen = desk.pen

    def write() -> str:
        role = "aspect" if group == "aspect" else "thing"
        word = pen.one(pen.lexicon.opinions(polarity, "a", role))
        aspect, degree = pen.word(group), f"{pen.word('degree')} " if pen.chance(0.6) else ""
        why = f"{pen.word('overall')} " if pen.chance(0.4) else ""
        other = pen.one([word for word in pen.lexicon.nouns[group] if word != aspect])
        text = f"{why}{josa(aspect, '이')} {degree}{pen.past(word.form, register, word.irregular)}."
        if pen.chance(0.5):
            first = pen.one(pen.lexicon.opinions(1 - polarity, "a", role))
            turned = conjugate(first.form, "지만", first.irregular)
            text = f"{josa(other, '은')} {turned} {text}"
        return text

    return pen.fresh(write)


def _visit(desk: Desk, kind: str, group: str = "") -> str:
    """A blog post about something one went to, saw or bought."""
    pen = desk.pen
    entity = desk.world.some(kind, pen)
    register = pen.one(("polite", "polite", "formal"))
    known = {"menu": "food", "city": "city"}
    given = {known[key]: value for key, value in entity.facts.items() if key in known}
    opening = _new(desk, OPENINGS[kind], e=entity.name, **given)
    facts = pen.random.sample(entity.types, pen.count(2, 4))
    middle = [_fact(desk, entity, register, fact) for fact in facts]
    middle += [desk.everyday.sentence(register) for _ in range(pen.count(2, 5))]
    if group:
        polarity = int(pen.chance(0.6))
        middle += [_opinion(desk, group, polarity, register) for _ in range(pen.count(2, 4))]
    pen.random.shuffle(middle)
    title = f"{entity.name} {pen.one(TITLES[kind])}"
    cut = pen.count(2, len(middle) - 1)
    first, second = " ".join([opening, *middle[:cut]]), " ".join(middle[cut:])
    return f"{title}\n\n{first}\n\n{second} {_new(desk, CLOSINGS)}"


def _diary(desk: Desk) -> str:
    pen = desk.pen
    register = pen.one(("plain", "plain", "polite", "casual"))
    paragraphs = [
        " ".join(desk.everyday.sentence(register) for _ in range(pen.count(3, 7)))
        for _ in range(pen.count(1, 3))
    ]
    title = f"{pen.count(1, 12)}월 {pen.count(1, 28)}일 {pen.one(('일기', '기록', '하루', '메모'))}"
    return "\n\n".join([title, *paragraphs])


def _cafe(desk: Desk) -> str:
    pen = desk.pen
    topic = {group: pen.word(group) for group in _TALK}
    lines = [_new(desk, CAFE_OPENINGS, **topic)]
    lines += [desk.everyday.sentence("polite") for _ in range(pen.count(2, 5))]
    if pen.chance(0.5):
        lines.append(_fact(desk, pen.one(desk.world.all), "polite"))
    replies = [
        f"- {_new(desk, REPLIES, **(topic if pen.chance(0.4) else {}))}"
        for _ in range(pen.count(2, 5))
    ]
    return " ".join(lines) + "\n\n" + "\n".join(replies)


def _comments(desk: Desk) -> str:
    """Comments under a film, a product or a news item."""
    pen = desk.pen
    kind = pen.one(("film", "film", "product", "shop"))
    entity = desk.world.some(kind, pen)
    lines = [f"{entity.name} 댓글"]
    for _ in range(pen.count(4, 12)):
        roll = pen.random.random()
        if roll < 0.45 and kind == "film":
            lines.append(desk.reviewer.review(int(pen.chance(0.5))))
        elif roll < 0.65:
            group = _ASPECTS[kind]
            lines.append(
                _opinion(desk, group, int(pen.chance(0.5)), pen.one(("plain", "polite", "casual")))
            )
        elif roll < 0.8:
            lines.append(_fact(desk, entity, pen.one(("polite", "casual", "plain"))))
        else:
            lines.append(_new(desk, REPLIES))
    return "\n".join(lines)


def _article(desk: Desk) -> str:
    title, text = desk.newsroom.article(desk.pen.one(TOPICS))
    return f"{title}\n\n{text}"


def _wiki(desk: Desk) -> str:
    pen = desk.pen
    kind = pen.one(tuple(KINDS))
    entity = pen.one(desk.world.entities[kind])
    definition = _new(desk, DEFINITIONS[kind], e=entity.name, title=entity.title)
    text = f"{entity.name}\n\n{definition} {passage(desk, entity).text}"
    named = (desk.world.by_name.get(value) for value in entity.facts.values())
    related = [other for other in named if other][:2]
    for other in related:
        text += f"\n\n{passage(desk, other, pen.count(2, 4)).text}"
    return text


def _kin_facts(desk: Desk) -> str:
    """Questions about the world's things, answered from what is known of them."""
    pen, blocks = desk.pen, []
    for _ in range(pen.count(1, 3)):
        entity = desk.world.some(pen.one(tuple(KINDS)), pen)
        fact = pen.one(entity.types)
        question = ask(pen, entity, fact).replace("는가?", "나요?").replace("가?", "가요?")
        answer = [_fact(desk, entity, "formal", fact)]
        for _ in range(pen.count(0, 2)):
            answer.append(_fact(desk, entity, "formal"))
        blocks.append(f"질문: {question}\n답변: {' '.join(answer)}")
    return "\n\n".join(blocks)


def _kin_advice(desk: Desk) -> str:
    pen = desk.pen
    question, answers = pen.one(ADVICE)
    topic = {group: pen.word(group) for group in _TALK}
    topic |= {group: pen.word(group) for group in ("food", "place", "person", "job", "weather")}
    topic |= {
        group: pen.word(group) for group in ("at_shop", "product", "brand", "media", "cityfood")
    }
    asked = _new(desk, (question,), **topic)
    given = [_new(desk, answers, **topic) for _ in range(pen.count(1, 2))]
    story = f"{desk.everyday.sentence('polite')} " if pen.chance(0.6) else ""
    last = desk.everyday.sentence("formal") if pen.chance(0.5) else ""
    return f"질문: {story}{asked}\n답변: {' '.join(dict.fromkeys([*given, last]))}".rstrip()


def _passage_questions(desk: Desk, closed: frozenset[str]) -> str:
    """A passage and questions of all types on it, in the paper's prompt format."""
    open_to = [entity for entity in desk.world.all if entity.name not in closed]
    made = page(desk, desk.pen.one(open_to), open_to, facts=3)
    blocks = [f"제목: {made.entity.name}", f"본문: {made.text}"]
    blocks += [f"질문: {one.question}\n\n답: {one.answer}" for one in made.asked]
    return "\n\n".join(blocks)


def _review_list(desk: Desk) -> str:
    """Labelled reviews, one a line: mostly one or two, sometimes a long list, half of these with a heading."""
    pen = desk.pen
    count = pen.count(1, 2) if pen.chance(0.85) else pen.count(6, 24)
    lines = [desk.reviewer.labelled(int(pen.chance(0.5))) for _ in range(count)]
    if count > 2 and pen.chance(0.5):
        about = pen.one(
            (desk.world.some("film", pen).name, f"{pen.count(1, 12)}월 {pen.count(1, 5)}주")
        )
        lines.insert(0, f"{about} {pen.one(('한줄평', '관람평 모음', '영화 평'))} {len(lines)}개")
    return "\n".join(lines)


def _headline_list(desk: Desk) -> str:
    """Mostly `headline (topic)`, one a line; else the longer prompt (docs/paper.md, section 4.1)."""
    pen = desk.pen
    topics = [pen.one(TOPICS) for _ in range(pen.count(6, 18))]
    titled = [(desk.newsroom.headline(topic), SHORT[topic]) for topic in topics]
    if pen.chance(0.75):
        return "\n".join(f"{title} ({topic})" for title, topic in titled)
    blocks = [f"제목: {title}\n분야: {topic}" for title, topic in titled]
    return "\n\n".join([f"{_TOPIC}\n{blocks[0]}", *blocks[1:]])


def _pairs(desk: Desk) -> str:
    """Sentence pairs: mostly 같음 or 다름 after them, else a question (docs/paper.md, section 4.1)."""
    pen, blocks = desk.pen, []
    short = pen.chance(0.75)
    for _ in range(pen.count(4, 10)):
        first, second, score = sentence_pair(desk)
        if first == second or pen.is_held_out(first) or pen.is_held_out(second):
            continue
        if short:
            answer = "같음" if score >= 3 else "다름"
            blocks.append(f"문장1: {first}\n문장2: {second}\n정답: {answer}")
        else:
            answer = "예" if score >= 3 else "아니오"
            lead = "" if blocks else f"{_LIKE}\n"
            blocks.append(f"{lead}문장 1: {first}\n문장 2: {second}\n정답: {answer}")
    return "\n\n".join(blocks)


def _translations(desk: Desk) -> str:
    pen = desk.pen
    forward, blocks = pen.chance(0.5), []
    for _ in range(pen.count(5, 14)):
        korean, translation, _ = korean_english(desk)
        if pen.is_held_out(korean) or pen.is_held_out(translation):
            continue
        sides = [f"한국어: {korean}", f"영어: {translation}"]
        blocks.append("\n".join(sides if forward else sides[::-1]))
    return "\n\n".join(blocks)


def _rewrites(desk: Desk) -> str:
    pen, blocks = desk.pen, []
    for _ in range(pen.count(3, 7)):
        turns, query, rewrite = query_modification(desk)
        if any(map(pen.is_held_out, (*turns, query, rewrite))):
            continue
        blocks.append("\n".join(["대화:", *turns, f"질의: {query}", f"수정: {rewrite}"]))
    return "\n\n".join(blocks)


def recipes(shown: Shown = Shown()) -> tuple[Recipe, ...]:
    """Returns all recipes."""
    return (
        Recipe("blog", "restaurant visit", 5, partial(_visit, kind="shop", group="foodaspect")),
        Recipe("blog", "film seen", 4, partial(_visit, kind="film", group="aspect")),
        Recipe("blog", "product bought", 4, partial(_visit, kind="product", group="productaspect")),
        Recipe("blog", "trip", 3, partial(_visit, kind="city")),
        Recipe("blog", "event visited", 2, partial(_visit, kind="event")),
        Recipe("blog", "diary", 3, _diary),
        Recipe("blog", "labelled reviews", 8.5, _review_list),
        Recipe("blog", "events", 0.5, lambda desk: event_list(desk.pen, desk.world)),
        Recipe("blog", "translations", 4, _translations),
        Recipe("cafe", "talk", 5.5, _cafe),
        Recipe("cafe", "labelled reviews", 10, _review_list),
        Recipe("cafe", "intents", 1.5, lambda desk: intent_list(desk.pen, shown.intents)),
        Recipe("cafe", "reservations", 1, lambda d: reservation_dialogue(d.pen, shown.tested)),
        Recipe("cafe", "sentence pairs", 3, _pairs),
        Recipe("cafe", "rewritten queries", 2, _rewrites),
        Recipe("news", "article", 10, _article),
        Recipe("news", "headlines with topics", 4, _headline_list),
        Recipe("comments", "comments", 4, _comments),
        Recipe("comments", "labelled reviews", 10, _review_list),
        Recipe("kin", "questions on facts", 4, _kin_facts),
        Recipe("kin", "advice", 2, _kin_advice),
        Recipe(
            "kin", "questions on a passage", 4, partial(_passage_questions, closed=shown.closed)
        ),
        Recipe("wiki", "article", 5, _wiki),
    )


DOCUMENT_KINDS = ("blog", "cafe", "news", "comments", "kin", "wiki")


def documents(desk: Desk, kind: str, size: int, shown: Shown) -> Iterator[dict[str, Any]]:
    """Yields documents of a kind until their text reaches its share of `size` bytes.

    The recipe that lags furthest behind its share writes next.
    """
    mine = [recipe for recipe in recipes(shown) if recipe.kind == kind]
    written = dict.fromkeys((recipe.name for recipe in mine), 0)
    goal = sum(recipe.share for recipe in mine) / 100 * size
    number, total = 0, 0
    while total < goal:
        recipe = min(mine, key=lambda recipe: written[recipe.name] / recipe.share)
        text = recipe.write(desk)
        if not text:
            continue
        length = len(text.encode())
        written[recipe.name] += length
        total += length
        known = desk.reviewer.page(text) if recipe.write is _review_list else {}
        yield {
            "id": f"{kind}-{number:06d}",
            "text": text,
            "source": kind,
            "meta": {"synthetic": True, "recipe": recipe.name, **known},
        }
        number += 1


def plain_share() -> float:
    """Returns the percent of all bytes that is plain prose."""
    formatted = ("labelled reviews", "translations", "sentence pairs", "rewritten queries")
    formatted += ("headlines with topics", "questions on a passage")
    formatted += ("intents", "reservations", "events")
    return sum(recipe.share for recipe in recipes() if recipe.name not in formatted)
