"""Finds and counts swear words in a text, and replaces them by milder words.

The rules are in `profanity_lexicon`. A text in which no seed of a rule stands costs a few searches for
substrings; only around a match is anything else looked at, and never further than 150 characters.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from clova_jax.common.hangul import is_syllable, split
from clova_jax.corpus.clean.profanity.lexicon import RULES
from clova_jax.corpus.clean.profanity.rule import Rule
from clova_jax.corpus.clean.profanity.spelling import QUARREL

# Characters looked at before a match, and on either side of it.
_LEFT, _NEAR, _QUARREL = 20, 60, 150
_QUARREL_SIGNS = re.compile(QUARREL)
_PASSES = 8

# Spelling of before 1933, or Hanja among the Hangul: of 병신 and 새끼 the plain senses were usual then. A
# short text can not show it, and comments with such misspellings are short.
_PERIOD = re.compile(
    "[一-鿿]|하야|가[티튼]|[조만]흔|업[섯슴]|안이[하한]|[하되]얏|[잇엇엿햇갓앗][다스서는슴지]"
)
_GLOSS = re.compile(r"\([^()\n]{0,60}\)")  # Hanja there says what a Hangul word means
_PERIOD_SHARE, _PERIOD_LENGTH = 200, 500  # one in so many characters of so many at least


class Swear(NamedTuple):
    """Holds a swear word that was found: its first character, the one after its last, and its milder form."""

    start: int
    end: int
    mild: str


@dataclass(frozen=True)
class _Compiled:
    rule: Rule
    pattern: re.Pattern[str]
    left: re.Pattern[str] | None
    not_left: re.Pattern[str] | None
    near: re.Pattern[str] | None


def _compile(rule: Rule) -> _Compiled:
    left, not_left, near = (
        re.compile(text) if text else None for text in (rule.left, rule.not_left, rule.near)
    )
    return _Compiled(rule, re.compile(rule.pattern), left, not_left, near)


def _index(rules: tuple[Rule, ...]) -> tuple[re.Pattern[str], dict[str, list[_Compiled]]]:
    """One pattern of all seeds, the longest first, and the rules of each seed and of its beginnings."""
    compiled = [_compile(rule) for rule in rules]
    seeds = sorted({seed for rule in rules for seed in rule.seeds}, key=lambda s: (-len(s), s))
    of = {seed: [rule for rule in compiled if seed.startswith(rule.rule.seeds)] for seed in seeds}
    by_first: dict[str, list[str]] = {}
    for seed in seeds:
        by_first.setdefault(seed[0], []).append(re.escape(seed[1:]))
    return re.compile(
        "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in by_first.items())
    ), of


SEEDS, _RULES_OF = _index(RULES)


def is_period(text: str) -> bool:
    """Checks whether a text is in the spelling of the early 20th century, or mixes Hanja into Hangul."""
    if len(text) < _PERIOD_LENGTH:
        return False
    return len(_PERIOD.findall(_GLOSS.sub("", text))) * _PERIOD_SHARE >= len(text)


def swear_words(text: str) -> list[Swear]:
    """Finds the swear words of a text in order; none overlap (of two, the earlier, then the longer)."""
    found: list[tuple[int, int, int, _Compiled]] = []
    seed = SEEDS.search(text)
    while seed:
        for number, rule in enumerate(_RULES_OF[seed.group()]):
            span = _match(text, seed.start(), rule)
            if span:
                found.append((span[0], -span[1], number, rule))
        seed = SEEDS.search(text, seed.start() + 1)
    if not found:
        return []
    if is_period(text):
        found = [row for row in found if row[3].rule.period]
    found.sort(key=lambda row: row[:3])
    words: list[Swear] = []
    for start, end, _, rule in found:
        if not words or start >= words[-1].end:
            words.append(_softened(text, start, -end, rule.rule))
    return words


def _match(text: str, seed: int, rule: _Compiled) -> tuple[int, int] | None:
    """The span of a rule's match around a seed, if its surroundings allow it."""
    for start in range(max(0, seed - rule.rule.before), seed + 1):
        match = rule.pattern.match(text, start)
        if not match or match.end() <= seed:
            continue
        left = max(0, start - _LEFT)
        if rule.left and not rule.left.search(text, left, start):
            continue
        if rule.not_left and rule.not_left.search(text, left, start):
            continue
        if rule.rule.quarrel and not (
            _QUARREL_SIGNS.search(text, max(0, start - _QUARREL), start)
            or _QUARREL_SIGNS.search(text, match.end(), match.end() + _QUARREL)
        ):
            continue
        near = rule.near
        if near and (
            near.search(text, max(0, start - _NEAR), start)
            or near.search(text, match.end(), match.end() + _NEAR)
        ):
            continue
        return match.span()
    return None


