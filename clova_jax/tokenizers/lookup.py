"""Defines the two rule baselines of the authors' talk (docs/paper.md, section 3.3): whole eojeols, and single characters.

Nothing is learned but which entries are frequent enough to have an id. An eojeol carries the space
before it, so eojeols join to the text again.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.backend import read_backend, tokens_in_order
from clova_jax.tokenizers.base import END_OF_TEXT, UNKNOWN, Packed, Tokenizer, pack
from clova_jax.tokenizers.count import count_words
from clova_jax.tokenizers.words import RUST_WORD, reject_surrogates

SPECIAL = (END_OF_TEXT, UNKNOWN)
FILE = "tokenizer.json"


class LookupTokenizer(Tokenizer):
    """Looks entries up, each with an id of its own; everything else is `<unk>`.

    Args:
        entries: in order of id, the first two being `<|endoftext|>` and `<unk>`.
        options: empty.
        facts: figures of the training, as JSON values.

    Raises:
        ClovaError: the entries begin otherwise.
    """

    pattern: str

    def __init__(self, entries: list[str], options: dict[str, Any], facts: Any = None) -> None:
        if tuple(entries[:2]) != SPECIAL:
            raise ClovaError(f"the first ids are not {' and '.join(SPECIAL)}")
        tokens = [b"", "\ufffd".encode(), *(entry.encode() for entry in entries[2:])]
        super().__init__(tokens, 0, options, facts)
        self.unknown = 1
        self._entries = entries
        # A text that says "<unk>" is no special token.
        self._id_of = {entry: n for n, entry in enumerate(entries) if n > 1}

    def _content(self) -> dict[str, Any]:
        return {"entries": self._entries}

    def files(self) -> dict[str, bytes]:
        """Returns the files that `load_tokenizer` needs beside the manifest, by name."""
        return {FILE: self._backend(self._entries).to_str(pretty=True).encode()}

    def plain_backend(self) -> tokenizers.Tokenizer:
        """Builds a tokenizer of the library that gives the same ids; a word "<|endoftext|>" is unknown to it too."""
        used = set().union(*self._entries)
        other = next(chr(code) for code in range(0xFDD0, 0xFDF0) if chr(code) not in used)
        stand_in = END_OF_TEXT[:-1] + other  # as long, so that long words are cut at the same place
        entries = [entry.replace(END_OF_TEXT, stand_in) for entry in self._entries[1:]]
        backend = self._backend([END_OF_TEXT, *entries])
        backend.normalizer = normalizers.Replace(END_OF_TEXT, stand_in)
        return backend

    def _backend(self, entries: list[str]) -> tokenizers.Tokenizer:
        vocabulary = {entry: number for number, entry in enumerate(entries)}
        backend = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
        backend.pre_tokenizer = pre_tokenizers.Split(Regex(self.pattern), "isolated")
        backend.decoder = decoders.Fuse()
        backend.add_special_tokens([END_OF_TEXT])
        return backend

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "LookupTokenizer":
        """Reads what `save` wrote."""
        vocabulary = json.loads(read_backend(folder / FILE).to_str())["model"].get("vocab")
        if not isinstance(vocabulary, dict):
            raise ClovaError(f"not a vocabulary of kind {cls.kind!r}")
        return cls(tokens_in_order(vocabulary), manifest["options"], manifest["facts"])


class EojeolTokenizer(LookupTokenizer):
    """Encodes each frequent eojeol as one id."""

    kind = "eojeol"
    pattern = RUST_WORD

    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        reject_surrogates(words)
        return (pack([self._id_of.get(word, 1)]) for word in words)


class CharacterTokenizer(LookupTokenizer):
    """Encodes each frequent character as one id."""

    kind = "character"
    pattern = r"[\s\S]"

    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        reject_surrogates(words)
        return (pack(self._id_of.get(character, 1) for character in word) for word in words)


def _entries(counted: Counter[str], vocab_size: int) -> list[str]:
    if vocab_size <= len(SPECIAL):
        raise ClovaError(f"vocab_size {vocab_size} leaves no room beside {' and '.join(SPECIAL)}")
    for special in SPECIAL:
        counted.pop(special, None)
    frequent = sorted(counted, key=lambda entry: (-counted[entry], entry))
    return [*SPECIAL, *frequent[: vocab_size - len(SPECIAL)]]


def train_eojeol(
    texts: Iterable[str], vocab_size: int, show_progress: bool = False
) -> EojeolTokenizer:
    """Gives ids to the most frequent eojeols; `vocab_size` counts `<|endoftext|>` and `<unk>`.

    It is done as soon as the text is read, so `show_progress` shows nothing.
    """
    counts = count_words(texts)
    return EojeolTokenizer(_entries(counts.words, vocab_size), {}, counts.facts())


def train_character(
    texts: Iterable[str], vocab_size: int, show_progress: bool = False
) -> CharacterTokenizer:
    """Gives ids to the most frequent characters; as `train_eojeol`."""
    counts = count_words(texts)
    characters: Counter[str] = Counter()
    for word, count in counts.words.items():
        for character in word:
            characters[character] += count
    return CharacterTokenizer(_entries(characters, vocab_size), {}, counts.facts())
