"""Lists what a query may have been meant as, and chooses by a language model: a noisy channel with one weight."""

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from clova_jax.apps.queries.engine import Engine
from clova_jax.apps.queries.keyboard import from_latin, neighbours, strokes, typed
from clova_jax.apps.queries.query import Asked, Broken, is_query
from clova_jax.inference import Model, score_ids

WEIGHTS = (
    0.0,
    1.0,
    2.0,
    4.0,
    6.0,
    8.0,
    12.0,
    16.0,
    24.0,
)  # nats that a wrong keystroke costs, to choose from
CONTEXT = 8  # healthy queries that a model has read before the one it scores
_MOST_WORDS = 5  # of which every set may be on the wrong keyboard


def _layouts(text: str) -> Iterator[str]:
    """Yields the text with some or all of its words in Latin letters read as Korean."""
    words = text.split(" ")
    latin = [at for at, word in enumerate(words) if any("a" <= c.lower() <= "z" for c in word)]
    sizes = range(len(latin), 0, -1) if len(latin) <= _MOST_WORDS else (len(latin),)
    for size in sizes:
        for chosen in itertools.combinations(latin, size):
            yield " ".join(
                from_latin(word) if at in chosen else word for at, word in enumerate(words)
            )


def _spacings(text: str) -> Iterator[str]:
    """Yields the text without one of its spaces, without all, and with one more."""
    for at in range(1, len(text)):
        if text[at] == " ":
            yield text[:at] + text[at + 1 :]
        elif text[at - 1] != " ":
            yield text[:at] + " " + text[at:]
    yield text.replace(" ", "")


def _edits(text: str) -> Iterator[str]:
    """Yields the text with a key in place of one beside it, without a keystroke, and with two in the other order."""
    keys = strokes(text)
    for at, key in enumerate(keys):
        before, after = keys[:at], keys[at + 1 :]
        for other in neighbours(key):
            yield typed(before + other + after)
        if key != " ":
            yield typed(before + after)
            yield typed(before + after[:1] + key + after[1:])


def candidates(text: str) -> dict[str, int]:
    """Returns the text and what it may have been meant as, each with the keystrokes that went wrong.

    In this order: the text, words on the wrong keyboard and letters put together (all keys are right), a space less or
    more, one keystroke changed.
    """
    ways = itertools.chain(
        zip((text, *_layouts(text), typed(strokes(text))), itertools.repeat(0)),
        zip((*_spacings(text), *_edits(text)), itertools.repeat(1)),
    )
    found: dict[str, int] = {}
    for other, wrong in ways:
        other = " ".join(other.split())
        if is_query(other):
            found.setdefault(other, wrong)
    return found


class Findable:
    """Finds what a query may have been meant as among the candidates that find something.

    Args:
        pages: their texts.
        engine: finds them.
    """

    def __init__(self, pages: Sequence[str], engine: Engine) -> None:
        self.engine = engine
        # Across spaces too: words are spaced in many ways.
        solid = ("".join(page.split()).lower() for page in pages)
        self._pairs = {pair for page in solid for pair in map("".join, itertools.pairwise(page))}

    def among(self, text: str) -> dict[str, int]:
        """Returns the candidates that find a page, each with the keystrokes that went wrong.

        The text alone where it finds one itself, or where nothing does.
        """
        if self.engine.find(text):
            return {text: 0}
        # Few candidates have only pairs of letters that pages have; the others need no analysis.
        spelt = {other: wrong for other, wrong in candidates(text).items() if self._is_spelt(other)}
        pages = self.engine.find_all(list(spelt))
        found = {
            other: wrong for (other, wrong), some in zip(spelt.items(), pages, strict=True) if some
        }
        return found or {text: 0}

    def _is_spelt(self, text: str) -> bool:
        words = text.lower().split()
        pairs = {pair for word in words for pair in map("".join, itertools.pairwise(word))}
        return pairs <= self._pairs


class Rules:
    """Chooses without a model: the first candidate that finds something.

    Args:
        findable: gives the candidates.
    """

    def __init__(self, findable: Findable) -> None:
        self.findable = findable

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries."""
        return [next(iter(self.findable.among(one.text))) for one in asked]


class Candidates:
    """Chooses the candidate with the greatest log p(text) less a weight for each keystroke that went wrong.

    Args:
        model: gives the probabilities, after a few healthy queries.
        findable: gives the candidates.
        pairs: training queries; the weight is the one that mends most of them.
    """

    def __init__(self, model: Model, findable: Findable, pairs: Sequence[Broken]) -> None:
        self.model = model
        self._among = functools.cache(findable.among)
        texts = list(dict.fromkeys(pair.query.text for pair in pairs))
        lines = "".join(f"질의: {text}\n" for text in texts[:CONTEXT])
        self._before = model.tokenizer.encode(f"{lines}질의:")
        self._scores: dict[str, float] = {}
        right = []
        for self.weight in WEIGHTS:
            answers = self.rewrite([pair.asked for pair in pairs])
            right.append(sum(map(str.__eq__, answers, (pair.query.text for pair in pairs))))
        self.weight = WEIGHTS[int(np.argmax(right))]

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries."""
        lists = [self._among(one.text) for one in asked]
        self._score([text for some in lists if len(some) > 1 for text in some])
        return [
            max(some, key=lambda text: self._scores.get(text, 0.0) - self.weight * some[text])
            for some in lists
        ]

    def _score(self, texts: Sequence[str]) -> None:
        """Adds the log-probabilities of texts; each is computed once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._scores]
        if not new:
            return
        # The line break is scored too: a text that goes on is another text.
        rows = self.model.tokenizer.encode_batch([f" {text}\n" for text in new])
        scores = score_ids(self.model, [[]] * len(rows), rows, self._before)[0]
        self._scores.update(zip(new, scores.tolist(), strict=True))
