"""Defines `Tokenizer`, the base of every kind, and the loop that makes encoding fast.

The ids of a text are the ids of its words (`words.py`), and real text repeats its words: a
subclass only encodes new words, and a bounded memo (`memo.py`) has the ids of the others, in one
pass of C code (split into units, look up, join).
"""

import functools
import hashlib
import json
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file, write_json
from clova_jax.common.hashes import HASHES, write_hashes
from clova_jax.common.host_memory import collector_paused
from clova_jax.common.output_folder import claim_folder
from clova_jax.common.places import local_path
from clova_jax.tokenizers.memo import Memo
from clova_jax.tokenizers.words import (
    has_whitespace,
    shorten,
    split_units,
    split_words,
    text_of,
    unit_of,
)

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "<unk>"
Packed = bytes  # ids as native uint32: they join fast, and the cycle collector passes them by
MANIFEST = "clova_tokenizer.json"
FORMAT = 2
BEFORE_HASHES = 1  # still read
# Files of Hugging Face's that an imported tokenizer keeps as they are.
ORIGINALS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "chat_template.jinja",
    "chat_template.json",
)
# All that a tokenizer's folder may hold, whatever its kind.
FILES = (MANIFEST, HASHES, *ORIGINALS, "pieces.json", "cuts.json")
CHUNK = 1 << 20  # characters encoded at once: many new words in one call, little held in memory


