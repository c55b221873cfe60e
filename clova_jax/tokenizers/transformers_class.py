"""Runs our tokenizers inside `transformers`: the same ids, Kiwi included.

`AutoTokenizer.from_pretrained(folder, trust_remote_code=True)` comes here through the few lines that `export.py` writes
beside a tokenizer of kind morpheme_byte. `ClovaTokenizer.from_pretrained` reads such a folder without that flag.
"""

from pathlib import Path
from typing import Any, ClassVar

from transformers import PreTrainedTokenizer

from clova_jax.common.hashes import HASHES
from clova_jax.tokenizers.base import END_OF_TEXT, MANIFEST
from clova_jax.tokenizers.byte_level import BYTE_OF, LETTER
from clova_jax.tokenizers.export import OURS, write_code
from clova_jax.tokenizers.load import load_tokenizer
from clova_jax.tokenizers.morpheme_byte import CUTS, MorphemeByteTokenizer


class ClovaTokenizer(PreTrainedTokenizer):
    """Adapts a saved tokenizer to `transformers`; tokens are shown in GPT-2's letters for bytes."""

    # All of them, so that each is fetched where the folder lies on a server.
    vocab_files_names: ClassVar = {
        "manifest": f"{OURS}/{MANIFEST}",
        "hashes": f"{OURS}/{HASHES}",
        "pieces": f"{OURS}/{MorphemeByteTokenizer.file_name}",
        "cuts": f"{OURS}/{CUTS}",
    }
    model_input_names: ClassVar = ["input_ids", "attention_mask"]

    def __init__(self, manifest: str, **kwargs: Any) -> None:
        for other in ("hashes", "pieces", "cuts"):
            kwargs.pop(other, None)
        self._tokenizer = load_tokenizer(Path(manifest).parent)
        self._letters = [
            token.decode("latin-1").translate(LETTER) for token in self._tokenizer.token_bytes()
        ]
        self._letters[self._tokenizer.end_of_text] = END_OF_TEXT
        self._number_of = {token: number for number, token in enumerate(self._letters)}
        kwargs.setdefault("split_special_tokens", True)  # special tokens in a text are text
        kwargs.setdefault("eos_token", END_OF_TEXT)
        kwargs.setdefault("bos_token", END_OF_TEXT)
        kwargs.setdefault("pad_token", END_OF_TEXT)
        super().__init__(**kwargs)

    @property
    def vocab_size(self) -> int:
        """Returns the number of ids."""
        return self._tokenizer.vocab_size

    def get_vocab(self) -> dict[str, int]:
        """Returns the ids by token."""
        return dict(self._number_of)

    def _tokenize(self, text: str, **_: Any) -> list[str]:
        return [self._letters[number] for number in self._tokenizer.encode(text)]

    def _convert_token_to_id(self, token: str) -> int | None:
        return self._number_of.get(token)

    def _convert_id_to_token(self, index: int) -> str:
        return self._letters[index]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """Decodes tokens to text."""
        return b"".join(
            token.encode() if token == END_OF_TEXT else bytes(map(BYTE_OF.__getitem__, token))
            for token in tokens
        ).decode("utf-8", errors="replace")

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Saves our own files beside those of `transformers`."""
        folder = Path(save_directory)
        self._tokenizer.save(folder / OURS)
        write_code(folder)
        return (str(folder / OURS / MANIFEST),)
