"""Checks an answer by rules that a program can decide: words, form, length, code that parses, the word chain.

A rule has a name and an argument in the file of an app; each says of an answer whether it holds. None of them judges taste.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from clova_jax.apps.prompted.word_chain import heads_of
from clova_jax.common.errors import ClovaError
from clova_jax.common.hangul import is_syllable

_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+|[^.!?…]+$")
_VOID = frozenset(("br", "img", "input", "hr", "meta", "link"))


@dataclass(frozen=True)
class Checker:
    """Decides whether answers are what a check wants.

    Args:
        known: inputs and answers of the app's examples, none of which is new.
        words: that the word chain may be gone on with; any where None.
    """

    known: Collection[str] = ()
    words: Collection[str] | None = None

    def fails(self, asked: str, answer: str, wants: Mapping[str, Any]) -> list[str]:
        """Returns the rules that an answer breaks, in order.

        Args:
            asked: the input.
            answer: what was written for it.
            wants: rules with their arguments.
        """
        answer = " ".join(answer.split())
        given = _Given(asked, answer, self)
        return [name for name, value in wants.items() if not RULES[name].holds(given, value)]


def fails(asked: str, answer: str, wants: Mapping[str, Any]) -> list[str]:
    """Returns the rules that an answer breaks where nothing is known of examples and words."""
    return Checker().fails(asked, answer, wants)


def check_wants(wants: Mapping[str, Any], place: str) -> None:
    """Checks that rules are known and have arguments of their kind.

    Raises:
        ClovaError: one is not, or there is none; the message names the place.
    """
    if not wants:
        raise ClovaError(f"{place}: wants nothing; there are {', '.join(RULES)}")
    for name, value in wants.items():
        if name not in RULES:
            raise ClovaError(f"{place}: no rule {name!r}; there are {', '.join(RULES)}")
        if not RULES[name].takes(value):
            raise ClovaError(f"{place}: {name}: {value!r} is not {RULES[name].wanted}")


@dataclass(frozen=True)
class _Given:
    asked: str
    answer: str
    checker: Checker


@dataclass(frozen=True)
class Rule:
    """Holds a rule: what its argument has to be, in words and as a test, and whether an answer keeps it."""

    wanted: str
    takes: Callable[[Any], bool]
    holds: Callable[[_Given, Any], bool]


def _texts(value: Any) -> bool:
    return bool(value) and isinstance(value, list) and all(isinstance(v, str) and v for v in value)


def _range(value: Any) -> bool:
    whole = isinstance(value, list) and [type(v) for v in value] == [int, int]
    return whole and 0 <= value[0] <= value[1]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _text_rule(holds: Callable[[_Given, Sequence[str]], bool]) -> Rule:
    return Rule("a list of texts", _texts, holds)


def _flag(holds: Callable[[_Given], bool]) -> Rule:
    return Rule("true", lambda value: value is True, lambda given, _: holds(given))


def _bare(text: str) -> str:
    """Returns a text without the marks around it, for comparison."""
    return text.strip(" .,!?\"'“”‘’…").casefold()


def _share(text: str, belongs: Callable[[str], bool]) -> float:
    letters = [char for char in text if char.isalpha()]
    return sum(map(belongs, letters)) / len(letters) if letters else 0.0


def _ends(given: _Given, endings: Sequence[str]) -> bool:
    return given.answer.endswith(tuple(endings)) or _bare(given.answer).endswith(tuple(endings))


def _parses(given: _Given) -> bool:
    try:
        ast.parse(given.answer)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(given.answer)


class _Tags(HTMLParser):
    """Counts whether tags are closed in the order in which they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen, self.balanced = 0, True

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen += 1
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.balanced = False


def _is_html(given: _Given) -> bool:
    tags = _Tags()
    tags.feed(given.answer)
    tags.close()
    return tags.seen > 0 and tags.balanced and not tags.open


def _chains(given: _Given) -> bool:
    asked, answer = given.asked.strip(), _bare(given.answer)
    if not asked or not answer or not all(map(is_syllable, answer)) or answer == asked:
        return False
    words = given.checker.words
    return answer[0] in heads_of(asked[-1]) and (words is None or answer in words)


def _is_new(given: _Given) -> bool:
    known = {_bare(one) for one in (given.asked, *given.checker.known)}
    return bool(given.answer) and _bare(given.answer) not in known


RULES: Mapping[str, Rule] = {
    "any": _text_rule(lambda given, texts: any(text in given.answer for text in texts)),
    "all": _text_rule(
        lambda given, texts: all(text.casefold() in given.answer.casefold() for text in texts)
    ),
    "none": _text_rule(lambda given, texts: not any(text in given.answer for text in texts)),
    "is": _text_rule(lambda given, texts: _bare(given.answer) in map(_bare, texts)),
    "begins": _text_rule(lambda given, texts: given.answer.startswith(tuple(texts))),
    "ends": _text_rule(_ends),
    "chars": Rule("[least, most]", _range, lambda given, v: v[0] <= len(given.answer) <= v[1]),
    "sentences": Rule(
        "[least, most]",
        _range,
        lambda given, v: v[0] <= len(_SENTENCE.findall(given.answer)) <= v[1],
    ),
    "commas": Rule("a number", _number, lambda given, n: given.answer.count(",") == n),
    "hangul": Rule("a share", _number, lambda given, v: _share(given.answer, is_syllable) >= v),
    "latin": Rule("a share", _number, lambda given, v: _share(given.answer, str.isascii) >= v),
    "new": _flag(_is_new),
    "python": _flag(_parses),
    "html": _flag(_is_html),
    "chain": _flag(_chains),
}
"""The rules by name."""
