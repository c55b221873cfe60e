"""Wraps a tokenizer of Hugging Face's `tokenizers`, kept in its `tokenizer.json`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.base import Tokenizer


class BackendTokenizer(Tokenizer):
    """Encodes with a tokenizer of the library; special tokens in a text are plain characters.

    Args:
        backend: the library's tokenizer.
        tokens: the bytes of every id, in order.
        end_of_text: the id that closes a text.
        options: the training options that decided the ids.
        facts: figures of the training, as JSON values.
    """

    # The parts of `tokenizer.json` that decide ids.
    content_names: tuple[str, ...] = ("normalizer", "pre_tokenizer", "model")
    file_name = "tokenizer.json"

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        tokens: Sequence[bytes],
        end_of_text: int,
        options: dict[str, Any],
        facts: Any = None,
    ) -> None:
        super().__init__(tokens, end_of_text, options, facts)
        backend.encode_special_tokens = True  # `<|endoftext|>` in a text is thirteen characters
        self._backend = backend

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._backend.encode_special_tokens = True  # the library does not pickle it

    def _content(self) -> dict[str, Any]:
        content = json.loads(self._backend.to_str())
        return {name: content[name] for name in self.content_names}

    def files(self) -> dict[str, bytes]:
        """Returns the files that `load_tokenizer` needs beside the manifest, by name."""
        return {self.file_name: self._backend.to_str(pretty=True).encode()}


def read_backend(path: Path) -> tokenizers.Tokenizer:
    """Reads a tokenizer of the library.

    Raises:
        ClovaError: the file is missing, or is no such tokenizer.
    """
    if not path.is_file():
        raise ClovaError(f"{path.parent}: has no {path.name}; copy the whole folder again")
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise ClovaError(f"{path}: not a tokenizer of Hugging Face's library ({error})") from None


def tokens_in_order(vocabulary: dict[str, int]) -> list[str]:
    """Returns the tokens in the order of their ids.

    Raises:
        ClovaError: an id is given twice, or one between the first and the last is missing.
    """
    tokens: dict[int, str] = {}
    for token, number in vocabulary.items():
        if number in tokens:
            raise ClovaError(f"the tokens {tokens[number]!r} and {token!r} have one id, {number}")
        tokens[number] = token
    missing = next((number for number in range(len(tokens)) if number not in tokens), None)
    if missing is not None:
        raise ClovaError(f"no token has the id {missing}, the last is {max(tokens)}")
    return [tokens[number] for number in range(len(tokens))]
