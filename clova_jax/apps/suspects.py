"""Finds where in a growing text a finding may lie, and from where on more text could still change that.

A suspect is cheap to see and holds every finding: a run of characters in which a number could be written, a sign of an e-mail
address, the seed of a swear word. Suspects that stand close to each other are one region, which is judged as a whole.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from clova_jax.corpus import LIKE, SEEDS, SEPARATORS, find, swear_words

CONTEXT = 150  # characters before a region that its verdict depends on
REACH = {"personal": 40, "curse": 150}  # and behind it
TOKENS = 3  # of the end of a text that the sign of an e-mail address may still follow: `kim [ at`
LONGEST = 200  # characters of these tokens together
ADDRESS = 130  # characters of a domain
WORD = 30  # characters of a swear word and its particles
BEFORE_SEED = 10
LEAST_DIGITS = 6

_DIGITS = rf"\d①-⑨⑴-⑼❶-❾➀-➈➊-➒⓵-⓽⓪⓿🄋🄌{LIKE}"
_NUMBER = re.compile(rf"[{_DIGITS}{SEPARATORS}에]+")
_NUMBER_AT_END = re.compile(rf"[{_DIGITS}{SEPARATORS}에]+\Z")
_digits = re.compile(f"[{_DIGITS}]").findall
_TOKEN = re.compile(r"\S+")
_SIGN = re.compile(r"[@＠﹫]|골뱅이|[\[(<{ ](?:at|AT)[\])>} ]")


@dataclass(frozen=True)
class Span:
    """A region: `text[start:end]`, whose verdict depends on `reach` characters behind it."""

    start: int
    end: int
    reach: int


def hold_from(text: str, decided: int) -> int:
    """Returns where the end of a text begins in which a suspect could still begin or grow."""
    floor = max(decided, len(text) - LONGEST)
    at = len(text)
    for _ in range(TOKENS):
        while at > floor and text[at - 1].isspace():
            at -= 1
        while at > floor and not text[at - 1].isspace():
            at -= 1
    number = _NUMBER_AT_END.search(text, max(decided, at - LONGEST))
    while number and number.start() > decided and number.start() == at - LONGEST:
        at -= LONGEST  # a run that is longer still
        number = _NUMBER_AT_END.search(text, max(decided, at - LONGEST))
    return min(at, number.start()) if number else at


def suspect_regions(text: str, start: int, kinds: Collection[str]) -> Iterator[Span]:
    """Yields the regions from `start` on, in order; those that end within each other's reach are one."""
    spans: list[tuple[int, int]] = []
    if "personal" in kinds:
        spans += _numbers(text, start)
        spans += _addresses(text, start)
    if "curse" in kinds:
        spans += _seeds(text, start)
    reach = max((REACH[kind] for kind in kinds), default=0)
    spans.sort()
    while spans:
        begin, end = spans.pop(0)
        while spans and spans[0][0] < end + reach:
            end = max(end, spans.pop(0)[1])
        yield Span(begin, min(end, len(text)), reach)


def finding_spans(text: str, region: Span, kinds: Collection[str]) -> list[tuple[str, int, int]]:
    """Returns the findings of a region, as (kind, start, end), in order; personal data with their type: `personal:phone`."""
    first = max(0, region.start - CONTEXT)
    window = text[first : region.end + region.reach]
    found: list[tuple[str, int, int]] = []
    if "personal" in kinds:
        found += [(f"personal:{one.type}", one.start, one.end) for one in find(window)]
    if "curse" in kinds:
        found += [("curse", word.start, word.end) for word in swear_words(window)]
    spans = [
        (kind, max(start + first, region.start), min(end + first, region.end))
        for kind, start, end in found
    ]
    return sorted((one for one in spans if one[1] < one[2]), key=lambda one: one[1:])


def _numbers(text: str, start: int) -> Iterator[tuple[int, int]]:
    for match in _NUMBER.finditer(text, start):
        if len(match[0]) >= LEAST_DIGITS and len(_digits(match[0])) >= LEAST_DIGITS:
            yield match.span()


def _addresses(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yields tokens with many digits or colons, and what stands around the sign of an e-mail address."""
    starts: list[int] = []
    for match in _TOKEN.finditer(text, start):
        starts.append(match.start())
        token = match[0]
        if len(token) < LEAST_DIGITS:
            continue
        if sum(map(str.isdigit, token)) >= LEAST_DIGITS or token.count(":") >= 3:
            yield match.span()
    for match in _SIGN.finditer(text, start):
        at, before = match.start(), [place for place in starts if place < match.end()]
        first = before[-TOKENS] if len(before) >= TOKENS else start
        # A little less than what was held back when only a part of the sign was there.
        yield max(start, first, at - LONGEST + len("골뱅이 ")), match.end() + ADDRESS


def _seeds(text: str, start: int) -> Iterator[tuple[int, int]]:
    match = SEEDS.search(text, start)
    while match:
        yield max(start, match.start() - BEFORE_SEED), match.end() + WORD
        match = SEEDS.search(text, match.start() + 1)
