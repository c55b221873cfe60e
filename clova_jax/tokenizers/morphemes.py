"""Finds morphemes with Kiwi, as cuts of the original string.

Only cuts are taken from the analysis, never its spelling, so segments always join to the text. A
cut that falls inside another morpheme (했 = 하 + 었) is dropped.

Eojeol analysis takes one *core* at a time: a run of Hangul syllables with the ASCII digits and
letters grown into it. Digits read as 0 and letters as a, so "2021년에" and "1987년에" are analysed
once; punctuation, jamo and everything else never reaches Kiwi, whose time is quadratic on some of
it. Cores over 30 characters are cut there first, and runs of 100 are left alone.
"""

import ctypes
import functools
import importlib.metadata
import os
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from clova_jax.tokenizers.memo import Memo
from clova_jax.tokenizers.words import LONGEST, split_words

Cuts = tuple[int, ...]
Spans = list[tuple[int, int, str]]

BATCH = 50_000  # words or cores worked on at once
AHEAD = 16  # texts that an iterator of the analyser takes in at once, however few its threads

has_hangul = re.compile("[가-힣]").search
_CORES = re.compile(r"[0-9A-Za-z]{0,10}[가-힣][0-9A-Za-z가-힣]{0,20}")
_SYMBOLS = "[^0-9A-Za-z가-힣]{0,30}+"
# A word of one core, as most are; with 30 symbols at most on either side it stays under `LONGEST`.
_one_core = re.compile(f"{_SYMBOLS}((?>{_CORES.pattern})){_SYMBOLS}\\Z").match
_ALIKE = {ord(c): ("0" if c.isdigit() else "a") for c in map(chr, range(128)) if c.isalnum()}
_LINE = re.compile(r"[^\n]{1,500}(?=\s)|[^\n]{1,500}|\n+")  # what sentence analysis sees at once


def kiwi_version() -> str:
    """Returns the versions of the analyser and its model, which decide the cuts."""
    names = ("kiwipiepy", "kiwipiepy_model")
    return " ".join(f"{name}=={importlib.metadata.version(name)}" for name in names)


@functools.cache
def kiwi() -> Any:
    """Returns Kiwi, one for the process, for what asks more of it than cuts."""
    from kiwipiepy import Kiwi  # here: it takes a second and half a gigabyte

    return Kiwi(model_type="cong")


def _forget() -> None:
    if kiwi.cache_info().currsize:  # never freed: it would wait for its threads
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kiwi()))
    kiwi.cache_clear()


# Threads of the analyser do not survive a fork; the child starts its own.
os.register_at_fork(after_in_child=_forget)


def _analyse(texts: Sequence[str]) -> Iterator[Cuts]:
    """Returns the cuts of each text: starts of morphemes that lie inside no other morpheme.

    The analyser's threads begin at once, not when the first answer is asked for, and each of its iterators has only
    what those take in: with more in it, they wait for Python at every text, and Python for them.
    """
    parts = [texts[at : at + AHEAD] for at in range(0, len(texts), AHEAD)]
    return _cuts(parts, [kiwi().tokenize(part) for part in parts])


def _cuts(parts: list[Sequence[str]], running: list[Iterable[Sequence[Any]]]) -> Iterator[Cuts]:
    share: dict[Cuts, Cuts] = {}  # few patterns, many texts: one object each
    rows = []
    # The last part first: when it is done, all are, and Python has not been woken for each.
    for part, answers in zip(reversed(parts), reversed(running), strict=True):
        found = [_cuts_of(text, tokens) for text, tokens in zip(part, answers, strict=True)]
        rows.append([share.setdefault(cuts, cuts) for cuts in found])
    yield from chain.from_iterable(reversed(rows))


def _cuts_of(text: str, tokens: Sequence[Any]) -> Cuts:
    cuts, last, end = [], 0, 0
    for start, length in sorted((token.start, token.len) for token in tokens):
        if start >= end and start > last:
            cuts.append(start)
            last = start
        end = max(end, start + length)
    if last == len(text) and cuts:  # a morpheme without letters may stand at the end
        cuts.pop()
    return tuple(cuts)


def _analyse_cores(cores: Iterable[str]) -> Iterator[tuple[str, Cuts]]:
    """Returns cores with their cuts. In order: neighbours need the same parts of the model (a fifth less time)."""
    cores = sorted(cores)
    return zip(cores, _analyse(cores), strict=True)


