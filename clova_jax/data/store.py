"""Opens the token store: documents as token ids, by split and source, with a manifest of hashes.

    out/manifest.json               what is in it: tokenizer, counts, hashes
    out/train/00-blogs-00000.bin    token ids, little-endian uint16 (uint32 from 65,536 entries on)
    out/train/00-blogs-00000.idx    little-endian int64: where each document ends in the shard
    out/validation/…                the documents kept out of training

One `<|endoftext|>` closes each document. On an object store the same streams are zarr arrays.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.data.files import LocalFolder

FORMAT = "clova-tokens-1"
MANIFEST = "manifest.json"
LOST = ("empty_documents", "unknown_tokens")  # counts, in the manifest, of what did not get in


class Tokenizer(Protocol):
    """Describes what the store needs of a tokenizer."""

    kind: str
    vocab_size: int
    end_of_text: int
    unknown: int | None
    fingerprint: str

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        """Returns the token ids of each text."""

    def decode_bytes(self, ids: list[int]) -> bytes:
        """Returns the bytes that the ids stand for."""

    def save(self, folder: str | Path) -> None:
        """Writes the tokenizer where `load_tokenizer` finds it."""


@dataclass(frozen=True)
class Count:
    """Counts what one source or several hold.

    Args:
        documents: their number.
        tokens: with one `<|endoftext|>` a document.
        bytes: length of their text in UTF-8.
    """

    documents: int = 0
    tokens: int = 0
    bytes: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.documents + other.documents, self.tokens + other.tokens, self.bytes + other.bytes
        )


def dtype_for(vocab_size: int) -> np.dtype:
    """Returns the smallest integer type for ids: two bytes while they suffice."""
    return np.dtype("<u2" if vocab_size < 65_536 else "<u4")


def describe(tokenizer: Tokenizer) -> dict[str, Any]:
    """Returns what a manifest keeps of a tokenizer."""
    return {
        "kind": tokenizer.kind,
        "vocab_size": tokenizer.vocab_size,
        "end_of_text": tokenizer.end_of_text,
        "fingerprint": tokenizer.fingerprint,
    }


def open_folder(path: str | Path) -> Any:
    """Returns the backend for a path: local files, or TensorStore for a URL such as `gs://bucket/tokens`."""
    if "://" in str(path):
        from clova_jax.data.objects import ObjectFolder

        return ObjectFolder(str(path))
    return LocalFolder(path)


def seal(manifest: dict[str, Any]) -> str:
    """Hashes everything else in a manifest, and so, through the hashes in it, the complete store."""
    rest = {key: value for key, value in manifest.items() if key != "fingerprint"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


class TokenStore:
    """Reads a finished store. Make one with `serialize`, open it with `TokenStore.open`.

    `fingerprint` stands for its complete content; `vocab_size` and `end_of_text` are its tokenizer's.
    """

    def __init__(self, folder: Any, manifest: dict[str, Any]) -> None:
        self.path = str(folder)
        self.manifest = manifest
        self.fingerprint: str = manifest["fingerprint"]
        self.vocab_size: int = manifest["tokenizer"]["vocab_size"]
        self.end_of_text: int = manifest["tokenizer"]["end_of_text"]
        self.dtype = np.dtype(manifest["dtype"])
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[tuple[str, str], Count] = {}
        for name, stream in manifest["streams"].items():
            key = (stream["split"], stream["source"])
            self._names[key] = name
            self._counts[key] = Count(
                sum(shard["documents"] for shard in stream["shards"]),
                sum(shard["tokens"] for shard in stream["shards"]),
                stream["bytes"],
            )
        self._reader = folder.reader(self.dtype, manifest["streams"])

    @classmethod
    def open(cls, path: str | Path, tokenizer: Tokenizer | None = None) -> "TokenStore":
        """Opens a store; checks the manifest and the sizes of its files, not their content.

        Args:
            path: its folder or URL.
            tokenizer: checked against the store's where given.

        Raises:
            ClovaError: no store there, one that is not finished, a manifest or a file that was
                changed, a tokenizer that is not the store's.
        """
        folder = open_folder(path)
        manifest = folder.load(MANIFEST)
        if manifest is None:
            began = folder.load("progress.json") is not None
            raise ClovaError(
                f"{path}: not finished; run the same `clova serialize` again to resume"
                if began
                else f"{path}: no token store here (no {MANIFEST}); make one with `clova serialize`"
            )
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            found = manifest.get("format") if isinstance(manifest, dict) else manifest
            raise ClovaError(f"{path}/{MANIFEST}: format {found!r:.40}, not {FORMAT!r}")
        if manifest.get("fingerprint") != seal(manifest):
            raise ClovaError(
                f"{path}/{MANIFEST}: was changed after it was written; serialize again"
            )
        store = cls(folder, manifest)
        if tokenizer is not None:
            store.check_tokenizer(tokenizer)
        return store

    def check_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Refuses a tokenizer other than the one that made the store.

        Raises:
            ClovaError: with both values named.
        """
        ours, theirs = self.manifest["tokenizer"], describe(tokenizer)
        for key, value in ours.items():
            if theirs[key] != value:
                raise ClovaError(
                    f"{self.path}: made with a tokenizer whose {key} is {value!r}, "
                    f"the one given has {theirs[key]!r}; serialize again with it"
                )

    def sources(self, split: str = "train") -> list[str]:
        """Returns the sources of a split that hold any token, in order of name."""
        return sorted(
            source for (of, source), count in self._counts.items() if of == split and count.tokens
        )

    def count(self, split: str | None = None, source: str | None = None) -> Count:
        """Counts documents, tokens and bytes of text, summed over arguments that are not given."""
        return sum(
            (
                count
                for key, count in self._counts.items()
                if split in (None, key[0]) and source in (None, key[1])
            ),
            Count(),
        )

    def losses(self) -> list[str]:
        """Lists what of the documents did not get in, a sentence each; nothing where everything did."""
        empty, unknown = (self.manifest.get(what, 0) for what in LOST)
        bad = self.manifest.get("bad_lines", 0)
        sentences = [f"{bad:,} lines that hold no document were left out"] if bad else []
        if empty:
            sentences.append(f"{empty:,} empty documents were left out")
        if unknown:
            share = unknown / self.count().tokens
            sentences.append(
                f"{unknown:,} tokens ({share:.2%}) are <unk>: text that the tokenizer has no token for"
            )
        return sentences

    def read(self, split: str, source: str, start: int, stop: int) -> np.ndarray:
        """Returns the token ids [stop - start] of a source, in the store's dtype.

        Raises:
            ClovaError: no such source, or a range outside it.
        """
        total = self._count(split, source).tokens
        if not 0 <= start <= stop <= total:
            raise ClovaError(
                f"{self.path}: {split} {source} has {total} tokens, not {start} to {stop}"
            )
        out = np.empty(stop - start, self.dtype)
        self._reader.read(self._names[split, source], [start], [out])
        return out

    def document(self, split: str, source: str, number: int) -> np.ndarray:
        """Returns the token ids of one document of a source, with its `<|endoftext|>`.

        Raises:
            ClovaError: no such source, or no such document in it.
        """
        total = self._count(split, source).documents
        if not 0 <= number < total:
            raise ClovaError(f"{self.path}: {split} {source} has {total} documents, no {number}")
        ends = np.zeros(2, np.int64)
        if number:
            self._reader.read_ends(self._names[split, source], number - 1, ends)
        else:
            self._reader.read_ends(self._names[split, source], 0, ends[1:])
        return self.read(split, source, int(ends[0]), int(ends[1]))

    def windows(self, split: str, source: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Returns inputs and targets that start at given tokens of a source.

        Row i holds the token before `starts[i]` and the `length` tokens from it on, so that
        `[:, :-1]` predicts `[:, 1:]`. The first token of a source has an `<|endoftext|>` before it;
        past its end, rows are filled up with `<|endoftext|>`.

        Args:
            split: `train` or `validation`.
            source: a name from `sources`.
            starts: int64[n], from 0 below the number of tokens.
            length: T.

        Returns:
            [n, T + 1] in the store's dtype.
        """
        total = self._count(split, source).tokens
        out = np.full((len(starts), length + 1), self.end_of_text, self.dtype)
        begins = [max(start - 1, 0) for start in starts.tolist()]
        rows = [
            row[begin - start + 1 :][: total - begin]
            for row, begin, start in zip(out, begins, starts.tolist(), strict=True)
        ]
        self._reader.read(self._names[split, source], begins, rows)
        return out

    def _count(self, split: str, source: str) -> Count:
        if (split, source) not in self._counts:
            raise ClovaError(
                f"{self.path}: no source {source!r} in {split}; "
                f"there are: {', '.join(self.sources(split)) or 'none'}"
            )
        return self._counts[split, source]

    def verify(self, show: bool = True) -> None:
        """Hashes every file of the store and compares with the manifest.

        Raises:
            ClovaError: names the damaged files.
        """
        count = self.count()
        size = count.tokens * self.dtype.itemsize + count.documents * 8
        bar = progress(
            desc="checking shards", total=size, unit="B", unit_scale=True, disable=not show
        )
        with bar:
            damaged = self._reader.damaged(bar.update)
        if damaged:
            raise ClovaError(
                f"{', '.join(damaged)}: damaged (the hash is not the manifest's); serialize again"
            )
