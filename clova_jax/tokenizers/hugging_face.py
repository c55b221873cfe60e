"""Runs the tokenizer of a Hugging Face model, its own `tokenizer.json`, under this project's interface.

Ids are the library's. Text comes back token by token from a table of bytes, so that a continuation keeps
its first space and a character in several tokens is complete again. What such a tokenizer loses of a text, and
whether segments may be encoded separately, is measured when it is made (`hugging_face_measures.py`). The files it
came in are kept byte for byte: an export returns them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import fields
from clova_jax.tokenizers.backend import BackendTokenizer, read_backend
from clova_jax.tokenizers.base import MANIFEST, ORIGINALS, Packed, pack, unpack
from clova_jax.tokenizers.hugging_face_measures import is_prefix_stable, losses_of
from clova_jax.tokenizers.hugging_face_tokens import adds_space, token_bytes, unknown_of
from clova_jax.tokenizers.words import reject_surrogates


class HuggingFaceTokenizer(BackendTokenizer):
    """Encodes with a fast tokenizer of Hugging Face; special tokens in a text are plain characters.

    Args:
        backend: the tokenizer.
        end_of_text: the id that closes a text.
        vocab_size: the model's; ids beyond the tokenizer's own have no text.
        files: those it came in, by name; `tokenizer.json` is written from the backend where it is not among them.
        facts: where it came from, as JSON values.

    Raises:
        ClovaError: more tokens than `vocab_size`, an id given twice, an `end_of_text` that is no id, or a decoder
            whose tokens are no bytes.
    """

    kind = "hugging_face"
    content_names = ("added_tokens", "normalizer", "pre_tokenizer", "model")

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        end_of_text: int,
        vocab_size: int,
        files: Mapping[str, bytes] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        vocabulary = backend.get_vocab()
        used = max(vocabulary.values(), default=-1) + 1
        if used > vocab_size:
            raise ClovaError(
                f"the tokenizer has {used:,} tokens, the model {vocab_size:,}; it is another model's"
            )
        if not 0 <= end_of_text < vocab_size:
            raise ClovaError(
                f"the end of a text {end_of_text} is none of the ids 0 … {vocab_size - 1}"
            )
        backend.no_truncation()
        backend.no_padding()
        content = json.loads(backend.to_str())
        unknown = unknown_of(content, vocabulary)
        tokens = token_bytes(content, vocabulary, vocab_size, unknown)
        self._originals = dict(files or {})
        self._originals.setdefault("tokenizer.json", backend.to_str(pretty=True).encode())
        options = {"end_of_text": end_of_text, "vocab_size": vocab_size}
        facts = (facts or {}) | {"files": sorted(self._originals)}
        super().__init__(backend, tokens, end_of_text, options, facts)
        self.unknown = unknown
        self._adds_space = adds_space(content)
        self.prefix_stable = is_prefix_stable(self.encode)
        self._losses = losses_of(self, content, vocabulary)

    @property
    def losses(self) -> tuple[str, ...]:
        """Lists the parts of a text that its ids lose, as measured, a sentence each."""
        return self._losses

    def token_of(self, number: int) -> str:
        """Returns the token of an id, as the files name it; "" where no token has it."""
        return self._backend.id_to_token(number) or ""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encodes each text."""
        if isinstance(texts, str):
            raise ClovaError("encode_batch takes a list of texts; encode takes one")
        return [unpack(ids) for ids in self._encode_words(list(texts))]

    def decode(self, ids: Sequence[int]) -> str:
        """Decodes ids to text, without the space that the tokenizer puts before a text."""
        text = super().decode(ids)
        return text[1:] if text.startswith(" ") and self._adds_space else text

    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        reject_surrogates(words)
        encodings = self._backend.encode_batch_fast(words, add_special_tokens=False)
        return (pack(encoding.ids) for encoding in encodings)

    def _content(self) -> dict[str, Any]:
        return super()._content() | self.options

    def files(self) -> dict[str, bytes]:
        """Returns the files it came in, by name."""
        return dict(self._originals)

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "HuggingFaceTokenizer":
        """Reads what `save` wrote."""
        place = folder / MANIFEST
        ids = fields(manifest["options"], place, {"end_of_text": int, "vocab_size": int})
        names = fields(manifest["facts"], place, {"files": list[str]})["files"]
        if others := sorted(set(names).difference(ORIGINALS)):
            raise ClovaError(f"{place}: {others[0]!r} is no file of a tokenizer")
        files = {name: (folder / name).read_bytes() for name in names}
        backend = read_backend(folder / "tokenizer.json")
        return cls(backend, **ids, files=files, facts=manifest["facts"])
