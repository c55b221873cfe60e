"""Keeps evaluation sets out of the training text.

Texts are compared by their words alone (`comparable`), so that spelling, markup and punctuation make no difference.
A stretch of 13 words that also stands in an evaluation file is taken out of a document with its
lines (13-gram overlap: GPT-3's appendix C); so is an evaluation text of 5 to 12 words where it stands by itself, between
punctuation or ends of lines, and a shorter one, of 3 letters or more, that is a whole line. A document that loses more than half goes.
"""

import bisect
import functools
import html
import json
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.corpus.clean.normalize import INVISIBLE, ODD_BLANK, cut_marks
from clova_jax.labelled import Item, read_items

VERSION = 2  # of the file: which words count, and how they are hashed
WORDS = 13
_SENTENCE = 5  # words of a text that is also looked for inside a line
_LEAST_LETTERS = (
    3  # of a text that is looked for as a line: `설명` and `2.` are lines of any document
)
_MOST = 0.5
_WORD = re.compile(r"[^\W_]+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)

_JOINERS = re.compile("[\u034f\u200c\u200d\ufe00-\ufe0f]+")
_ODD = re.compile(
    f"[&\r{ODD_BLANK.pattern[1:-1]}{INVISIBLE.pattern[1:-2]}{_JOINERS.pattern[1:-2]}]"
)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_TAG = re.compile(r"<[/!A-Za-z][^<>\n]{0,300}>")
_ESCAPE = re.compile(r"\\[nrt\"/]")
# What may stand before a text that fills a line: a list's number, a speaker, `질문:`.
_LEAD = re.compile(r"(?:\W*(?:\d{1,3}\b|\w{1,4}[.):\]>|])){1,2}")


def comparable(text: str) -> str:
    """Rewrites a text for comparison: as many lines, but one spelling of each word, without entities and tags.

    Whatever a step before may have done to a text, this does again to both sides: entities (also of
    entities), tags, escapes of JSON, invisible characters, compatibility forms, capitals.
    """
    if _ODD.search(text):
        for _ in range(4):
            if "&" not in text or not _ENTITY.search(text):
                break
            text = _ENTITY.sub(_character, text)
        text = ODD_BLANK.sub(" ", text.replace("\r", " "))
        text = _JOINERS.sub("", INVISIBLE.sub("", text))
    text = cut_marks(text)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    if "\\" in text:
        text = _ESCAPE.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return text.casefold()


INSIDE, SENTENCE, LINE = "found inside texts", "found as sentences", "found as lines"
LABEL, TOO_SHORT = "labels, names and answers", "of under 3 letters"


def how_found(item: Item) -> tuple[str, list[str]]:
    """Decides how a text of an evaluation set is found in documents (`LABEL`, `TOO_SHORT`: not at all); returns that and its words."""
    plain = comparable(item.text)
    words = _WORD.findall(plain)
    if len(words) >= WORDS:
        return INSIDE, words
    if len(words) >= _SENTENCE:
        return SENTENCE, words
    if not item.short:
        return LABEL, words
    letters = sum(map(str.isalpha, plain))
    return LINE if letters >= _LEAST_LETTERS else TOO_SHORT, words


def _character(match: re.Match[str]) -> str:
    return html.unescape(match[0]).replace("\n", " ").replace("\r", " ")


class EvaluationIndex:
    """Holds the evaluation sets for look-ups: hashes of 13-grams (sorted), and the texts that have fewer words.

    Args:
        items: of the evaluation sets; plain texts count as `Item(text, short=True)`.
    """

    def __init__(self, items: Iterable[Item | str] = ()) -> None:
        grams, self.lines = [], set()
        self.counts: Counter = Counter()
        for item in items:
            how, words = how_found(Item(item, short=True) if isinstance(item, str) else item)
            self.counts[how] += 1
            if how == INSIDE:
                grams.append(_gram_hashes(words))
            elif how in (SENTENCE, LINE):
                self.lines.add(" ".join(words))
        self.grams = np.unique(np.concatenate(grams)) if grams else np.zeros(0, np.uint64)
        self._prepare()

    @classmethod
    def of_files(cls, paths: Iterable[str | Path]) -> "EvaluationIndex":
        """Reads evaluation files."""
        return cls(item for path in paths for item in read_items(path))

    def _prepare(self) -> None:
        # A bitmap answers nearly every look-up without a search.
        self._bits = np.zeros(1 << 22, bool)
        self._bits[(self.grams >> np.uint64(42)).astype(np.int64)] = True
        self._lengths: dict[
            tuple[str, ...], set[int]
        ] = {}  # of sentences, by their first three words
        longest = 0
        for line in self.lines:
            words = line.split(" ")
            if len(words) >= _SENTENCE:
                self._lengths.setdefault(tuple(words[:3]), set()).add(len(words))
            else:
                longest = max(longest, len(line))
        self._starts = frozenset(self._lengths)
        self._longest = 2 * longest + 20  # characters of a line that may be a short text

    def save(self, path: str | Path) -> None:
        """Writes it as `.npz` of plain arrays."""
        lines = np.frombuffer("\n".join(sorted(self.lines)).encode(), np.uint8)
        counts = np.frombuffer(json.dumps(self.counts).encode(), np.uint8)
        with whole_file(path, "wb") as file:
            np.savez(file, version=VERSION, grams=self.grams, lines=lines, counts=counts)

    @classmethod
    def load(cls, path: str | Path) -> "EvaluationIndex":
        """Reads what `save` wrote.

        Raises:
            ClovaError: no such file, no such index, or one of another version.
        """
        index = cls()
        try:
            with np.load(path, allow_pickle=False) as arrays:
                version = int(arrays["version"]) if "version" in arrays else 1
                if version != VERSION:
                    raise ClovaError(
                        f"{path}: an index of evaluation sets of version {version}, wants {VERSION}; "
                        "remove it and run again"
                    )
                index.grams = arrays["grams"].astype(np.uint64, casting="equiv")
                text = arrays["lines"].tobytes().decode()
                index.counts = Counter(json.loads(arrays["counts"].tobytes()))
        except FileNotFoundError:
            raise ClovaError(f"{path}: no such file") from None
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ClovaError(
                f"{path}: no index of evaluation sets ({error}); remove it and run again"
            ) from None
        index.lines = set(text.split("\n")) if text else set()
        index._prepare()
        return index

    def __len__(self) -> int:
        return len(self.grams) + len(self.lines)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Finds what of a text repeats evaluation texts: complete lines (with their ends) and sentences, in order."""
        plain = comparable(text)
        words = _WORD.findall(plain)
        grams = self._gram_places(words)
        starts = self._starts and not self._starts.isdisjoint(
            zip(words, words[1:], words[2:], strict=False)
        )
        lines = set(self._short_lines(plain))
        if not (len(grams) or starts or lines):
            return []
        layout = _Layout(text, plain)
        for place in grams:
            lines.update(layout.lines(place, place + WORDS))
        inner = []
        for first, last in self._sentences(words, layout) if starts else ():
            span = layout.inside_line(first, last)
            if span:
                inner.append(span)
            else:
                lines.update(layout.lines(first, last))
        return _merged(inner + [layout.line(number) for number in lines])

    def _gram_places(self, words: list[str]) -> list[int]:
        if len(words) < WORDS or not len(self.grams):
            return []
        hashes = _gram_hashes(words)
        some = np.flatnonzero(self._bits[(hashes >> np.uint64(42)).astype(np.int64)])
        at = np.minimum(np.searchsorted(self.grams, hashes[some]), len(self.grams) - 1)
        return some[self.grams[at] == hashes[some]].tolist()

    def _short_lines(self, plain: str) -> Iterator[int]:
        """Numbers of the lines that are an evaluation text, but for a list's mark."""
        for number, line in enumerate(plain.split("\n")):
            if 0 < len(line) <= self._longest:
                if " ".join(_WORD.findall(line)) in self.lines:
                    yield number
                elif lead := _LEAD.match(line):
                    words = _WORD.findall(line, lead.end())
                    if words and " ".join(words) in self.lines:
                        yield number

    def _sentences(self, words: list[str], layout: "_Layout") -> Iterator[tuple[int, int]]:
        """Evaluation texts of 5 to 12 words that stand by themselves: their first word, and after their last."""
        for first, start in enumerate(zip(words, words[1:], words[2:], strict=False)):
            for length in self._lengths.get(start, ()):
                last = first + length
                if (
                    last <= len(words)
                    and " ".join(words[first:last]) in self.lines
                    and layout.begins(first)
                    and layout.begins(last)
                ):
                    yield first, last

    def remove(self, text: str) -> tuple[str | None, list[str]]:
        """Takes out what repeats evaluation texts.

        Returns:
            What remains (None when more than half went), and the passages that matched.
        """
        matched: list[str] = []
        least = (1 - _MOST) * len(text)
        while cut := self.spans(text):  # what is left may itself be an evaluation text
            matched += [text[start:end].strip() for start, end in cut]
            ends = [0, *(end for _, end in cut)]
            starts = [*(start for start, _ in cut), len(text)]
            text = "".join(text[a:b] for a, b in zip(ends, starts, strict=True)).strip()
            if len(text) < least:
                return None, matched
        return text, matched


class _Layout:
    """Where the words of a text stand: made only for texts in which something was found."""

    def __init__(self, text: str, plain: str) -> None:
        self.text, self.plain = text, plain
        self._own: dict[int, list[re.Match[str]] | None] = {}

    @functools.cached_property
    def starts(self) -> list[int]:
        return _line_starts(self.text)

    @functools.cached_property
    def plain_starts(self) -> list[int]:
        return _line_starts(self.plain)

    @functools.cached_property
    def words(self) -> list[re.Match[str]]:
        return list(_WORD.finditer(self.plain))

    def line_of(self, word: int) -> int:
        return bisect.bisect_right(self.plain_starts, self.words[word].start()) - 1

    def lines(self, first: int, last: int) -> range:
        """The numbers of the lines that words lie in."""
        return range(self.line_of(first), self.line_of(last - 1) + 1)

    def line(self, number: int) -> tuple[int, int]:
        """A line of the text with its end."""
        ends = [*self.starts[number + 1 : number + 2], len(self.text)]
        return self.starts[number], ends[0]

    def begins(self, word: int) -> bool:
        """Whether something begins with a word: a line, or a text after punctuation or a line's number."""
        if word in (0, len(self.words)):
            return True
        gap = self.plain[self.words[word - 1].end() : self.words[word].start()]
        return bool(gap.strip(" ")) or self.edge(word - 1) or self.edge(word)

    def edge(self, word: int) -> bool:
        """Whether a word is the number, or the label, that a row begins or ends with."""
        if not self.words[word][0].isdigit():
            return False
        before = self.plain[self.words[word - 1].end() if word else 0 : self.words[word].start()]
        after = self.plain[
            self.words[word].end() : self.words[word + 1].start()
            if word + 1 < len(self.words)
            else None
        ]
        return not word or word + 1 == len(self.words) or "\n" in before or "\n" in after

    def inside_line(self, first: int, last: int) -> tuple[int, int] | None:
        """Where a sentence lies that is less than half of its line; None where the line should go."""
        number = self.line_of(first)
        if number not in self._own:
            self._own[number] = self._words_of(number)
        own = self._own[number]
        first -= self._first_of(number)
        last -= self._first_of(number)
        if own is None or last > len(own) or 2 * (last - first) >= len(own):
            return None
        stop = own[last].start() if last < len(own) else self.line(number)[1]
        tail = self.text[own[last - 1].end() : stop]
        closed = len(tail) - len(tail.lstrip(" .!?…,;\"'”’)"))
        return own[first].start(), own[last - 1].end() + closed

    def _first_of(self, number: int) -> int:
        """The first word of a line."""
        return bisect.bisect_left(self.words, self.plain_starts[number], key=re.Match.start)

    def _words_of(self, number: int) -> list[re.Match[str]] | None:
        """The words of a line as the text has them; None where comparing made others of them."""
        own = list(_WORD.finditer(self.text, *self.line(number)))
        first = self._first_of(number)
        same = [comparable(word[0]) for word in own] == [
            word[0] for word in self.words[first : first + len(own)]
        ]
        after = first + len(own)
        return own if same and (after == len(self.words) or self.line_of(after) > number) else None


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _gram_hashes(words: list[str]) -> np.ndarray:
    """uint64[len(words) - 12]: a hash of each 13 words in a row; the same in every process."""
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.array([len(word) for word in words], np.int64)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(codes)) - np.repeat(starts, lengths)
    with np.errstate(over="ignore"):
        hashed = np.add.reduceat(codes * _powers(int(lengths.max()) + 1)[place + 1], starts)
        hashed ^= hashed >> np.uint64(31)
        grams = np.zeros(len(words) - WORDS + 1, np.uint64)
        for offset in range(WORDS):
            grams = grams * _PRIME + hashed[offset : offset + len(grams)]
        grams ^= grams >> np.uint64(29)
        return grams * np.uint64(0xBF58476D1CE4E5B9)


_table = np.ones(1, np.uint64)


def _powers(count: int) -> np.ndarray:
    global _table
    if len(_table) < count:
        with np.errstate(over="ignore"):
            _table = np.cumprod(np.full(2 * count, _PRIME))
    return _table