class Tokenizer(ABC):
    """Turns text into ids and back.

    `encode` adds nothing, and never makes a special token out of text.

    Attributes:
        kind: "morpheme_byte", "byte", "char", "eojeol" or "character".
        vocab_size: number of ids, `<|endoftext|>` counted.
        end_of_text: the id of `<|endoftext|>`, the only special token a text model needs.
        unknown: the id that stands for characters or words outside the vocabulary; None where there are none.
        losses: the parts of a text that its ids lose, a sentence each.
        prefix_stable: whether two texts that meet at whitespace have the ids that they have alone. Where not, prompts
            are encoded as one text.
        options: the training options that decided the ids, as JSON values.
        facts: figures of the training (documents, characters, words), as JSON values.
    """

    kind: str
    unknown: int | None = None
    prefix_stable: bool = True

    def __init__(
        self, tokens: Sequence[bytes], end_of_text: int, options: dict[str, Any], facts: Any = None
    ) -> None:
        self.vocab_size = len(tokens)
        self.end_of_text = end_of_text
        self.options = options
        self.facts = facts or {}
        self._tokens = list(tokens)
        self._memo: Memo[Packed] = Memo()

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"{type(self).__name__}(vocab_size={self.vocab_size}{options})"

    # A subclass defines these.

    @abstractmethod
    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        """Encodes each word."""

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """Returns everything that decides ids, as JSON values."""

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """Returns the files that `load_tokenizer` needs beside the manifest, by name."""

    # The public interface.

    def encode(self, text: str) -> list[int]:
        """Encodes a text.

        Raises:
            ClovaError: the text holds a lone surrogate.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encodes each text; faster than `encode`, since new words of many texts are encoded together."""
        if isinstance(texts, str):
            raise ClovaError("encode_batch takes a list of texts; encode takes one")
        with collector_paused():
            return [ids for rows in self._encode_chunks(_chunks(texts)) for ids in rows]

    def _encode_chunks(self, chunks: Iterable[list[str]]) -> Iterator[list[list[int]]]:
        """Encodes each chunk. The next is begun before one is ended: threads have work meanwhile."""
        begun: _Begun | None = None
        for chunk in chunks:
            following = self._begin(chunk, begun)
            if begun:
                yield self._end(begun)
            begun = following
        if begun:
            yield self._end(begun)

    def _look_up(
        self, texts: list[str], known: dict[str, Packed]
    ) -> tuple[list[list[int]], dict[int, list[str]]]:
        """Returns the ids of the texts whose units are all known, and the units of the others."""
        rows: list[list[int]] = [[]] * len(texts)
        missed = {}
        get = known.__getitem__
        for row, text in enumerate(texts):
            units = split_units(text)
            try:
                rows[row] = unpack(b"".join(map(get, units)))
            except KeyError:
                missed[row] = shorten(units)
        return rows, missed

    def _begin(self, texts: list[str], before: "_Begun | None") -> "_Begun":
        """Does all that needs no new ids. Units that are new in `before` too are left to that."""
        known = self._memo.young
        rows, missed = self._look_up(texts, known)
        coming = before.unseen if before and before.known is known else {}

        def new_of(rows: Iterable[list[str]]) -> dict[str, None]:
            # In the order of the text: frequent words come early, and lie together in memory then.
            units = dict.fromkeys(chain.from_iterable(rows))
            return {unit: None for unit in units if unit not in known and unit not in coming}

        unseen = new_of(missed.values())
        several: dict[str, list[str]] = {}  # units of none or more than one word
        for unit in filter(has_whitespace, unseen):
            words = split_words(text_of(unit))
            if len(words) != 1:
                several[unit] = list(map(unit_of, words))
        unseen |= new_of(several.values())
        single = self._memo.renew(known, [unit for unit in unseen if unit not in several])
        new = self._encode_new(single) if single else ()
        return _Begun(known, rows, missed, unseen, several, new)

    def _end(self, begun: "_Begun") -> list[list[int]]:
        """Returns the ids of a chunk that was begun; its new words are known from now on."""
        known = begun.known
        get = known.__getitem__
        self._memo.add(known, begun.new)
        self._memo.add(
            known, ((unit, b"".join(map(get, words))) for unit, words in begun.several.items())
        )
        for row, units in begun.missed.items():
            begun.rows[row] = unpack(b"".join(map(get, units)))
        return begun.rows

    def _encode_new(self, units: list[str]) -> Iterator[tuple[str, Packed]]:
        """Encodes the units missing from the memo, of one word each; yields (unit, ids) in any order.

        A subclass may start the work in a thread before the first pair is requested.
        """
        return zip(units, self._encode_words(list(map(text_of, units))), strict=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Decodes ids to text; `<|endoftext|>` is "", bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Sequence[int]) -> bytes:
        """Decodes ids to UTF-8 bytes.

        Raises:
            ClovaError: an id outside `0 … vocab_size - 1`.
        """
        try:
            if len(ids) and min(ids) < 0:  # a list would count from its end
                raise IndexError
            return b"".join(map(self._tokens.__getitem__, ids))
        except IndexError:
            bad = next(i for i in ids if not 0 <= i < self.vocab_size)
            raise ClovaError(
                f"id {bad} is outside the vocabulary 0 … {self.vocab_size - 1}"
            ) from None

    def token_bytes(self) -> list[bytes]:
        """Returns the bytes of every id, in order; b"" for special tokens."""
        return list(self._tokens)

    @property
    def losses(self) -> tuple[str, ...]:
        """Lists the parts of a text that its ids lose, a sentence each; empty for most kinds."""
        if self.unknown is None:
            return ()
        return (f"characters or words outside the vocabulary become {UNKNOWN} (id {self.unknown})",)

    @property
    def lossless(self) -> bool:
        """Returns whether every text comes back from its ids."""
        return not self.losses

    @functools.cached_property
    def fingerprint(self) -> str:
        """Returns the SHA-256 of everything that decides ids: equal fingerprints give equal ids."""
        return self.fingerprint_without()

    def fingerprint_without(self, *names: str) -> str:
        """Returns the fingerprint without some parts of the content, as older formats computed it."""
        content = {"format": 1, "kind": self.kind} | self._content()
        content = {name: value for name, value in content.items() if name not in names}
        line = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()

    def save(self, folder: str | Path, notes: Mapping[str, Any] | None = None) -> None:
        """Writes a folder that `load_tokenizer` reads; the hashes of its files come last.

        Args:
            folder: made where it is missing.
            notes: JSON values to keep beside it, by file name.

        Raises:
            ClovaError: the folder holds files of these names that are no tokenizer of ours.
        """
        folder, files = local_path(folder), self.files()
        claim_folder(folder, FILES, MANIFEST, "a tokenizer of clova_jax")
        (folder / HASHES).unlink(missing_ok=True)  # half a tokenizer never loads
        manifest = {
            "format": FORMAT,
            "kind": self.kind,
            "vocab_size": self.vocab_size,
            "fingerprint": self.fingerprint,
            "options": self.options,
            "facts": self.facts,
        }
        write_json(
            folder / MANIFEST, manifest
        )  # first, so that half a tokenizer is recognized as ours
        for name in FILES[2:]:
            if name in files:
                with whole_file(folder / name, "wb") as file:
                    file.write(files[name])
            else:  # of an older tokenizer, of another kind perhaps
                (folder / name).unlink(missing_ok=True)
        for name, value in (notes or {}).items():
            write_json(folder / name, value)
        write_hashes(folder)


@dataclass
class _Begun:
    """Holds a chunk of texts on its way to ids."""

    known: dict[str, Packed]  # the young generation when it was begun
    rows: list[list[int]]  # the ids of each text, where nothing was missed
    missed: dict[int, list[str]]  # units by row
    unseen: dict[str, None]  # what `known` will have at the end
    several: dict[str, list[str]]  # of those, units of none or more than one word
    new: Iterable[tuple[str, Packed]]  # the others, and their ids when asked for


def pack(ids: Iterable[int]) -> Packed:
    """Packs ids into bytes, as a memo keeps them."""
    return array("I", ids).tobytes()


def unpack(ids: Packed) -> list[int]:
    """Unpacks the ids of a memo."""
    return array("I", ids).tolist()


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk, size = [], 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
