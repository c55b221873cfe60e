"""Breaks queries as people do: a key beside the right one, spaces, letters apart, the wrong keyboard, a wrong fact."""

from collections.abc import Callable

import numpy as np

from clova_jax.apps.queries.keyboard import neighbours, strokes, to_latin, typed
from clova_jax.apps.queries.query import Query
from clova_jax.common.hangul import compose, is_syllable, split

Breaker = Callable[[Query, np.random.Generator], str]


def _one(choices: list[str], random: np.random.Generator, otherwise: str) -> str:
    return choices[random.integers(len(choices))] if choices else otherwise


def neighbour(query: Query, random: np.random.Generator) -> str:
    """Presses the key beside one of the right ones."""
    keys = strokes(query.text)
    places = [at for at, key in enumerate(keys) if neighbours(key)]
    if not places:
        return query.text
    at = places[random.integers(len(places))]
    key = _one(list(neighbours(keys[at])), random, keys[at])
    return typed(keys[:at] + key + keys[at + 1 :])


def spacing(query: Query, random: np.random.Generator) -> str:
    """Leaves a space out, or puts one inside a word; either as often."""
    spaces = [at for at, char in enumerate(query.text) if char == " "]
    joined = [query.text[:at] + query.text[at + 1 :] for at in spaces]
    inside = [at for at in range(1, len(query.text)) if " " not in query.text[at - 1 : at + 1]]
    apart = [query.text[:at] + " " + query.text[at:] for at in inside]
    return _one(joined if random.random() < 0.5 else apart, random, query.text)


def jamo(query: Query, random: np.random.Generator) -> str:
    """Leaves a coda behind its syllable (`하ㄴ글`), or all letters of a word apart; either as often."""
    text = query.text
    if random.random() < 0.5:
        words = text.split(" ")
        at = random.integers(len(words))
        return " ".join([*words[:at], strokes(words[at]), *words[at + 1 :]])
    apart = []
    for at, char in enumerate(text):
        if is_syllable(char) and (letters := split(char))[2] != " ":
            apart.append(text[:at] + compose(*letters[:2]) + letters[2] + text[at + 1 :])
    return _one(apart, random, text)


def latin(query: Query, random: np.random.Generator) -> str:
    """Types with the keyboard switched to Latin."""
    return to_latin(query.text)


def fact(query: Query, random: np.random.Generator) -> str:
    """States another value of the kind: another town, another year."""
    if not query.value:
        return query.text
    return query.text.replace(query.value, _one(list(query.others), random, query.value))


BREAKERS: dict[str, Breaker] = {
    "neighbour": neighbour,
    "spacing": spacing,
    "jamo": jamo,
    "latin": latin,
    "fact": fact,
}
