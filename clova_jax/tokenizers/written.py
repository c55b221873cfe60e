"""Finds how a text comes back from its ids."""

from typing import Any


def as_written(tokenizer: Any, text: str) -> str:
    """Returns a text that follows another as its ids give it back: unchanged, unless the tokenizer loses some of it."""

    def back(words: str) -> str:
        return tokenizer.decode(tokenizer.encode(words))

    before = next((word for word in ("가", "a", "1", ".") if back(word) == word), "")
    return back(before + text).removeprefix(before)
