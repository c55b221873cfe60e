"""Tokenizers that came with a Hugging Face model: their own `tokenizer.json`, our contract.

Ids are the library's. Text comes back token by token from a table of bytes, so that a continuation keeps
its first blank and a character in several tokens is whole again.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.backend import BackendTokenizer, read_backend
from clova_jax.tokenizers.base import Packed, pack, unpack
from clova_jax.tokenizers.byte_level import BYTE_OF
from clova_jax.tokenizers.words import reject_surrogates

SUPPORTED = ("ByteLevel", "Metaspace", "ByteFallback", "Replace", "Fuse", "Strip")
_fallback = re.compile("<0x([0-9A-F]{2})>").fullmatch


class HuggingFaceTokenizer(BackendTokenizer):
    """A fast tokenizer of Hugging Face; special tokens in a text are plain characters.

    Args:
        backend: the tokenizer.
        end_of_text: the id that closes a text.
        vocab_size: of the model; ids beyond the tokenizer's own stand for nothing.

    Raises:
        ClovaError: more tokens than `vocab_size`, or a decoder whose tokens are no bytes.
    """

    kind = "hugging_face"
    content_names = ("added_tokens", "normalizer", "pre_tokenizer", "model")

    def __init__(self, backend: tokenizers.Tokenizer, end_of_text: int, vocab_size: int) -> None:
        used = max(backend.get_vocab().values(), default=-1) + 1
        if used > vocab_size:
            raise ClovaError(
                f"the tokenizer has {used:,} tokens, the model {vocab_size:,}; it is another model's"
            )
        options = {"end_of_text": end_of_text, "vocab_size": vocab_size}
        super().__init__(backend, _token_bytes(backend, vocab_size), end_of_text, options)
        self._adds_blank = _adds_blank(self._content())
        backend.no_truncation()
        backend.no_padding()

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        if isinstance(texts, str):
            raise ClovaError("encode_batch takes a list of texts; encode takes one")
        return [unpack(ids) for ids in self._encode_words(list(texts))]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; the blank that the tokenizer puts before a text is taken off again."""
        text = super().decode(ids)
        return text[1:] if text.startswith(" ") and self._adds_blank else text

    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        reject_surrogates(words)
        encodings = self._backend.encode_batch_fast(words, add_special_tokens=False)
        return (pack(encoding.ids) for encoding in encodings)

    def _content(self) -> dict[str, Any]:
        return super()._content() | self.options

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "HuggingFaceTokenizer":
        """Reads what `save` wrote."""
        return cls(read_backend(folder), **manifest["options"])


def _token_bytes(backend: tokenizers.Tokenizer, vocab_size: int) -> list[bytes]:
    """What each id stands for; b"" for special tokens and for ids that no token has."""
    content = json.loads(backend.to_str())
    decoder = content["decoder"] or {"type": "Fuse"}
    steps = [step["type"] for step in decoder.get("decoders", [decoder])]
    for step in steps:
        if step not in SUPPORTED:
            raise ClovaError(
                f"the tokenizer's decoder {step} is not supported; there are {', '.join(SUPPORTED)}"
            )
    added = {token["id"]: token for token in content["added_tokens"]}
    table = [b""] * vocab_size
    for token, number in backend.get_vocab().items():
        if number in added:
            table[number] = b"" if added[number]["special"] else token.encode()
        elif "ByteLevel" in steps:
            table[number] = b"".join(
                bytes([BYTE_OF[c]]) if c in BYTE_OF else c.encode() for c in token
            )
        elif match := _fallback(token):
            table[number] = bytes([int(match[1], 16)])
        else:
            table[number] = token.replace("▁", " ").encode()
    return table


def _adds_blank(content: dict[str, Any]) -> bool:
    """Whether a text gets a blank before it: by the pre-tokenizer, or by Llama 2's normalizer."""
    steps = []
    for part in (content["pre_tokenizer"] or {}, content["normalizer"] or {}):
        steps += part.get("pretokenizers") or part.get("normalizers") or [part]
    return any(
        step.get("prepend_scheme") in ("always", "first")
        or step.get("add_prefix_space") is True
        or step.get("type") == "Prepend"
        for step in steps
    )
