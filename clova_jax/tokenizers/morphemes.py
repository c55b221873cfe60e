"""Where Kiwi sees morphemes, as cuts of the original string.

Only cuts are taken from the analysis, never its spelling, so pieces always join to the text. A
cut that falls inside another morpheme (했 = 하 + 었) is dropped.

Eojeol analysis looks at one *core* at a time: a run of Hangul syllables with the ASCII digits and
letters grown into it. Digits read as 0 and letters as a, so "2021년에" and "1987년에" are analysed
once; punctuation, jamo and everything else never reaches Kiwi, whose time is quadratic on some of
it. Cores over 30 characters are cut there first, and runs of 100 are left alone.
"""

import functools
import importlib.metadata
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from clova_jax.tokenizers.memo import Memo
from clova_jax.tokenizers.words import LONGEST, split_words

Cuts = tuple[int, ...]

_plain = re.compile(" ?([가-힣]{1,20})").fullmatch
has_hangul = re.compile("[가-힣]").search
_CORES = re.compile(r"[0-9A-Za-z]{0,10}[가-힣][0-9A-Za-z가-힣]{0,20}")
_ALIKE = {ord(c): ("0" if c.isdigit() else "a") for c in map(chr, range(128)) if c.isalnum()}
_LINE = re.compile(r"[^\n]{1,500}(?=\s)|[^\n]{1,500}|\n+")  # what sentence analysis sees at once


def kiwi_version() -> str:
    """Versions of the analyser and its model, which decide the cuts."""
    names = ("kiwipiepy", "kiwipiepy_model")
    return " ".join(f"{name}=={importlib.metadata.version(name)}" for name in names)


@functools.cache
def _kiwi() -> Any:
    from kiwipiepy import Kiwi  # here: it takes a second and half a gigabyte

    return Kiwi(model_type="cong")


# Threads of the analyser do not survive a fork; the child starts its own.
os.register_at_fork(after_in_child=_kiwi.cache_clear)


def _analyse(texts: Sequence[str]) -> Iterator[Cuts]:
    """The cuts of each text: starts of morphemes that lie inside no other morpheme."""
    share: dict[Cuts, Cuts] = {}  # few patterns, many texts: one object each
    for tokens in _kiwi().tokenize(texts):
        inside: set[int] = set()
        starts = set()
        for token in tokens:
            starts.add(token.start)
            if token.len > 1:
                inside.update(range(token.start + 1, token.start + token.len))
        starts.discard(0)
        cuts = tuple(sorted(starts - inside))
        yield share.setdefault(cuts, cuts)


class Morphemes:
    """Cuts words, or whole texts, into morphemes.

    Args:
        known: analysed cores with a space at each cut ("영화 를"), from an earlier run.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._memo: Memo[Cuts] = Memo()
        share: dict[Cuts, Cuts] = {}
        for line in known:
            parts = line.split(" ")
            cuts = tuple(_starts(parts))
            self._memo.young["".join(parts)] = share.setdefault(cuts, cuts)

    def cut_words(self, words: Sequence[str]) -> list[list[str]]:
        """The pieces of each word; a space before a word stays with its first piece.

        Words of `LONGEST` characters are parts of longer runs: no eojeol, so not analysed.
        """
        found: list[str | list[tuple[int, int, str]]] = []
        cores = set()
        for word in words:
            if match := _plain(word):
                found.append(match[1])
                cores.add(match[1])
            elif len(word) < LONGEST:
                spans = [(*m.span(), m.group().translate(_ALIKE)) for m in _CORES.finditer(word)]
                found.append(spans)
                cores.update(core for _, _, core in spans)
            else:
                found.append([])
        known = self._memo.young
        if unseen := cores.difference(known):
            self._memo.learn(known, unseen, _analyse)
        return [_cut(word, where, known) for word, where in zip(words, found, strict=True)]

    def cut_texts(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """The pieces of each text, every line analysed whole (no memo: the context decides)."""
        for text in texts:
            lines = _LINE.findall(text)
            # Outside the basic plane Kiwi counts in UTF-16 units: a stand-in keeps the offsets.
            analysed = _analyse([re.sub(r"[^\x00-\uffff]", "\ufffd", line) for line in lines])
            cuts: set[int] = set()
            start = 0
            for line, line_cuts in zip(lines, analysed, strict=True):
                cuts.update(start + cut for cut in line_cuts)
                start += len(line)
            yield list(_cut_text(text, cuts))

    def lines(self, cores: Sequence[str]) -> list[str]:
        """Cores with a space at each cut, as `known` takes them; analyses those not seen yet."""
        known = self._memo.young
        self._memo.learn(known, set(cores).difference(known), _analyse)
        return [" ".join(_parts(core, known[core])) for core in cores]


def cores_of(word: str) -> list[str]:
    """What of a word is looked up or analysed."""
    if len(word) >= LONGEST:
        return []
    return [core.translate(_ALIKE) for core in _CORES.findall(word)]


def _starts(parts: Sequence[str]) -> Iterator[int]:
    at = 0
    for part in parts[:-1]:
        at += len(part)
        yield at


def _parts(text: str, cuts: Sequence[int]) -> list[str]:
    if not cuts:
        return [text]
    ends = (*cuts, len(text))
    return [text[:end] if n == 0 else text[ends[n - 1] : end] for n, end in enumerate(ends)]


def _cut(word: str, where: str | list[tuple[int, int, str]], known: dict[str, Cuts]) -> list[str]:
    if isinstance(where, str):  # the whole word, but for its space: the common case, made short
        cuts = known[where]
        if not cuts:
            return [word]
        shift = len(word) - len(where)
        if len(cuts) == 1:
            cut = cuts[0] + shift
            return [word[:cut], word[cut:]]
        return _parts(word, [cut + shift for cut in cuts])
    if not where:
        return [word]
    inner = set()
    for start, end, core in where:
        inner.update((start, end))
        inner.update([start + cut for cut in known[core]])
    inner.difference_update((0, 1 if word[0] == " " else 0, len(word)))
    return _parts(word, sorted(inner))


def _cut_text(text: str, cuts: set[int]) -> Iterator[str]:
    at = 0
    for word in split_words(text):
        first = 1 if word[0] == " " else 0
        inner = set()
        for core in _CORES.finditer(word) if len(word) < LONGEST else ():
            inner.update(core.span())
            inner.update(c - at for c in range(at + core.start(), at + core.end()) if c in cuts)
        inner.difference_update((0, first, len(word)))
        yield from _parts(word, sorted(inner))
        at += len(word)
