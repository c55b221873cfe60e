"""Everyday happenings as frames: who did what, where, when, how; said in Korean or in English.

A frame can be told in several ways (register, word order, synonym), which makes paraphrases, and
changed in one or more places, which makes pairs that look alike and say something else.
"""

from dataclasses import dataclass, replace

from clova_jax.corpus.sample.hangul import conjugate, josa, romanize
from clova_jax.corpus.sample.lexicon import Predicate
from clova_jax.corpus.sample.pen import REGISTERS, Pen, circumstance

_LINKS = ("고", "어서", "지만", "는데", "으면서", "으려다가")


@dataclass(frozen=True)
class Frame:
    """One happening. An empty string leaves a part unsaid; `group` is the noun's class."""

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
        self.feelings = [p for p in predicates if p.particle == "이" and p.nouns == ("person",)]
        self.synonyms: dict[str, list[Predicate]] = {}
        for predicate in self.actions:
            if predicate.synonyms != "-":
                self.synonyms.setdefault(predicate.synonyms, []).append(predicate)

    def frame(self, bare: bool = False) -> Frame:
        """A random happening; `bare` leaves out time, place and manner more often."""
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
            subject_english = f"{romanize(subject[0])} {romanize(subject[1:])}"
        keep = 0.45 if bare else 0.75
        placed = group != "place" and pen.chance(0.5 * keep)
        return Frame(
            subject,
            subject_english,
            pen.word("time") if pen.chance(keep) else "",
            pen.word("place") if placed else "",
            noun,
            group,
            pen.word("manner") if pen.chance(0.3 * keep) else "",
            predicate,
        )

    def head(self, frame: Frame, swap: bool = False) -> str:
        """Everything before the verb; `swap` puts the place first and the subject before the time."""
        subject = "나는" if frame.subject == "나" else josa(frame.subject, "은")
        noun = josa(frame.noun, frame.predicate.particle)
        place = f"{frame.place}에서" if frame.place else ""
        order = (frame.time, subject, place, frame.manner, noun)
        if swap:
            order = (subject, frame.time, frame.manner, place, noun)
        return " ".join(part for part in order if part)

    def korean(self, frame: Frame, register: str, swap: bool = False) -> str:
        """The frame in the past tense, without its full stop."""
        predicate = frame.predicate
        return f"{self.head(frame, swap)} {self.pen.past(predicate.stem, register, predicate.irregular)}"

    def english(self, frame: Frame) -> str:
        """The frame as an English sentence."""
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
        """The same happening with a synonym where there is one."""
        pool = [
            p
            for p in self.synonyms.get(frame.predicate.synonyms, ())
            if frame.group in p.nouns and p.stem != frame.predicate.stem
        ]
        return replace(frame, predicate=self.pen.one(pool)) if pool else frame

    def distort(self, frame: Frame, changes: int) -> Frame:
        """A different happening that keeps some of the words."""
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
        """A sentence of one or two clauses, with its full stop; never one written before."""
        return self.pen.fresh(lambda: self._sentence(register or self.pen.one(REGISTERS)))

    def _sentence(self, register: str) -> str:
        pen, roll = self.pen, self.pen.random.random()
        frame = self.frame()
        lead = f"{pen.word('connective')} " if pen.chance(0.18) else ""
        if roll < 0.30:
            body = self.korean(frame, register, pen.chance(0.3))
        elif roll < 0.62:
            link, second = pen.one(_LINKS), pen.one(self.things)
            first = frame.predicate
            ending = "는데" if link == "는데" else link
            if link in ("지만", "는데"):
                ending = "었" + ending
            tail = josa(pen.word(pen.one(second.nouns)), second.particle)
            body = f"{self.head(frame)} {first.form(ending)} {tail} {pen.past(second.stem, register, second.irregular)}"
        elif roll < 0.80:
            state = pen.one(self.states)
            noun = pen.word(pen.one(state.nouns))
            why = conjugate(
                state.stem,
                pen.one(("어서", circumstance(state.stem, state.part), "지만", "었는데")),
                state.irregular,
            )
            degree = f"{pen.word('degree')} " if pen.chance(0.4) else ""
            subject = (
                f"{pen.word('time')} 날씨가" if state.nouns == ("weather",) else josa(noun, "이")
            )
            body = f"{subject} {degree}{why} {self.korean(replace(frame, time=''), register)}"
        elif roll < 0.92:
            feeling = pen.one(self.feelings)
            cause = (
                frame.predicate.form("어서") if pen.chance(0.5) else frame.predicate.form("고 나니")
            )
            degree = f"{pen.word('degree')} " if pen.chance(0.6) else ""
            body = f"{self.head(frame)} {cause} {degree}{pen.past(feeling.stem, register, feeling.irregular)}"
        else:
            other = pen.one(self.names)
            said = conjugate(frame.predicate.stem, "었다고", frame.predicate.irregular)
            verb = pen.one(("말하", "전하", "이야기하", "귀띔하", "쓰"))
            body = f"{josa(other, '은')} {self.head(frame)} {said} {pen.past(verb, register)}"
        return stop(pen, lead + body, register)


def stop(pen: Pen, text: str, register: str) -> str:
    """The sentence with the mark that ends it in its register."""
    if register in ("plain", "formal"):
        return text + "."
    return text + pen.one(
        (".", ".", ".", "!", "~", "..", " ㅎㅎ", " ㅋㅋ" if register != "polite" else "^^")
    )
