"""Trains tokenizers: texts are streamed and counted once, whatever the kind."""

import inspect
from collections.abc import Iterable
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.base import Tokenizer
from clova_jax.tokenizers.byte_level import train_byte
from clova_jax.tokenizers.char import train_char
from clova_jax.tokenizers.lookup import train_character, train_eojeol
from clova_jax.tokenizers.morpheme_byte import train_morpheme_byte

KINDS = {
    "morpheme_byte": train_morpheme_byte,
    "byte": train_byte,
    "char": train_char,
    "eojeol": train_eojeol,
    "character": train_character,
}


def train_tokenizer(
    texts: Iterable[str], kind: str = "morpheme_byte", vocab_size: int = 32_000, **options: Any
) -> Tokenizer:
    """Trains a tokenizer on a stream of texts.

    Args:
        texts: documents; read once, never held together in memory.
        kind: "morpheme_byte" (the paper's), "byte", "char", "eojeol" or "character".
        vocab_size: number of ids with `<|endoftext|>`; a small corpus may yield fewer.
        options: of the kind; see `train_…` of its file. All take `show_progress`.

    Raises:
        ClovaError: an unknown kind or option, no text, or a vocabulary smaller than its alphabet.
    """
    if kind not in KINDS:
        raise ClovaError(f"no tokenizer kind {kind!r}; there are: {', '.join(KINDS)}")
    train = KINDS[kind]
    known = list(inspect.signature(train).parameters)[2:]
    for name in options:
        if name not in known:
            raise ClovaError(
                f"tokenizer kind {kind!r} has no option {name!r}; it has: {', '.join(known)}"
            )
    return train(texts, vocab_size, **options)
