"""Measures titles: BLEU against a person's, tags used, titles copied, themes met."""

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.titles.events import Event
from clova_jax.evaluate import Prediction, bleu

TOKENIZE = "ko-mecab"  # morphemes of MeCab-ko, by sacrebleu


class TitleMeasures:
    """Computes the statistics of titles, a row an event, so that intervals resample events.

    Args:
        events: in the order of the titles.
        known: titles that were there to copy (the training's).
        theme: a word that titles should have.
    """

    def __init__(
        self, events: Sequence[Event], known: Collection[str], theme: str | None = None
    ) -> None:
        self.events, self.theme = events, theme
        self.known = _all_letters(known)
        self.bleu = bleu(TOKENIZE)

    def __call__(
        self, titles: Sequence[str], shown: Collection[str] = ()
    ) -> dict[str, Float64[np.ndarray, "n s"]]:
        """Returns the statistics by the name of the measure.

        Args:
            titles: one an event.
            shown: titles that stood in the prompt; where there are some, `copied_prompt` is measured.
        """
        letters = [_letters(title) for title in titles]
        pairs = zip(titles, self.events, strict=True)
        found = {
            "bleu": self.bleu.statistics([Prediction(text, (one.title,)) for text, one in pairs]),
            "tags_used": self._tags_used(letters),
            "copied": _shares(text in self.known for text in letters),
        }
        if shown:
            in_prompt = _all_letters(shown)
            found["copied_prompt"] = _shares(text in in_prompt for text in letters)
        if self.theme is not None:
            found["theme_met"] = _shares(_letters(self.theme) in text for text in letters)
        return found

    def _tags_used(self, letters: Sequence[str]) -> Float64[np.ndarray, "n 2"]:
        rows = [
            (sum(_letters(tag) in text for tag in event.tags), len(event.tags))
            for text, event in zip(letters, self.events, strict=True)
        ]
        return np.array(rows, np.float64)

    def finish(self, name: str) -> Callable[[Float64[np.ndarray, "s"]], float]:
        """Returns what makes a measure's score of its summed statistics."""
        return self.bleu.finish if name == "bleu" else share


def share(total: Float64[np.ndarray, "2"]) -> float:
    """Returns per cent of (those that are so, all); 0 of none."""
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def _shares(hits: Iterable[bool]) -> Float64[np.ndarray, "n 2"]:
    return np.array([(float(hit), 1.0) for hit in hits], np.float64)


def _all_letters(titles: Collection[str]) -> frozenset[str]:
    """Returns the letters of titles; one without any can be copied by nobody."""
    return frozenset(map(_letters, titles)) - {""}


def _letters(text: str) -> str:
    """Returns the letters and digits of a text, which titles are compared by."""
    return "".join(filter(str.isalnum, text)).casefold()
