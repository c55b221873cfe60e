"""Writes pairs of a film review and a sentence that follows from it, contradicts it, or neither, in KLUE-NLI's form.

A review gives its opinion of one aspect or two. The sentence says in plain words whether one of them was good: what
follows has the review's opinion, a contradiction the opposite one, and what is neutral speaks of an aspect that the review
does not name.
"""

from collections.abc import Iterator
from typing import Any

from clova_jax.sample.hangul import conjugate, josa
from clova_jax.sample.pen import Pen

_PLAIN = (
    ("별로다", "나쁘다", "실망스럽다"),
    ("좋다", "훌륭하다", "만족스럽다"),
)
_ROLES = ("aspect", "look", "sound")
_REGISTERS = ("plain", "polite", "casual", "formal")
_TAILS = ("", "", "", ".", "..", "!", "~", "ㅋㅋ")
_OF_A_REVIEW = ("entailment", "neutral", "contradiction")


def review_pairs(pen: Pen, reviews: int, split: str) -> list[dict[str, Any]]:
    """Writes three pairs a review, as rows of `guid, source, premise, hypothesis, gold_label`.

    Args:
        pen: of this split.
        reviews: how many.
        split: `train` or `test`, in the ids.
    """
    rows: list[dict[str, Any]] = []
    for premise, opinions in _reviews(pen, reviews):
        aspect = pen.one(tuple(opinions))
        others = [noun for noun in _aspects(pen) if not any(noun in a for a in opinions)]
        said = {
            "entailment": (aspect, opinions[aspect]),
            "neutral": (pen.one(others), int(pen.chance(0.5))),
            "contradiction": (aspect, 1 - opinions[aspect]),
        }
        for relation in pen.random.sample(_OF_A_REVIEW, 3):
            about, polarity = said[relation]
            row = {"guid": f"review-pairs_{split}_{len(rows):05d}", "source": "synthetic review"}
            row |= {"premise": premise, "hypothesis": _statement(pen, about, polarity)}
            rows.append(row | {"gold_label": relation})
    return rows


def _aspects(pen: Pen) -> list[str]:
    return sorted({noun for role in _ROLES for noun in pen.lexicon.nouns[role]})


def _statement(pen: Pen, aspect: str, polarity: int) -> str:
    return f"{josa(aspect, '이')} {pen.one(_PLAIN[polarity])}."


def _reviews(pen: Pen, count: int) -> Iterator[tuple[str, dict[str, int]]]:
    """Yields different reviews, each with what it thinks of its aspects (1: good)."""
    seen: set[str] = set()
    while len(seen) < count:
        polarity = int(pen.chance(0.5))
        opinions = {pen.word(pen.one(_ROLES)): polarity}
        text = f"{pen.word('intro')} " if pen.chance(0.3) else ""
        (first,) = opinions
        if pen.chance(0.25):
            turned = pen.chance(0.5)
            second = pen.word(pen.one(_ROLES))
            if second in first or first in second:
                continue
            opinions[second] = 1 - polarity if turned else polarity
            text += _clause(pen, first, polarity, "지만" if turned else "고") + " "
            first = second
        text += _clause(pen, first, opinions[first], "") + pen.one(_TAILS)
        if text not in seen and not pen.is_held_out(text):
            seen.add(text)
            yield text, opinions


def _clause(pen: Pen, aspect: str, polarity: int, ending: str) -> str:
    """Writes an opinion of an aspect, with the ending of a clause that is joined to another, or a final one."""
    word = pen.one(pen.lexicon.opinions(polarity, "a", "aspect"))
    if ending:
        return f"{josa(aspect, '은')} {conjugate(word.form, ending, word.irregular)}"
    register = pen.one(_REGISTERS)
    present = pen.present(word.form, word.part, register, word.irregular)
    said = pen.past(word.form, register, word.irregular) if pen.chance(0.4) else present
    return f"{josa(aspect, '이')} {said}"
