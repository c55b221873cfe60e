"""Fakes a tokenizer that needs no training: a token is a byte."""

import hashlib


class Bytes:
    """Encodes each byte as a token; `<|endoftext|>` is the last id.

    Args:
        vocab_size: 257 or more; ids from 256 on have no text.
        missing: characters outside the vocabulary, which become `?`.
    """

    kind, unknown, prefix_stable = "bytes", None, True

    def __init__(self, vocab_size: int = 257, missing: str = "") -> None:
        self.vocab_size, self.end_of_text = vocab_size, vocab_size - 1
        self.fingerprint = hashlib.sha256(str(vocab_size).encode()).hexdigest()
        self.missing = missing

    def encode(self, text: str) -> list[int]:
        """Encodes a text."""
        return list("".join("?" if c in self.missing else c for c in text).encode())

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        """Encodes each text."""
        return [self.encode(text) for text in texts]

    def decode_bytes(self, ids: list[int]) -> bytes:
        """Decodes ids to bytes."""
        return bytes(i for i in ids if i < 256)

    def decode(self, ids: list[int]) -> str:
        """Decodes ids to text."""
        return self.decode_bytes(ids).decode(errors="replace")

    def save(self, folder: object) -> None:
        """Refuses to be saved: no process but this one knows it."""
        raise NotImplementedError
