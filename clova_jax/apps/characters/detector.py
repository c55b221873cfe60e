"""Finds what does not fit a character in a reply, and names it; notices a guest's mood. Learned from talks of other characters."""

from collections.abc import Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from clova_jax.apps.characters.persona import Persona
from clova_jax.labelled import CharacterTalk

VIOLATIONS = ("empty", "phrase", "level", "fact", "world")
"""A reply that says nothing; does not begin with the character's phrase; is of another speech level; says something else of
the character than its facts; names things of another world."""
SURE = 0.5  # probability of another world, from which it is one


class Detector:
    """Judges replies.

    Args:
        talks: of characters; their replies are what is learned from.
    """

    def __init__(self, talks: Sequence[CharacterTalk]) -> None:
        rows = [(talk, one) for talk in talks for one in talk.exchanges]
        texts = [_bare(one.reply, talk.phrase) for talk, one in rows]
        self._level = _classifier().fit(texts, [talk.level for talk, _ in rows])
        self._about = _classifier().fit(texts, [_label(one) for _, one in rows])
        worlds = [(one.reply, talk.world) for talk, one in rows if one.kind == "world"]
        self._world = _classifier().fit(*zip(*worlds, strict=True))

    def violations(self, persona: Persona, reply: str) -> list[str]:
        """Returns what does not fit, in order of `VIOLATIONS`; fields that the persona leaves open are not judged."""
        return self.all_violations([(persona, reply)])[0]

    def all_violations(self, rows: Sequence[tuple[Persona, str]]) -> list[list[str]]:
        """Returns what `violations` returns of each reply."""
        if not rows:
            return []
        texts = [_bare(reply, persona.phrase) or " " for persona, reply in rows]
        levels, abouts = self._level.predict(texts), self._about.predict(texts)
        worlds = self._world.predict_proba([reply or " " for _, reply in rows])
        found = []
        for number, (persona, reply) in enumerate(rows):
            if not texts[number].strip():
                found.append(["empty"])
                continue
            wrong = []
            if persona.phrase and not reply.startswith(persona.phrase):
                wrong.append("phrase")
            if persona.level and levels[number] != persona.level:
                wrong.append("level")
            kind, _, about = abouts[number].partition(" ")
            value = persona.facts.get(about, "")
            if kind == "own" and value and value not in reply:
                wrong.append("fact")
            others = [
                p
                for p, world in zip(worlds[number], self._world.classes_, strict=True)
                if world != persona.world
            ]
            if kind == "world" and persona.world and max(others) > SURE:
                wrong.append("world")
            found.append(wrong)
        return found

    def about(self, replies: Sequence[str]) -> list[str]:
        """Returns what replies are taken to be about: `own 취미`, `feeling 슬픔`, `talk`."""
        return list(self._about.predict(list(replies))) if replies else []

    def levels(self, replies: Sequence[str]) -> list[str]:
        """Returns the speech level of replies."""
        return list(self._level.predict(list(replies))) if replies else []


class Moods:
    """Notices moods in what guests say.

    Args:
        talks: whose guests are learned from.
    """

    def __init__(self, talks: Sequence[CharacterTalk]) -> None:
        said = [one for talk in talks for one in talk.exchanges]
        moods = [one.about if one.kind == "feeling" else "" for one in said]
        self._mood = _classifier().fit([one.guest for one in said], moods)

    def __call__(self, guests: Sequence[str]) -> list[str]:
        """Returns the mood of each text, empty for none."""
        return list(self._mood.predict(list(guests))) if guests else []


def _label(one: Any) -> str:
    return (
        f"{one.kind} {one.about}".strip() if one.kind in ("own", "feeling", "world") else one.kind
    )


def _bare(reply: str, phrase: str) -> str:
    """Returns a reply without the phrase that it begins with, which says nothing of its level."""
    return reply.removeprefix(phrase).lstrip(", ") if phrase else reply


def _classifier() -> Pipeline:
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    return make_pipeline(grams, LogisticRegression(C=20, max_iter=300))
