"""Keeps the entries of tokens until their characters are shown, and names tokens for people and programs."""

import codecs
from collections import deque
from collections.abc import Sequence

from clova_jax.studio.backends.base import Entry
from clova_jax.tokenizers import END_OF_TEXT, Tokenizer

ID = "token_id:"  # before the number, where tokens are named by their ids, as vLLM does


def token_name(tokenizer: Tokenizer, token: int) -> str:
    """Returns the text of a token; a name of its own for bytes that are no text, so that no two tokens share one."""
    if token == tokenizer.end_of_text:
        return END_OF_TEXT
    if token >= tokenizer.vocab_size:
        return f"<|virtual:{token - tokenizer.vocab_size}|>"
    data = tokenizer.decode_bytes([token])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)


class Sizes:
    """Counts the characters that are complete after each token.

    Args:
        tokenizer: of the tokens.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def of(self, ids: Sequence[int]) -> list[int]:
        """Returns how many characters each of the next tokens completes."""
        known = self._tokenizer.vocab_size
        return [
            len(self._decoder.decode(self._tokenizer.decode_bytes([token]))) if token < known else 0
            for token in ids
        ]


class HeldEntries:
    """Holds the entries of one text back until a reader has the characters that they complete."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._given = self._characters = 0

    def add(self, entry: Entry) -> None:
        """Takes the next token's entry."""
        self._waiting.append(entry)

    def shown(self, characters: int) -> list[Entry]:
        """Returns entries that were not given out yet and lie within so many characters."""
        ready = []
        while self._waiting and self._characters + self._waiting[0].size <= characters:
            ready.append(self._give())
        return ready

    def begun(self, characters: int) -> list[Entry]:
        """Returns entries that were not given out yet and begin before so many characters."""
        ready = []
        while self._waiting and self._characters < characters:
            ready.append(self._give())
        return ready

    def rest(self, tokens: int | None = None) -> list[Entry]:
        """Returns all entries that were not given out, of the first `tokens` ones."""
        count = len(self._waiting) if tokens is None else tokens - self._given
        return [self._give() for _ in range(count)]

    def _give(self) -> Entry:
        entry = self._waiting.popleft()
        self._given += 1
        self._characters += entry.size
        return entry
