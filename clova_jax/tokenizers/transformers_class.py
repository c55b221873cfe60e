"""Our tokenizers inside `transformers`: the same ids, Kiwi included.

`export_tokenizer` writes a folder that `AutoTokenizer.from_pretrained(folder,
trust_remote_code=True)` reads where `clova_jax` is installed; `ClovaTokenizer.from_pretrained`
reads it without that flag. The `tokenizer.json` in it can be read without us, but for kind
morpheme_byte it lacks the analyser: 6% of the words of real text get other ids (measured by
`experiments.tokenizer_report`; RESULTS.md).
"""

from pathlib import Path
from typing import Any, ClassVar

from transformers import PreTrainedTokenizer

from clova_jax.common.files import whole_file, write_json
from clova_jax.tokenizers.base import END_OF_TEXT, MANIFEST, UNKNOWN, Tokenizer
from clova_jax.tokenizers.byte_level import BYTE_OF, LETTER
from clova_jax.tokenizers.load import load_tokenizer

MODULE = "tokenization_clova"


class ClovaTokenizer(PreTrainedTokenizer):
    """A saved tokenizer as `transformers` wants it; tokens are shown in GPT-2's letters for bytes."""

    vocab_files_names: ClassVar = {"manifest": MANIFEST}
    model_input_names: ClassVar = ["input_ids", "attention_mask"]

    def __init__(self, manifest: str, **kwargs: Any) -> None:
        self._tokenizer = load_tokenizer(Path(manifest).parent)
        special = {self._tokenizer.end_of_text: END_OF_TEXT, self._tokenizer.unknown: UNKNOWN}
        self._letters = [
            special.get(number, token.decode("latin-1").translate(LETTER))
            for number, token in enumerate(self._tokenizer.token_bytes())
        ]
        self._number_of = {token: number for number, token in enumerate(self._letters)}
        kwargs.setdefault("split_special_tokens", True)  # special tokens in a text are text
        kwargs.setdefault("eos_token", END_OF_TEXT)
        kwargs.setdefault("bos_token", END_OF_TEXT)
        kwargs.setdefault("pad_token", END_OF_TEXT)
        super().__init__(**kwargs)

    @property
    def vocab_size(self) -> int:
        """Number of ids."""
        return self._tokenizer.vocab_size

    def get_vocab(self) -> dict[str, int]:
        """Ids by token."""
        return dict(self._number_of)

    def _tokenize(self, text: str, **_: Any) -> list[str]:
        return [self._letters[number] for number in self._tokenizer.encode(text)]

    def _convert_token_to_id(self, token: str) -> int | None:
        return self._number_of.get(token, self._tokenizer.unknown)

    def _convert_id_to_token(self, index: int) -> str:
        return self._letters[index]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text of tokens."""
        special = {END_OF_TEXT: END_OF_TEXT.encode(), UNKNOWN: "\ufffd".encode()}
        return b"".join(
            special.get(token) or bytes(map(BYTE_OF.__getitem__, token)) for token in tokens
        ).decode("utf-8", errors="replace")

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Saves our own files beside those of `transformers`."""
        self._tokenizer.save(save_directory)
        return (str(Path(save_directory) / MANIFEST),)


def export_tokenizer(
    tokenizer: Tokenizer, folder: str | Path, max_length: int | None = None
) -> None:
    """Writes a folder that `transformers` reads with the same ids, and `load_tokenizer` too.

    Args:
        tokenizer: of any kind.
        folder: where to write; may be a model's.
        max_length: tokens the model takes, if known.
    """
    folder = Path(folder)
    tokenizer.save(folder)
    config = {
        "tokenizer_class": "ClovaTokenizer",
        "auto_map": {"AutoTokenizer": [f"{MODULE}.ClovaTokenizer", None]},
        "split_special_tokens": True,
        "clean_up_tokenization_spaces": False,
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "pad_token": END_OF_TEXT,
    }
    if tokenizer.unknown is not None:
        config["unk_token"] = UNKNOWN
    if max_length is not None:
        config["model_max_length"] = max_length
    write_json(folder / "tokenizer_config.json", config)
    with whole_file(folder / f"{MODULE}.py") as file:
        file.write(
            '"""`pip install clova_jax` first: the morphemes come from there."""\n\n'
            "from clova_jax.tokenizers.transformers_class import ClovaTokenizer\n\n"
            '__all__ = ["ClovaTokenizer"]\n'
        )
