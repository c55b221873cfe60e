"""Names tokens for people and programs, and counts the characters that each completes."""

import codecs
from collections.abc import Sequence

from clova_jax.tokenizers import END_OF_TEXT, Tokenizer


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
