"""Gives what a model that rewrites is measured against: nothing, Kiwi's corrections, SymSpell on keystrokes."""

from collections import Counter
from collections.abc import Sequence

from symspellpy import SymSpell

from clova_jax.apps.queries.engine import content_words
from clova_jax.apps.queries.keyboard import strokes, typed
from clova_jax.apps.queries.query import Asked, or_typed
from clova_jax.tokenizers import kiwi

EDITS = 2  # keystrokes that SymSpell changes in a word, at most


class Nothing:
    """Leaves every query as it was typed."""

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries."""
        return [one.text for one in asked]


class KiwiCorrection:
    """Corrects typing errors and then spaces with Kiwi, which knows Korean but not the pages."""

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries as Kiwi writes them."""
        tokens = kiwi().tokenize([one.text for one in asked], typos="basic_with_continual")
        joined = [kiwi().join(some) for some in tokens]
        spaced = kiwi().space(joined, reset_whitespace=True)
        return [or_typed(text, one) for text, one in zip(spaced, asked, strict=True)]


class SymSpellCorrection:
    """Corrects words and spaces by the nearest words of the pages, counted in keystrokes (SymSpell, Garbe 2012).

    Args:
        pages: their words are the dictionary, each as often as it stands there.
    """

    def __init__(self, pages: Sequence[str]) -> None:
        self._speller = SymSpell(max_dictionary_edit_distance=EDITS)
        words = Counter(word for words in content_words(pages) for word in words)
        for word, count in words.items():
            self._speller.create_dictionary_entry(strokes(word.lower()), count)

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns the queries with the nearest words in place of theirs."""
        return [or_typed(typed(self._nearest(strokes(one.text))), one) for one in asked]

    def _nearest(self, keys: str) -> str:
        found = self._speller.lookup_compound(keys, EDITS, split_by_space=True)
        return found[0].term
