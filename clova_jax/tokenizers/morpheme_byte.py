"""Implements the paper's tokenizer: Korean is cut at spaces and morphemes, and byte-level BPE merges in between.

It is `ByteTokenizer` with Kiwi's cuts in front. `analysis="eojeol"` (the default) analyses one
eojeol at a time: text after a space cannot change the ids before it, and a memo of eojeols makes
it fast. `analysis="sentence"` analyses lines: 96 of 100 eojeols are cut the same, at the speed
of the analyser. The Kiwi version is recorded, since another one may cut elsewhere.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Literal

import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.json_values import fields, to_json
from clova_jax.common.progress import progress
from clova_jax.tokenizers.backend import read_backend
from clova_jax.tokenizers.base import BEFORE_HASHES, MANIFEST, Packed
from clova_jax.tokenizers.byte_level import (
    ByteTokenizer,
    check_vocab_size,
    count_parts,
    train_backend,
)
from clova_jax.tokenizers.count import count_pre_tokens, count_words, thin
from clova_jax.tokenizers.memo import Memo
from clova_jax.tokenizers.morphemes import (
    BATCH,
    Morphemes,
    cores_of,
    has_hangul,
    kiwi_version,
)
from clova_jax.tokenizers.words import reject_surrogates, text_of, unit_of

CUTS = "cuts.json"
MOST_CUT = 1_000_000  # different words the analyser sees in training, a minute on two cores
Analysis = Literal["eojeol", "sentence"]


class MorphemeByteTokenizer(ByteTokenizer):
    """Encodes by merges of bytes inside morphemes.

    Args:
        backend: as for `ByteTokenizer`.
        options: those that decided the ids, with `analysis` and `kiwi` (its versions).
        facts: figures of the training, as JSON values.
        cuts: the frequent eojeols of the training text under their cuts, as `Morphemes` takes them; they
            spare the analyser, which takes a while to load and some 100 µs an eojeol.
    """

    kind = "morpheme_byte"
    file_name = "pieces.json"  # no reader of `tokenizer.json` may take it for the tokenizer: Kiwi is missing

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        options: dict[str, Any],
        facts: Any = None,
        cuts: dict[str, str] | None = None,
    ) -> None:
        super().__init__(backend, options, facts)
        self.prefix_stable = options["analysis"] == "eojeol"
        self._cuts = cuts or {}
        self._morphemes = Morphemes(self._cuts)
        self._pre_token_memo: Memo[Packed] = Memo()  # far fewer than words
        if options["kiwi"] != kiwi_version():
            warnings.warn(
                f"this tokenizer was trained with {options['kiwi']}, but {kiwi_version()} is "
                "installed: rare words may be cut elsewhere; install the recorded version for the "
                "same ids",
                stacklevel=3,
            )

    def _look_up(
        self, texts: list[str], known: dict[str, Packed]
    ) -> tuple[list[list[int]], dict[int, list[str]]]:
        if self.options["analysis"] == "eojeol":
            return super()._look_up(texts, known)
        reject_surrogates(texts)
        cut = self._morphemes.cut_texts(texts)  # one by one: each line decides its own pre-tokens
        return [[]] * len(texts), {
            row: list(map(unit_of, pre_tokens)) for row, pre_tokens in enumerate(cut)
        }

    def _encode_new(self, units: list[str]) -> Iterator[tuple[str, Packed]]:
        if self.options["analysis"] == "sentence":
            return super()._encode_new(units)
        unit_with = dict(zip(map(text_of, units), units, strict=True))
        return self._encode_cut(unit_with, self._morphemes.cut_words(unit_with))

    def _encode_cut(
        self, unit_with: dict[str, str], cut: Iterator[tuple[str, list[str]]]
    ) -> Iterator[tuple[str, Packed]]:
        while some := list(islice(cut, BATCH)):
            known = self._pre_token_memo.young
            unseen = set().union(*(pre_tokens for _, pre_tokens in some)).difference(known)
            self._pre_token_memo.learn(known, unseen, self._encode_pre_tokens)
            get = known.__getitem__
            for word, pre_tokens in some:
                yield unit_with[word], b"".join(map(get, pre_tokens))

    def _encode_pre_tokens(self, pre_tokens: list[str]) -> Iterator[tuple[str, Packed]]:
        return zip(pre_tokens, self._encode_words(pre_tokens), strict=True)

    def _content(self) -> dict[str, Any]:
        recorded = {name: self.options[name] for name in ("analysis", "kiwi")}
        return super()._content() | recorded | {"cuts": self._cuts}

    def files(self) -> dict[str, bytes]:
        """Returns the files that `load_tokenizer` needs beside the manifest, by name."""
        return super().files() | {CUTS: to_json({"cuts": self._cuts}, indent=2).encode()}

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "MorphemeByteTokenizer":
        """Reads what `save` wrote."""
        path = folder / CUTS
        cuts = fields(read_json(path), path, {"cuts": dict[str, str]})["cuts"]
        for key, cores in cuts.items():
            _check_cuts(path, key, cores)
        kinds = {"analysis": str, "kiwi": str}
        fields(manifest["options"], folder / MANIFEST, kinds)
        name = "tokenizer.json" if manifest["format"] == BEFORE_HASHES else cls.file_name
        backend = read_backend(folder / name)
        return cls(backend, manifest["options"], manifest["facts"], cuts)


def _check_cuts(path: Path, key: str, cores: str) -> None:
    """Refuses cuts that are no numbers in order ("2 5"; "" cuts nowhere), or lie outside a word."""
    if not re.fullmatch("([1-9][0-9]{0,3}( (?!$)|$))*", key):
        raise ClovaError(f"{path}: {key[:60]!r} are no cuts; copy the whole folder again")
    cuts = [int(cut) for cut in key.split()]
    if not all(a < b for a, b in pairwise(cuts)):
        raise ClovaError(
            f"{path}: the cuts {key[:60]!r} are in no order; copy the whole folder again"
        )
    shortest = min(cores.split(" "), key=len)
    if cuts and cuts[-1] >= len(shortest):
        raise ClovaError(
            f"{path}: the cuts {key[:60]!r} lie outside {shortest[:60]!r}; copy the whole folder again"
        )


def train_morpheme_byte(
    texts: Iterable[str],
    vocab_size: int,
    analysis: Analysis = "eojeol",
    min_count: int = 2,
    korean_only: bool = False,
    num_cuts: int = 1_000_000,
    show_progress: bool = False,
) -> MorphemeByteTokenizer:
    """Trains kind "morpheme_byte".

    Args:
        texts: documents, streamed.
        vocab_size: ids, `<|endoftext|>` and 256 bytes counted.
        analysis: "eojeol" or "sentence".
        min_count: a pair seen less often is not merged.
        korean_only: see `train_byte`.
        num_cuts: how many frequent eojeols are saved with their cuts (15 bytes each).
        show_progress: progress bars on standard error.
    """
    if analysis not in ("eojeol", "sentence"):
        raise ClovaError(f"analysis {analysis!r} is neither 'eojeol' nor 'sentence'")
    check_vocab_size(vocab_size)
    morphemes = Morphemes()
    cuts: dict[str, str] = {}
    if analysis == "sentence":
        counts = count_words(texts, lambda text: next(morphemes.cut_texts([text])))
        pre_tokens = words = counts.words
    else:
        counts = count_words(texts)
        cores: Counter[str] = Counter()
        for word, count in counts.words.items():
            if has_hangul(word):
                for core in cores_of(word):
                    cores[core] += count
        frequent = sorted(cores, key=lambda core: (-cores[core], core))[:num_cuts]
        words = thin(counts.words, MOST_CUT)
        total = len(frequent) + len(words)
        with progress(total=total, desc="cut", disable=not show_progress) as bar:
            cuts = morphemes.patterns(frequent, bar.update)
            morphemes = Morphemes(cuts)  # what is analysed once need not be again
            pre_tokens = count_pre_tokens(words, morphemes.cut_words, done=bar.update)
    parts, left_out = count_parts(pre_tokens, korean_only)
    backend = train_backend(parts, vocab_size, min_count, show_progress)
    options = {
        "analysis": analysis,
        "kiwi": kiwi_version(),
        "min_count": min_count,
        "korean_only": korean_only,
    }
    facts = counts.facts() | {
        "different_words_cut": len(words),
        "different_pieces": len(parts),
        "pieces_left_out": left_out,
    }
    return MorphemeByteTokenizer(backend, options, facts, cuts)
