"""Writes everyday events as frames: who did what, where, when, how; in Korean or in English.

A frame can be told in several ways (register, word order, synonym), which makes paraphrases, and
changed in one or more places, which makes pairs that look alike and say something else.
"""

from dataclasses import dataclass, replace

from clova_jax.sample.hangul import conjugate, josa, romanize_name
from clova_jax.sample.lexicon import Predicate
from clova_jax.sample.pen import REGISTERS, Pen, circumstance

_LINKS = ("고", "고", "고", "었지만", "고 나서", "기 전에")
_AT = {  # where a happening with a noun of a class takes place
    "at_food": ("food", "drink", "soup", "baked"),
    "at_shop": ("thing", "furniture"),
    "at_study": ("study", "skill"),
    "at_read": ("media", "paper"),
    "at_show": ("show",),
    "at_animal": ("animal", "pet"),
}
_PLACES = {noun: place for place, nouns in _AT.items() for noun in nouns}


@dataclass(frozen=True)
class Frame:
    """Describes one event. An empty string leaves a part out; `group` is the noun's class."""

    subject: str
    subject_english: str
    time: str
    place: str
    noun: str
    group: str
    manner: str
    predicate: Predicate


class Everyday:
    """Makes frames and sentences with one pen. `names` are the people it may speak of."""

    def __init__(self, pen: Pen, names: list[str]) -> None:
        self.pen, self.names = pen, names
        predicates = pen.lexicon.predicates
        self.actions = [p for p in predicates if p.part == "v" and p.particle != "이"]
        self.things = [p for p in self.actions if p.particle == "을" and "place" not in p.nouns]
        self.states = [p for p in predicates if p.particle == "이" and p.nouns != ("person",)]
        people = [p for p in predicates if p.particle == "이" and p.nouns == ("person",)]
        self.moods = [p for p in people if p.synonyms == "M"]
        self.traits = [p for p in people if p.synonyms != "M"]
        self.doing = {
            group: [p for p in self.actions if group in p.nouns]
            for state in self.states
            for group in state.nouns
            if group != "weather"
        }
        self.synonyms: dict[str, list[Predicate]] = {}
        for predicate in self.actions:
            if predicate.synonyms != "-":
                self.synonyms.setdefault(predicate.synonyms, []).append(predicate)

    def frame(self, bare: bool = False) -> Frame:
        """Draws a random event; `bare` leaves out time, place and manner more often."""
        pen, english = self.pen, self.pen.lexicon.english
        predicate = pen.one(self.actions)
        group = pen.one(predicate.nouns)
        noun = pen.word(group)
        roll = pen.random.random()
        if roll < 0.25:
            subject, subject_english = "나", "I"
        elif roll < 0.65:
            subject = pen.word("person")
            subject_english = english[subject, "person"]
        else:
            subject = pen.one(self.names)
            subject_english = romanize_name(subject)
        keep = 0.45 if bare else 0.75
        where = _PLACES.get(group, "at_any")
        placed = group != "place" and pen.chance(0.5 * keep)
        while noun == subject:
            noun = pen.word(group)
        return Frame(
            subject,
            subject_english,
            pen.word("time") if pen.chance(keep) else "",
            pen.word(where) if placed else "",
            noun,
            group,
            pen.word("manner") if pen.chance(0.3 * keep) else "",
            predicate,
        )

    def head(self, frame: Frame, swap: bool = False, particle: str = "은") -> str:
        """Writes everything before the verb; `swap` puts the subject before the time, manner before place."""
        subject = frame.subject
        if subject:
            subject = "내가" if (subject, particle) == ("나", "이") else josa(subject, particle)
        noun = josa(frame.noun, frame.predicate.particle)
        place = f"{frame.place}에서" if frame.place else ""
        order = (frame.time, subject, place, frame.manner, noun)
        if swap:
            order = (subject, frame.time, frame.manner, place, noun)
        return " ".join(part for part in order if part)

    def korean(self, frame: Frame, register: str, swap: bool = False) -> str:
        """Writes the frame in the past tense, without its full stop."""
        predicate = frame.predicate
        return f"{self.head(frame, swap)} {self.pen.past(predicate.stem, register, predicate.irregular)}"

    def english(self, frame: Frame) -> str:
        """Writes the frame as an English sentence."""
        lexicon = self.pen.lexicon.english
        noun = lexicon[frame.noun, frame.group]
        parts = [frame.subject_english]
        if frame.manner in ("드디어", "겨우"):
            parts.append(lexicon[frame.manner, "manner"])
        parts += [frame.predicate.past, noun]
        if frame.manner and frame.manner not in ("드디어", "겨우"):
            parts.append(lexicon[frame.manner, "manner"])
        if frame.place:
            parts.append(f"at {lexicon[frame.place, 'place']}")
        if frame.time:
            parts.append(lexicon[frame.time, "time"])
        text = " ".join(parts)
        return text[0].upper() + text[1:] + "."

    def paraphrase(self, frame: Frame) -> Frame:
        """Writes the same event with a synonym where there is one."""
        pool = [
            p
            for p in self.synonyms.get(frame.predicate.synonyms, ())
            if frame.group in p.nouns and p.stem != frame.predicate.stem
        ]
        return replace(frame, predicate=self.pen.one(pool)) if pool else frame

    def distort(self, frame: Frame, changes: int) -> Frame:
        """Draws a different event that keeps some of the words."""
        other = self.frame()
        while (
            other.noun == frame.noun or other.predicate.synonyms == frame.predicate.synonyms != "-"
        ):
            other = self.frame()
        fitting = [
            p for p in self.actions if frame.group in p.nouns and p.stem != frame.predicate.stem
        ]
        if changes == 1 and fitting:
            unlike = [
                p for p in fitting if p.synonyms == "-" or p.synonyms != frame.predicate.synonyms
            ]
            return replace(frame, predicate=self.pen.one(unlike or fitting))
        moved = replace(frame, noun=other.noun, group=other.group, predicate=other.predicate)
        if moved.group == "place":
            moved = replace(moved, place="")
        return moved if changes < 3 else replace(moved, subject=other.subject, time=other.time)

    def sentence(self, register: str = "") -> str:
        """Writes a new sentence of one or two clauses, with its full stop."""
        return self.pen.fresh(lambda: self._sentence(register or self.pen.one(REGISTERS)))

    def _sentence(self, register: str) -> str:
        pen, roll = self.pen, self.pen.random.random()
        frame = self.frame()
        lead = f"{pen.word('connective')} " if pen.chance(0.18) else ""
        if roll < 0.04 and frame.subject != "나":
            trait = pen.one(self.traits)
            told = pen.past(trait.stem, register, trait.irregular)
            body = f"{pen.word('time')} {pen.word('place')}에서 만난 {josa(frame.subject, '은')} {pen.word('degree')} {told}"
        elif roll < 0.30:
            body = self.korean(frame, register, pen.chance(0.3))
        elif roll < 0.56:
            body = self._two(frame, register)
        elif roll < 0.78:
            body = self._because(frame, register)
        elif roll < 0.90:
            feeling = pen.one(self.moods)
            cause = frame.predicate.form(pen.one(("어서", "고 나니", "었더니")))
            degree = f"{pen.word('degree')} " if pen.chance(0.6) else ""
            body = f"{self.head(frame)} {cause} {degree}{pen.past(feeling.stem, register, feeling.irregular)}"
        else:
            other = pen.one(
                [
                    name
                    for name in (pen.one(self.names), pen.one(self.names))
                    if name != frame.subject
                ]
                or self.names
            )
            said = frame.predicate.form("었다고")
            verb = pen.one(("말하", "전하", "이야기하", "귀띔하", "쓰"))
            body = f"{josa(other, '은')} {self.head(frame, particle='이')} {said} {pen.past(verb, register)}"
        return stop(pen, lead + body, register)

    def _two(self, frame: Frame, register: str) -> str:
        """Two happenings of one subject, one after the other."""
        pen, second = self.pen, self.pen.one(self.things)
        group = pen.one(second.nouns)
        tail = josa(pen.word(group), second.particle)
        first = frame.predicate.form(pen.one(_LINKS))
        return (
            f"{self.head(frame)} {first} {tail} {pen.past(second.stem, register, second.irregular)}"
        )

    def _because(self, frame: Frame, register: str) -> str:
        """What a thing, a dish, a place or the weather is like, and what one did about it."""
        pen, state = self.pen, self.pen.one(self.states)
        degree = f"{pen.word('degree')} " if pen.chance(0.4) else ""
        turn = ("어서", "어서", circumstance(state.stem, state.part), "었는데")
        if state.nouns == ("weather",):
            why = conjugate(state.stem, pen.one(turn), state.irregular)
            scene = f"{frame.time} 날씨가" if frame.time else "날씨가"
            return f"{scene} {degree}{why} {self.korean(replace(frame, time=''), register)}"
        group = pen.one(state.nouns)
        noun = pen.word(group)
        why = conjugate(state.stem, pen.one(turn), state.irregular)
        fitting = self.doing[group]
        action = pen.one(fitting)
        told = replace(frame, predicate=action, noun=f"그 {noun}", place="")
        return f"{josa(noun, '이')} {degree}{why} {self.korean(told, register)}"


def stop(pen: Pen, text: str, register: str) -> str:
    """Ends the sentence with the mark of its register."""
    if register in ("plain", "formal"):
        return text + "."
    return text + pen.one(
        (".", ".", ".", "!", "~", "..", " ㅎㅎ", " ㅋㅋ" if register != "polite" else "^^")
    )
