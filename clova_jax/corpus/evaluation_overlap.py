"""Keeps evaluation sets out of the training text.

A stretch of 13 words that also stands in an evaluation file is taken out of a document with its
lines; a document that loses more than half goes altogether (13-gram overlap: GPT-3's appendix C). Evaluation texts
of 5 to 12 words are looked for as whole lines.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import SUFFIXES, read_json, read_jsonl, read_lines, whole_file
from clova_jax.common.lines import table_rows

WORDS = 13
_SHORTEST = 5  # words of an evaluation text that is looked for as a line
_MOST = 0.5
_WORD = re.compile(r"[^\W_]+")
_PRIME = np.uint64(0x9E3779B97F4A7C15)

# The evaluation files of the paper's tasks and their kin, by their official names.
KNOWN = (
    "nsmc/ratings_test.txt",
    "korquad/KorQuAD_v1.0_dev.json",
    "klue/ynat-v1.1/ynat-v1.1_dev.json",
    "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json",
    "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.json",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.partial.json",
    "parallel/koen_dev.tsv",
    "parallel/koen_test.tsv",
    "query_modification/query_modification_dev.jsonl",
    "query_modification/query_modification_test.jsonl",
)


def known_files(data_dir: str | Path) -> list[Path]:
    """The evaluation files found in a folder laid out as the official data sets are."""
    paths = (Path(data_dir) / (name + suffix) for name in KNOWN for suffix in SUFFIXES)
    return [path for path in paths if path.is_file()]


def texts_of(path: str | Path) -> Iterator[str]:
    """Every string of an evaluation file: the leaves of JSON, the cells of CSV and TSV, lines of text."""
    path = Path(path)
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    kind = name.rpartition(".")[2]
    if kind == "jsonl":
        for _, value in read_jsonl(path):
            yield from _leaves(value)
    elif kind == "json":
        yield from _leaves(read_json(path))
    else:
        lines = (line for _, line in read_lines(path))
        for _, cells in table_rows(lines, "," if kind == "csv" else "\t", str(path)):
            yield from cells


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)


class EvaluationIndex:
    """What the evaluation sets hold: hashes of 13-grams (sorted), and short texts.

    Args:
        texts: of the evaluation sets.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        grams, self.lines = [], set()
        for text in texts:
            words = _WORD.findall(text.lower())
            if len(words) >= WORDS:
                grams.append(_gram_hashes(words))
            elif len(words) >= _SHORTEST:
                self.lines.add(" ".join(words))
        self.grams = np.unique(np.concatenate(grams)) if grams else np.zeros(0, np.uint64)
        self._map()

    def _map(self) -> None:
        # A bitmap answers nearly every look-up without a search.
        self._bits = np.zeros(1 << 22, bool)
        self._bits[(self.grams >> np.uint64(42)).astype(np.int64)] = True

    def save(self, path: str | Path) -> None:
        """Writes it as `.npz` of plain arrays."""
        lines = np.frombuffer("\n".join(sorted(self.lines)).encode(), np.uint8)
        with whole_file(path, "wb") as file:
            np.savez(file, grams=self.grams, lines=lines)

    @classmethod
    def load(cls, path: str | Path) -> "EvaluationIndex":
        """Reads what `save` wrote."""
        index = cls(())
        with np.load(path, allow_pickle=False) as arrays:
            index.grams = arrays["grams"]
            text = arrays["lines"].tobytes().decode()
        index.lines = set(text.split("\n")) if text else set()
        index._map()
        return index

    def __len__(self) -> int:
        return len(self.grams) + len(self.lines)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a text repeats an evaluation text: character spans, in order, without overlaps."""
        if text.count(" ") + text.count("\n") < _SHORTEST - 1:
            return []
        spans = []
        lower = text.lower()
        if len(lower) != len(text):  # a few capitals grow; places must fit the original
            lower = text
        words = list(_WORD.finditer(lower)) if text.count(" ") >= WORDS // 2 else []
        if len(words) >= WORDS and len(self.grams):
            hashes = _gram_hashes([word[0] for word in words])
            for place in np.flatnonzero(self._bits[(hashes >> np.uint64(42)).astype(np.int64)]):
                at = np.searchsorted(self.grams, hashes[place])
                if at < len(self.grams) and self.grams[at] == hashes[place]:
                    spans.append((words[place].start(), words[place + WORDS - 1].end()))
        if self.lines:
            start = 0
            for line in text.split("\n"):
                if (
                    8 <= len(line) <= 600
                    and " " in line
                    and " ".join(_WORD.findall(line.lower())) in self.lines
                ):
                    spans.append((start, start + len(line)))
                start += len(line) + 1
        return _merged(spans)

    def remove(self, text: str) -> tuple[str | None, list[str]]:
        """Takes out the lines that repeat evaluation texts.

        Returns:
            What remains (None when more than half went), and the passages that matched.
        """
        spans = self.spans(text)
        if not spans:
            return text, []
        matched = [text[start:end] for start, end in spans]
        cut = _merged(
            [
                (text.rfind("\n", 0, start) + 1, (text.find("\n", end) + 1) or len(text))
                for start, end in spans
            ]
        )
        if sum(end - start for start, end in cut) > _MOST * len(text):
            return None, matched
        parts, at = [], 0
        for start, end in cut:
            parts.append(text[at:start])
            at = end
        return "".join([*parts, text[at:]]).strip(), matched


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
    codes = np.frombuffer(" ".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.array([len(word) for word in words], np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    place = np.arange(len(codes)) - np.repeat(starts, lengths + 1)[: len(codes)]
    with np.errstate(over="ignore"):
        hashed = np.add.reduceat(codes * _powers(int(lengths.max()) + 2)[place + 1], starts)
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