def _softened(text: str, start: int, end: int, rule: Rule) -> Swear:
    """Returns the match with its milder form, particles fitted and spaces put in where needed."""
    word = text[start:end]
    mild = rule.mild
    if isinstance(mild, dict):
        mild = mild[max((form for form in mild if word.endswith(form)), key=len)]
    if rule.kind == "noun":
        tail = _TAIL.match(text, end).group()
        fitted = fit_particle(tail, _closed(word), mild, _is_called(text, start))
        while tail and fitted and tail[-1] == fitted[-1]:  # only the particle is replaced
            tail, fitted = tail[:-1], fitted[:-1]
        end, mild = end + len(tail), mild + fitted
    elif rule.kind == "word" and end < len(text) and is_syllable(text[end]):
        mild += " "
    if mild and start and is_syllable(text[start - 1]) and not isinstance(rule.mild, dict):
        mild = " " + mild
    return Swear(start, end, mild)


_TAIL = re.compile("[가-힣]{0,8}")
_CALLED = re.compile(r"(?:^|[^가-힣\s]\s*|(?:^|[^가-힣])(?:이|야|요|저|그|이런)\s?)$")
# A particle or the copula after an open syllable, and the same after a closed one. `X*` stands for X
# before more of its eojeol, `X` alone for the whole of it.
_PAIRS = (
    ("가", "이"),
    ("는", "은"),
    ("를", "을"),
    ("와", "과"),
    ("로", "으로"),
    ("로*", "으로*"),
    ("는*", "은*"),
    ("예요", "이에요"),
    ("에요", "이에요"),
    ("였*", "이었*"),
    ("라*", "이라*"),
    ("다*", "이다*"),
    ("네*", "이네*"),
    ("지*", "이지*"),
    ("고*", "이고*"),
    ("냐*", "이냐*"),
    ("니*", "이니*"),
    ("면*", "이면*"),
    ("며*", "이며*"),
    ("든*", "이든*"),
    ("나*", "이나*"),
    ("랑*", "이랑*"),
    ("여", "이여"),
    ("야*", "이야*"),
)


def _closed(word: str) -> bool:
    """Whether a word ends in a consonant as it is read: ㅂㅅ is read 병신, ㅅㄲ 새끼."""
    last = word[-1]
    return split(last)[2] != " " if is_syllable(last) else last not in "ㄲ끼"


def _is_called(text: str, start: int) -> bool:
    """Whether a noun there followed by 야 or 아 is called to: `이 새끼야`, not `나쁜 새끼야`."""
    return bool(_CALLED.search(text, max(0, start - _LEFT), start))


def fit_particle(tail: str, closed: bool, noun: str, called: bool = False) -> str:
    """Fits what follows a noun in its eojeol to another noun in its place.

    Args:
        tail: Hangul that followed the old noun, such as `가`, `은커녕`, `였다`.
        closed: whether the old noun ended in a consonant.
        noun: the new one, which ends in a vowel or in a consonant other than ㄹ.
        called: whether a 야 calls to somebody (a vocative) rather than being the copula.
    """
    if closed == _closed(noun) or not tail:
        return tail
    if closed and tail == "아":
        return "야"
    if not closed and tail == "야" and called:
        return "아"
    for open_form, closed_form in _PAIRS:
        old, new = (closed_form, open_form) if closed else (open_form, closed_form)
        if tail == old.rstrip("*"):
            return new.rstrip("*")
        if old.endswith("*") and tail.startswith(old[:-1]):
            return new[:-1] + tail[len(old) - 1 :]
    return tail


def soften(text: str) -> tuple[str, int]:
    """Puts mild words in the place of swear words, so that none is found afterwards.

    Returns:
        The text, and how many words changed.
    """
    changed = 0
    for _ in range(_PASSES):
        words = swear_words(text)
        if not words:
            break
        pieces, at = [], 0
        for word in words:
            pieces += text[at : word.start], word.mild
            at = word.end
        text, changed = "".join(pieces) + text[at:], changed + len(words)
    return text, changed


def profanity_share(text: str) -> float:
    """Divides the number of swear words by that of eojeols."""
    return len(swear_words(text)) / max(len(text.split()), 1)
