"""Drops repetitive texts and mere lists of words."""

import re

import zstandard

from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.step import Dropped, Step
from clova_jax.corpus.documents import Document

# A sentence of Korean shows particles and endings; a list of key words or tags does not.
_FUNCTION_ENDING = re.compile(
    r"(?:은|는|이|가|을|를|의|에|도|로|와|과|만|서|며|고|면|게|지|니|다|요|죠|까|나|자|라|네|데|한|할|인|된|될|던|음|임|함|듯|줄|것|수|들|때)"
    r"[.,!?…~'\"”’)\]]*(?=\s|$)"
)
_WORD_LIST_MIN = 30  # eojeols


class Repetition(Step):
    """Drops texts that are too repetitive, and lists of words without particles or endings."""

    name = "repetition"

    def one(self, document: Document) -> Document | Dropped:
        """Applies the rules of this file."""
        reason = repetition(document.text)
        if reason:
            name, _, detail = reason.partition(": ")
            return Dropped(f"repeated_{name}", detail)
        listed = word_list(document.text)
        return Dropped("word_list", listed) if listed else document


def repetition(text: str) -> str | None:
    """Finds the reason why a text is too repetitive in jamo, digits, symbols, characters or lines.

    Returns:
        `name: figure`, or None for a text that passes.
    """
    counts = profile(text)
    visible = max(counts.visible, 1)
    for name, count, limit in (
        ("jamo", counts.jamo, 0.6),
        ("digits", counts.digits, 0.55),
        ("symbols", counts.symbols, 0.65),
        ("characters", counts.repeated, 0.5),
    ):
        if count > limit * visible:
            return f"{name}: {count / visible:.2f}"
    if counts.length < 100:
        return _short_repetition(text)
    share = repeated_line_share(text)
    if share > 0.5:
        return f"lines: {share:.2f}"
    ratio = compression_ratio(text)
    limit = 6.0 if counts.length < 5_000 else 9.0  # long manuals repeat their own terms
    return f"phrases: {ratio:.1f} times compressible" if ratio > limit else None


_UNIT = re.compile(r"(.{1,12}?)\1{3,}", re.DOTALL)


def _short_repetition(text: str) -> str | None:
    """Finds one unit that, said at least four times, is most of a short text: `좋아 좋아 좋아 좋아`."""
    if len(set(text)) > 0.5 * len(text):  # a unit said four times leaves fewer characters
        return None
    for match in _UNIT.finditer(text):
        if len(match[1].strip()) > 1 and match.end() - match.start() > 0.7 * len(text):
            return f"phrases: {match[1].strip()!r} over and over"
    return None


def repeated_line_share(text: str) -> float:
    """Computes the share of characters in lines that repeat an earlier line (of at least 10 characters)."""
    lines = [line for line in text.split("\n") if len(line) >= 10]
    if len(lines) < 4:
        return 0.0
    seen: set[str] = set()
    repeated = 0
    for line in lines:
        if line in seen:
            repeated += len(line)
        else:
            seen.add(line)
    return repeated / len(text)


_compressor = zstandard.ZstdCompressor(level=1)


def compression_ratio(text: str) -> float:
    """Divides the bytes of the text by its bytes compressed; a page of Korean prose has about 2."""
    data = text[:100_000].encode("utf-8", "surrogatepass")
    return len(data) / max(len(_compressor.compress(data)), 1)


def word_list(text: str) -> str | None:
    """Returns a reason when a text of 30 eojeols or more has hardly a particle or an ending, else None."""
    eojeols = len(text.split())
    if eojeols < _WORD_LIST_MIN:
        return None
    share = len(_FUNCTION_ENDING.findall(text)) / eojeols
    return f"{share:.2f} of the eojeols inflect" if share < 0.1 else None
