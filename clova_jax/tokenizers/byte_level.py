"""Implements byte-level BPE on Hugging Face's `tokenizers`: no text is unknown to it.

Kind "byte" is the field's standard: GPT-2's split, then merges of bytes. The model, its merges and
its split live in `tokenizer.json`, so any reader of that format gives the same ids.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.backend import BackendTokenizer, read_backend, tokens_in_order
from clova_jax.tokenizers.base import END_OF_TEXT, Packed
from clova_jax.tokenizers.count import count_pre_tokens, count_words, feed
from clova_jax.tokenizers.words import RUST_WORD, reject_surrogates

BLOCK = 100  # words given to the library as one text
AT_ONCE = 5_000  # words given to it in one call
Cuttable = TypeVar("Cuttable", str, Packed)
ALPHABET = 1 + 256  # `<|endoftext|>` and every byte


def _byte_of() -> dict[str, int]:
    """Returns the byte of each of GPT-2's printable letters."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in printable}
    hidden = (byte for byte in range(256) if byte not in printable)
    return table | {chr(256 + n): byte for n, byte in enumerate(hidden)}


BYTE_OF = _byte_of()


class ByteTokenizer(BackendTokenizer):
    """Encodes by merges of bytes inside words.

    Args:
        backend: a `tokenizers.Tokenizer` whose merges stay inside words.
        options: the training options that decided the ids.
        facts: figures of the training, as JSON values.

    Raises:
        ClovaError: a vocabulary that lacks a byte or `<|endoftext|>`, or gives an id twice or not at all.
    """

    kind = "byte"

    def __init__(
        self, backend: tokenizers.Tokenizer, options: dict[str, Any], facts: Any = None
    ) -> None:
        tokens = _bytes_of(tokens_in_order(backend.get_vocab()))
        super().__init__(backend, tokens, tokens.index(b""), options, facts)
        self._lengths = np.array(list(map(len, tokens)))
        self._merges = tokenizers.Tokenizer(backend.model)  # without the split, most of the time

    def _encode_words(self, words: list[str]) -> Iterator[Packed]:
        reject_surrogates(words)
        if len(words) <= AT_ONCE:
            blocks = _Blocks(words)
            return blocks.rows(self._merge(blocks), self._lengths)
        library = ThreadPoolExecutor(1)  # it merges some while Python prepares the next
        running = []
        for at in range(0, len(words), AT_ONCE):
            blocks = _Blocks(words[at : at + AT_ONCE])
            running.append((blocks, library.submit(self._merge, blocks)))
        library.shutdown(wait=False)
        rows = (blocks.rows(merged.result(), self._lengths) for blocks, merged in running)
        return chain.from_iterable(rows)

    def _merge(self, blocks: "_Blocks") -> list[tokenizers.Encoding]:
        return self._merges.encode_batch_fast(
            blocks.letters, is_pretokenized=True, add_special_tokens=False
        )

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "ByteTokenizer":
        """Reads what `save` wrote."""
        return cls(read_backend(folder / cls.file_name), manifest["options"], manifest["facts"])


def _bytes_of(tokens: list[str]) -> list[bytes]:
    """Returns the bytes of tokens in GPT-2's letters; every byte and `<|endoftext|>` (no bytes) must be there."""
    try:
        found = [
            b"" if token == END_OF_TEXT else bytes(map(BYTE_OF.__getitem__, token))
            for token in tokens
        ]
    except KeyError as error:
        raise ClovaError(f"the letter {error} in a token stands for no byte") from None
    known = set(found)
    if b"" not in known:
        raise ClovaError(f"the vocabulary has no {END_OF_TEXT}, which closes a text")
    lacking = [byte for byte in range(256) if bytes([byte]) not in known]
    if lacking:
        raise ClovaError(
            f"the vocabulary lacks the byte 0x{lacking[0]:02X} ({len(lacking)} of 256 are missing): texts would "
            "lose it"
        )
    if found.count(b"") > 1:
        raise ClovaError("the vocabulary has a token of no bytes")
    return found


class _Blocks:
    """Arranges words as the library merges them fastest, and takes their ids apart again.

    The parts of a hundred words go as one text: an answer of its own for each would double the time. The lengths of
    the tokens in bytes show where a word ends.
    """

    def __init__(self, words: list[str]) -> None:
        blocks = [split_all(words[at : at + BLOCK]) for at in range(0, len(words), BLOCK)]
        parts = [list(chain.from_iterable(block)) for block in blocks]
        ends = [np.cumsum([len(part.encode()) for part in some]) for some in parts]
        self.letters = [
            _cut(_letters("".join(some)), at.tolist()) for some, at in zip(parts, ends, strict=True)
        ]
        self._ends = [  # of words, in bytes
            np.append(at, 0)[np.cumsum(list(map(len, block))) - 1]
            for at, block in zip(ends, blocks, strict=True)
        ]

    def rows(self, encodings: list[tokenizers.Encoding], lengths: np.ndarray) -> Iterator[Packed]:
        """Returns the ids of each word, given those of each text and the bytes of each id."""
        for ends, encoding in zip(self._ends, encodings, strict=True):
            ids = np.array(encoding.ids, np.uint32)
            bounds = np.searchsorted(np.cumsum(lengths[ids]), ends, side="right")
            yield from _cut(ids.tobytes(), (ids.itemsize * bounds).tolist())


