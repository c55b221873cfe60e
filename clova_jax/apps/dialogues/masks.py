"""Puts a mark in the place of each value of a goal, and the values back: a model writes about slots, not about values.

A model of ten million parameters learns how people speak of a day before it learns to copy a day from a script. With marks it has
nothing to copy (delexicalisation: Wen et al. 2015), and a value of a domain that it has never seen cannot come out wrong.
"""

import re
from collections.abc import Mapping, Sequence

from clova_jax.sample import PARTICLES, josa

DOMAIN = "영역"
"""What the name of the domain is marked as."""

_MARK = re.compile(r"\[([^\[\]\n]+)\]")
_FORMS = {form: name for name, forms in PARTICLES.items() for form in forms} | {
    "으로": "으로",
    "로": "으로",
}
_MARK_AND_PARTICLE = re.compile(
    rf"{_MARK.pattern}(?:({'|'.join(sorted(_FORMS, key=len, reverse=True))})(?![가-힣]))?"
)


def mark(slot: str) -> str:
    """Returns what stands for the value of a slot."""
    return f"[{slot}]"


def marked(text: str) -> list[str]:
    """Returns the slots whose marks a text has."""
    return _MARK.findall(text)


def mask(text: str, values: Sequence[tuple[str, str]]) -> str:
    """Returns a text with marks for values, given as `(slot, value)`; the longest are taken first, spaces do not count."""
    if not values:
        return text
    solid = {"".join(value.split()): slot for slot, value in reversed(values)}
    ways = (r"\s*".join(map(re.escape, value)) for value in sorted(solid, key=len, reverse=True))
    return re.sub("|".join(ways), lambda found: mark(solid["".join(found[0].split())]), text)


def unmask(text: str, values: Mapping[str, str]) -> str:
    """Returns a text with values for marks; a particle after one gets the form that fits.

    Raises:
        KeyError: a mark has no value.
    """

    def put(found: re.Match[str]) -> str:
        value, form = values[found[1]], found[2]
        return josa(value, _FORMS[form]) if form else value

    return _MARK_AND_PARTICLE.sub(put, text)