class Morphemes:
    """Cuts words, or whole texts, into morphemes.

    Args:
        known: analysed cores, joined by spaces, under their cuts: {"2": "영화를 사람이", "1 2": …}; never analysed.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        saved: dict[str, Cuts] = {}
        for cuts, cores in (known or {}).items():
            saved.update(dict.fromkeys(cores.split(" "), tuple(map(int, cuts.split()))))
        self._memo: Memo[Cuts] = Memo(kept=saved)

    def cut_words(self, words: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """Yields words with their segments; a space before a word stays with its first segment.

        The order is another: words with new cores come last, since the analyser works on all of those while the
        caller goes through the others. Words of `LONGEST` characters are parts of longer runs: no eojeol, so not analysed.
        """
        known = self._memo.young
        get = known.get
        seen: list[tuple[str, Cuts]] = []
        near: list[tuple[str, Spans]] = []
        late: list[tuple[str, Spans]] = []
        new: set[str] = set()
        for word in words:
            cuts = get(word[1:] if word[0] == " " else word)
            if cuts is None:
                spans = _spans(word, known)
                unseen = [core for _, _, core in spans if core not in known]
                new.update(unseen)
                (late if unseen else near).append((word, spans))
            else:
                seen.append((word, cuts))
        answers = _analyse_cores(self._memo.renew(known, new))
        return self._cut_all(known, seen, near, late, answers)

    def _cut_all(
        self,
        known: dict[str, Cuts],
        seen: list[tuple[str, Cuts]],
        near: list[tuple[str, Spans]],
        late: list[tuple[str, Spans]],
        answers: Iterable[tuple[str, Cuts]],
    ) -> Iterator[tuple[str, list[str]]]:
        for word, cuts in seen:
            shift = word[0] == " "
            if len(cuts) == 1:  # the common case, made short
                cut = cuts[0] + shift
                yield word, [word[:cut], word[cut:]]
            else:
                yield word, _parts(word, [cut + shift for cut in cuts])
        for word, spans in near:
            yield word, _cut(word, spans, known)
        self._memo.add(known, answers)
        for word, spans in late:
            yield word, _cut(word, spans, known)

    def cut_texts(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yields the segments of each text; each line is analysed as one (no memo: the context decides)."""
        texts = list(texts)
        split = list(map(_LINE.findall, texts))
        # Outside the basic plane Kiwi counts in UTF-16 units: a stand-in keeps the offsets.
        stand_in = re.compile(r"[^\x00-\uffff]").sub
        analysed = _analyse([stand_in("\ufffd", line) for line in chain.from_iterable(split)])
        for text, lines in zip(texts, split, strict=True):
            cuts: set[int] = set()
            start = 0
            for line, line_cuts in zip(lines, islice(analysed, len(lines)), strict=True):
                cuts.update(start + cut for cut in line_cuts)
                start += len(line)
            yield list(_cut_text(text, cuts))

    def patterns(
        self, cores: Collection[str], done: Callable[[int], Any] = lambda cores: None
    ) -> dict[str, str]:
        """Returns cores under their cuts, as `known` takes them; analyses those not seen yet.

        `done` is called with the number of cores analysed since the last call.
        """
        known = self._memo.young
        ordered = sorted(cores)
        for start in range(0, len(ordered), BATCH):
            some = ordered[start : start + BATCH]
            self._memo.learn(known, set(some).difference(known), _analyse_cores)
            done(len(some))
        found: dict[Cuts, list[str]] = {}
        for core in cores:
            found.setdefault(known[core], []).append(core)
        return {" ".join(map(str, cuts)): " ".join(some) for cuts, some in found.items()}


def cores_of(word: str) -> list[str]:
    """Returns the cores of a word, which are looked up or analysed."""
    if len(word) >= LONGEST:
        return []
    return [core.translate(_ALIKE) for core in _CORES.findall(word)]


def _spans(word: str, known: Container[str]) -> Spans:
    """Returns start, end and form of each core: as it stands if that is known, else with digits and letters alike."""
    if match := _one_core(word):
        core = match[1]
        start, end = match.span(1)
        return [(start, end, core if core in known else core.translate(_ALIKE))]
    if len(word) >= LONGEST or not has_hangul(word):
        return []
    found = []
    for match in _CORES.finditer(word):
        core = match.group()
        found.append((*match.span(), core if core in known else core.translate(_ALIKE)))
    return found


def _parts(text: str, cuts: Sequence[int]) -> list[str]:
    parts, at = [], 0
    for cut in cuts:
        parts.append(text[at:cut])
        at = cut
    parts.append(text[at:])
    return parts


def _cut(word: str, spans: Spans, known: Mapping[str, Cuts]) -> list[str]:
    at = 1 if word[0] == " " else 0  # the last cut
    inner = []
    for start, end, core in spans:
        if start > at:
            inner.append(start)
        inner += [start + cut for cut in known[core]]
        at = end
        inner.append(end)
    if inner and at == len(word):
        inner.pop()
    return _parts(word, inner)


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


def nouns(texts: Iterable[str], shortest: int = 2) -> Iterator[list[str]]:
    """Yields the common and proper nouns of each text in order, those that repeat too.

    Args:
        texts: analysed line by line, as `Morphemes.cut_texts` does.
        shortest: syllables of a noun; shorter ones are mostly counters and suffixes.
    """
    for text in texts:
        found = kiwi().tokenize(_LINE.findall(text))
        tokens = (token for line in found for token in line if token.tag in ("NNG", "NNP"))
        yield [token.form for token in tokens if len(token.form) >= shortest]
