"""Counts the words and pre-tokens of a corpus that need not fit into memory."""

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
    """Holds how often each word occurs, and how much text was read."""

    words: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    characters: int = 0
    forgotten: int = 0  # occurrences of rare words, dropped to stay within memory

    def facts(self) -> dict[str, int]:
        """Returns the totals, for the saved tokenizer."""
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
    """Keeps about `most` words: those that occur once are sampled evenly, each standing for several.

    Half of the different words of a corpus occur once. Analysing each of them would take most of the
    time, and a sample shows the parts that they are made of.
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


def count_pre_tokens(
    words: Counter[str],
    cut: Callable[[list[str]], Iterable[tuple[str, Iterable[str]]]],
    done: Callable[[int], Any] = lambda words: None,
    batch: int = 20_000,
) -> Counter[str]:
    """Counts the pre-tokens of counted words.

    Args:
        words: counts.
        cut: returns each word of a list with its pre-tokens, in any order.
        done: called with the number of words cut since the last call.
        batch: words cut at once.
    """
    pre_tokens: Counter[str] = Counter()
    todo = list(words)
    for start in range(0, len(todo), batch):
        some = todo[start : start + batch]
        for word, parts in cut(some):
            count = words[word]
            for pre_token in parts:
                pre_tokens[pre_token] += count
        done(len(some))
    return pre_tokens


def feed(pre_tokens: Counter[str], most: int = MOST_FED, batch: int = 4096) -> Iterator[list[str]]:
    """Yields lists in which each pre-token occurs as often as it was counted, scaled down alike where there are too many.

    Hugging Face's trainer takes occurrences, not counts. Pre-tokens come in a fixed order.
    """
    scale = -(-pre_tokens.total() // most) or 1
    waiting: list[str] = []
    for pre_token, count in sorted(pre_tokens.items()):
        count = (count + scale // 2) // scale
        while count > 0:
            waiting += [pre_token] * min(count, batch)
            count -= batch
            if len(waiting) >= batch:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def feed_counted(words: Counter[str], marker: str) -> Iterator[str]:
    """Yields lines "word, tab, count", SentencePiece's weighted input, without whitespace and words with `marker`."""
    for word, count in sorted(words.items()):
        if not word.isspace() and marker not in word and "\t" not in word and "\0" not in word:
            yield f"{word}\t{count}"
