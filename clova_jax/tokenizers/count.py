"""Counting pieces of a corpus that need not fit into memory."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.words import reject_surrogates, split_words

MOST_KINDS = 8_000_000  # different words held at once, of some 200 bytes each
MOST_FED = 1 << 27  # occurrences handed to a trainer; larger counts are scaled down


@dataclass
class WordCounts:
    """How often each word occurs, and what was read to know it."""

    words: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    characters: int = 0
    forgotten: int = 0  # occurrences of rare words, dropped to stay within memory

    def facts(self) -> dict[str, int]:
        """The totals, for the saved tokenizer."""
        return {
            "documents": self.documents,
            "characters": self.characters,
            "words": self.words.total() + self.forgotten,
            "different_words": len(self.words),
            "words_forgotten": self.forgotten,
        }


def count_words(
    texts: Iterable[str],
    split: Callable[[str], list[str]] = split_words,
    most_kinds: int = MOST_KINDS,
) -> WordCounts:
    """Counts words (`words.py`), or what `split` gives, of a stream of texts in bounded memory.

    When more than `most_kinds` different words are held, those seen once are forgotten, then
    those seen twice, and so on until a quarter is free (lossy counting: what is forgotten was
    rare so far).

    Raises:
        ClovaError: no text at all, or a lone surrogate.
    """
    if isinstance(texts, str):
        raise ClovaError("training takes an iterable of texts, not one text")
    counts = WordCounts()
    for text in texts:
        reject_surrogates([text])
        counts.words.update(split(text))
        counts.documents += 1
        counts.characters += len(text)
        floor = 0
        while len(counts.words) > (0.75 if floor else 1) * most_kinds:
            floor += 1
            rare = [word for word, count in counts.words.items() if count <= floor]
            counts.forgotten += sum(counts.words.pop(word) for word in rare)
    if not counts.characters:
        raise ClovaError("the corpus is empty: there is no text to train a tokenizer on")
    return counts


def thin(words: Counter[str], most: int) -> Counter[str]:
    """At most about `most` words: those that occur once are sampled evenly, each standing for several.

    Half of a corpus' different words occur once. Analysing each of them would take most of the
    time, and what they are made of shows in a part of them.
    """
    single = sorted(word for word, count in words.items() if count == 1)
    excess = len(words) - most
    if excess <= 0 or not single:
        return words
    step = -(-len(single) // max(1, len(single) - excess))
    thinned = Counter({word: count for word, count in words.items() if count > 1})
    for word in single[::step]:
        thinned[word] = step
    return thinned


def count_pieces(
    words: Counter[str],
    cut: Callable[[list[str]], Iterable[tuple[str, Iterable[str]]]],
    done: Callable[[int], Any] = lambda words: None,
    batch: int = 20_000,
) -> Counter[str]:
    """Counts the pieces of counted words.

    Args:
        words: counts.
        cut: each word of a list and its pieces, in any order.
        done: told how many words have been cut since the last call.
        batch: words cut at once.
    """
    pieces: Counter[str] = Counter()
    todo = list(words)
    for start in range(0, len(todo), batch):
        some = todo[start : start + batch]
        for word, parts in cut(some):
            count = words[word]
            for piece in parts:
                pieces[piece] += count
        done(len(some))
    return pieces


def feed(pieces: Counter[str], most: int = MOST_FED, batch: int = 4096) -> Iterator[list[str]]:
    """Lists in which each piece occurs as often as it was counted, divided alike if too many.

    Hugging Face's trainer takes occurrences, not counts. Pieces come in a fixed order.
    """
    scale = -(-pieces.total() // most) or 1
    waiting: list[str] = []
    for piece, count in sorted(pieces.items()):
        count = (count + scale // 2) // scale
        while count > 0:
            waiting += [piece] * min(count, batch)
            count -= batch
            if len(waiting) >= batch:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def feed_counted(words: Counter[str], marker: str) -> Iterator[str]:
    """Lines "word, tab, count", SentencePiece's weighted input: no blanks, no word with `marker`."""
    for word, count in sorted(words.items()):
        if not word.isspace() and marker not in word and "\t" not in word and "\0" not in word:
            yield f"{word}\t{count}"
