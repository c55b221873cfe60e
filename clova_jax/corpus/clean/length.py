"""Drops documents with too few letters."""

from dataclasses import dataclass

from clova_jax.common.options import option
from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.step import Dropped, Step
from clova_jax.corpus.documents import Document

SHORT_KINDS = ("comments", "news", "kin", "modu")  # kinds whose documents may be one sentence


@dataclass(frozen=True)
class LengthSettings:
    """Sets how many letters a document must have."""

    min_letters: int = option(20, least=0)
    """letters that a document must have"""
    min_letters_short: int = option(6, least=0)
    """the same for comments, headlines and answers"""


class Length(Step):
    """Drops documents with too few letters; comments, headlines, answers and talk may be shorter."""

    name = "length"
    Settings = LengthSettings

    def one(self, document: Document) -> Document | Dropped:
        """Counts the letters."""
        is_answer = document.text.startswith("질문: ")
        short = is_answer or self.context.source(document).kind in SHORT_KINDS
        least = self.settings.min_letters_short if short else self.settings.min_letters
        reason = too_short(document.text, least)
        return Dropped("short", reason) if reason else document


def too_short(text: str, min_letters: int) -> str | None:
    """Returns a reason when a text has fewer than `min_letters` letters, else None."""
    letters = profile(text).letters
    return f"{letters} letters" if letters < min_letters else None
