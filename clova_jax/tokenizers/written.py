"""A text as it comes back from its ids."""

from typing import Any


def as_written(tokenizer: Any, text: str) -> str:
    """What comes back of a text that stands after another: all of it, unless the tokenizer loses something."""

    def back(words: str) -> str:
        return tokenizer.decode(tokenizer.encode(words))

    before = next((word for word in ("가", "a", "1", ".") if back(word) == word), "")
    return back(before + text).removeprefix(before)
