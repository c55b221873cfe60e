"""Rules that need no training: too short, too repetitive, a list of words, a title said twice."""

import re

import zstandard

from clova_jax.corpus.clean.profile import profile

# A sentence of Korean shows particles and endings; a list of key words or tags does not.
_FUNCTION_ENDING = re.compile(
    r"(?:은|는|이|가|을|를|의|에|도|로|와|과|만|서|며|고|면|게|지|니|다|요|죠|까|나|자|라|네|데|한|할|인|된|될|던|음|임|함|듯|줄|것|수|들|때)"
    r"[.,!?…~'\"”’)\]]*(?=\s|$)"
)
_WORD_LIST_MIN = 30  # eojeols


def too_short(text: str, min_letters: int) -> str | None:
    """A reason when fewer than `min_letters` letters are left, else None."""
    letters = profile(text).letters
    return f"{letters} letters" if letters < min_letters else None


def repetition(text: str) -> str | None:
    """The reason why a text is too repetitive in jamo, digits, symbols, characters or lines.

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
    """`좋아 좋아 좋아 좋아`: one unit, at least four times, is most of a short text."""
    if len(set(text)) > 0.5 * len(text):  # a unit said four times leaves fewer characters
        return None
    for match in _UNIT.finditer(text):
        if len(match[1].strip()) > 1 and match.end() - match.start() > 0.7 * len(text):
            return f"phrases: {match[1].strip()!r} over and over"
    return None


def repeated_line_share(text: str) -> float:
    """The share of characters in lines that stood before in the text (lines of 10 characters up)."""
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
    """Bytes of the text over bytes compressed; Korean prose of a page has about 2."""
    data = text[:100_000].encode("utf-8", "surrogatepass")
    return len(data) / max(len(_compressor.compress(data)), 1)


def word_list(text: str) -> str | None:
    """A reason when a text of 30 eojeols or more hardly has a particle or an ending, else None."""
    eojeols = len(text.split())
    if eojeols < _WORD_LIST_MIN:
        return None
    share = len(_FUNCTION_ENDING.findall(text)) / eojeols
    return f"{share:.2f} of the eojeols inflect" if share < 0.1 else None


def drop_repeated_title(text: str, title: str | None = None) -> tuple[str, int]:
    """Removes lines that repeat the title (of the metadata, or else the first line).

    Returns:
        The text, and how many lines went.
    """
    first, newline, body = text.partition("\n")
    title = _plain(title or first)
    if not newline or len(title) < 8:
        return text, 0
    kept, removed = [], 0
    for line in body.split("\n"):
        if len(line) < 2 * len(title) + 8 and _plain(line) == title:
            removed += 1
        else:
            kept.append(line)
    return (first + "\n" + "\n".join(kept).strip("\n"), removed) if removed else (text, 0)


_NOT_WORDS = re.compile(r"[\W_]+")


def _plain(line: str) -> str:
    return _NOT_WORDS.sub("", line)