PRE_TOKENIZER = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(RUST_WORD), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]
)


# GPT-2's split once more, for the characters that nearly all words are made of: asked of the
# library, it takes longer than the merges.
_ALPHABETIC = "A-Za-zㄱ-ㅣ一-鿌가-힣"
_SYMBOLS = "!-/:-@[-`{-~·×‐-‧※←-⇿─-◿、-〃〈-】！-／：-＠"
_split_common = re.compile(
    f"'(?:[stmd]|re|ve|ll)| ?[{_ALPHABETIC}]+| ?[0-9]+| ?[{_SYMBOLS}]+| +(?![^ ])| +"
).findall
LETTER = {byte: letter for letter, byte in BYTE_OF.items()}
# Hangul in all its blocks, and ASCII that is no letter: what `korean_only` learns merges of.
_learned = re.compile(
    "[\x00-@\\[-`{-\x7f\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]+"
).findall


def split_all(words: Sequence[str]) -> list[list[str]]:
    """Splits each word as GPT-2's pre-tokenizer does."""
    rows = list(map(_split_common, words))
    if sum(map(len, chain.from_iterable(rows))) == sum(map(len, words)):
        return rows
    return [  # another character was passed over
        parts
        if sum(map(len, parts)) == len(word)
        else [_text(part) for part, _ in PRE_TOKENIZER.pre_tokenize_str(word)]
        for word, parts in zip(words, rows, strict=True)
    ]


def _letters(text: str) -> str:
    """Returns GPT-2's letters for the bytes of a text: what the merges are written in."""
    return text.encode().decode("latin-1").translate(LETTER)


def _cut(text: Cuttable, ends: list[int]) -> list[Cuttable]:
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _text(letters: str) -> str:
    return bytes(map(BYTE_OF.__getitem__, letters)).decode()


def count_parts(pre_tokens: Counter[str], korean_only: bool) -> tuple[Counter[str], int]:
    """Counts what merges are learned from, in GPT-2's letters, and the occurrences that `korean_only` left out."""
    if korean_only:
        kept = count_pre_tokens(
            pre_tokens, lambda some: zip(some, map(_learned, some), strict=True)
        )
    else:
        kept = pre_tokens
    parts = count_pre_tokens(kept, lambda some: zip(some, split_all(some), strict=True))
    whole = sum(
        count
        for pre_token, count in pre_tokens.items()
        if korean_only and _learned(pre_token) != [pre_token]
    )
    return Counter({_letters(part): count for part, count in parts.items()}), whole


def check_vocab_size(vocab_size: int) -> None:
    """Refuses a vocabulary smaller than its alphabet."""
    if vocab_size < ALPHABET:
        raise ClovaError(
            f"vocab_size {vocab_size} is smaller than the alphabet: 256 bytes and {END_OF_TEXT}; "
            f"ask for {ALPHABET} or more"
        )


def train_backend(
    pre_tokens: Counter[str], vocab_size: int, min_count: int, show_progress: bool = False
) -> tokenizers.Tokenizer:
    """Learns merges inside pieces.

    Args:
        pre_tokens: counts as `count_parts` gives them; no merge crosses from one to the next.
        vocab_size: ids, `<|endoftext|>` (id 0) and the 256 bytes counted.
        min_count: a pair seen less often is not merged.

    Raises:
        ClovaError: the vocabulary is smaller than its alphabet.
    """
    check_vocab_size(vocab_size)
    backend = tokenizers.Tokenizer(models.BPE())
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_count,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=show_progress,
    )
    backend.train_from_iterator(feed(pre_tokens), trainer)
    backend.pre_tokenizer = PRE_TOKENIZER  # only now: the pre-tokens had been split already
    return backend


def train_byte(
    texts: Iterable[str],
    vocab_size: int,
    min_count: int = 2,
    korean_only: bool = False,
    show_progress: bool = False,
) -> ByteTokenizer:
    """Trains kind "byte".

    Args:
        texts: documents, streamed.
        vocab_size: ids, `<|endoftext|>` and 256 bytes counted.
        min_count: a pair seen less often is not merged.
        korean_only: learn no merges in letters other than Hangul nor in symbols outside ASCII,
            so that those stay single bytes (the paper, section 3.3). Off by default: on real text it
            spares 1% of the tokens where nearly all is Hangul, and costs 20% to 60% more of them
            where terms are Latin, three times as many in English (docs/results/tokenizer_report.md).
        show_progress: progress bars on standard error.
    """
    check_vocab_size(vocab_size)  # before the text is read
    counts = count_words(texts)
    parts, left_out = count_parts(counts.words, korean_only)
    backend = train_backend(parts, vocab_size, min_count, show_progress)
    facts = counts.facts() | {"different_pieces": len(parts), "pieces_left_out": left_out}
    return ByteTokenizer(backend, {"min_count": min_count, "korean_only": korean_only}, facts)
