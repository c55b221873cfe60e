"""Lists what a query may have been meant as, and chooses by a language model: a noisy channel with one weight."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from clova_jax.apps.queries.keyboard import from_latin, neighbours, strokes, typed
from clova_jax.apps.queries.query import Asked, Broken
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
    found = dict.fromkeys((text, *_layouts(text), typed(strokes(text))), 0)
    for other in (*_spacings(text), *_edits(text)):
        found.setdefault(other.strip(), 1)
    found.pop("", None)
    return found


class Possible:
    """Checks whether pages could hold a text, by the pairs of characters inside its words.

    Args:
        pages: their texts; pairs across spaces count, since words are spaced in many ways.
    """

    def __init__(self, pages: Sequence[str]) -> None:
        solid = ("".join(page.split()).lower() for page in pages)
        self._pairs = {pair for page in solid for pair in map("".join, itertools.pairwise(page))}
        self._letters = {letter for pair in self._pairs for letter in pair}

    def __call__(self, text: str) -> bool:
        """Returns True if a page has every pair of characters of each word."""
        return all(
            set(map("".join, itertools.pairwise(word))) <= self._pairs and word[0] in self._letters
            for word in text.lower().split()
        )

    def among(self, text: str) -> dict[str, int]:
        """Returns the candidates of a text that are possible; the text itself is the first whether it is or not."""
        return {
            other: wrong
            for other, wrong in candidates(text).items()
            if other == text or self(other)
        }


class Rules:
    """Chooses without a model: a text that no page can hold gives way to the first candidate that one can.

    Args:
        possible: made of the pages.
    """

    def __init__(self, possible: Possible) -> None:
        self.possible = possible

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries."""
        return [
            one.text if self.possible(one.text) else [*self.possible.among(one.text)][:2][-1]
            for one in asked
        ]


class Candidates:
    """Chooses the candidate with the greatest log p(text) less a weight for each keystroke that went wrong.

    Args:
        model: gives the probabilities, after a few healthy queries.
        possible: made of the pages.
        pairs: training queries, healthy ones among them; the weight is the one that restores most of them.
    """

    def __init__(self, model: Model, possible: Possible, pairs: Sequence[Broken]) -> None:
        self.model, self.possible = model, possible
        texts = list(dict.fromkeys(pair.query.text for pair in pairs))
        lines = "".join(f"질의: {text}\n" for text in texts[:CONTEXT])
        self._before = model.tokenizer.encode(f"{lines}질의:")
        self._scores: dict[str, float] = {}
        self.weight = 0.0
        right = []
        for self.weight in WEIGHTS:
            answers = self.rewrite([pair.asked for pair in pairs])
            right.append(sum(map(str.__eq__, answers, (pair.query.text for pair in pairs))))
        self.weight = WEIGHTS[int(np.argmax(right))]

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries."""
        lists = [self.possible.among(one.text) for one in asked]
        self._score([text for some in lists for text in some])
        return [
            max(some, key=lambda text: self._scores[text] - self.weight * some[text])
            for some in lists
        ]

    def _score(self, texts: Sequence[str]) -> None:
        """Adds the log-probabilities of texts; each is computed once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._scores]
        # The line break is scored too: a text that goes on is another text.
        rows = self.model.tokenizer.encode_batch([f" {text}\n" for text in new])
        scores = score_ids(self.model, [[]] * len(rows), rows, self._before)[0]
        self._scores.update(zip(new, scores.tolist(), strict=True))
