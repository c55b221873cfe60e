"""Implements character-level BPE, the paper's third candidate: characters that no training text had are unknown.

SentencePiece learns and applies the merges; its normalisation is switched off, so a text without
unknowns comes back as it was. Words go to it one by one, as for every kind.
"""

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.base import END_OF_TEXT, UNKNOWN, Packed, Tokenizer, pack
from clova_jax.tokenizers.count import count_words, feed_counted
from clova_jax.tokenizers.words import reject_surrogates

MODEL = "tokenizer.model"
SYMBOLS = ("\n", "\t")  # never merged
SPACE = "▁"  # how SentencePiece writes a space; the character itself is unknown to this kind


class CharTokenizer(Tokenizer):
    """Encodes by merges of characters; each run of unknown characters becomes one `<unk>`.

    Args:
        model: a serialised SentencePiece model.
        options: the training options that decided the ids.
        facts: figures of the training, as JSON values.
    """

    kind = "char"

    def __init__(self, model: bytes, options: dict[str, Any], facts: Any = None) -> None:
        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        pieces = [self._processor.id_to_piece(i) for i in range(self._processor.vocab_size())]
        special = {END_OF_TEXT: b"", UNKNOWN: "\ufffd".encode()}
        tokens = [special.get(piece, piece.replace(SPACE, " ").encode()) for piece in pieces]
        if END_OF_TEXT not in pieces:
            raise ClovaError(f"the vocabulary has no {END_OF_TEXT}, which closes a text")
        super().__init__(tokens, pieces.index(END_OF_TEXT), options, facts)
        self.unknown = self._processor.unk_id()
        self._pieces = pieces

    def _encode_words(self, words: list[str]) -> Iterable[Packed]:
        reject_surrogates(words)
        rows = self._processor.encode(words, out_type=int)
        for word, ids in zip(words, rows, strict=True):
            if SPACE in word:
                parts = [part for part in re.split(f"({SPACE}+)", word) if part]
                ids = []
                for part in parts:
                    ids += [self.unknown] if SPACE in part else self._processor.encode(part)
            yield pack(ids)

    def _content(self) -> dict[str, Any]:
        return {"pieces": self._pieces, "scores": [score for _, score in self.scored_pieces()]}

    def scored_pieces(self) -> list[tuple[str, float]]:
        """Gives each piece with its score, by id; of two merges, the one with the higher score of its result comes first."""
        scores = map(self._processor.get_score, range(self.vocab_size))
        return list(zip(self._pieces, scores, strict=True))

    def files(self) -> dict[str, bytes]:
        """Returns the files that `load_tokenizer` needs beside the manifest, by name."""
        return {MODEL: self._model}

    @classmethod
    def read(cls, folder: Path, manifest: dict[str, Any]) -> "CharTokenizer":
        """Reads what `save` wrote."""
        try:
            model = (folder / MODEL).read_bytes()
            return cls(model, manifest["options"], manifest["facts"])
        except FileNotFoundError:
            raise ClovaError(f"{folder}: has no {MODEL}; copy the whole folder again") from None
        except (RuntimeError, ValueError) as error:
            raise ClovaError(f"{folder / MODEL}: not a SentencePiece model ({error})") from None


def train_char(
    texts: Iterable[str],
    vocab_size: int,
    character_coverage: float = 0.9995,
    show_progress: bool = False,
) -> CharTokenizer:
    """Trains kind "char".

    Args:
        texts: documents, streamed.
        vocab_size: ids, `<|endoftext|>` (0) and `<unk>` (1) counted.
        character_coverage: share of the text's characters that get an id of their own; the rest
            is unknown (0.9995 is SentencePiece's default; the paper is silent).
        show_progress: SentencePiece's log on standard error.

    Raises:
        ClovaError: the vocabulary is smaller than the alphabet.
    """
    counts = count_words(texts)
    out = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=feed_counted(counts.words, SPACE),
            input_format="tsv",
            model_writer=out,
            model_type="bpe",
            vocab_size=vocab_size,
            character_coverage=character_coverage,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            user_defined_symbols=list(SYMBOLS),
            eos_id=0,
            eos_piece=END_OF_TEXT,
            unk_id=1,
            unk_piece=UNKNOWN,
            bos_id=-1,
            pad_id=-1,
            hard_vocab_limit=False,
            minloglevel=0 if show_progress else 2,
        )
    except RuntimeError as error:
        if needed := re.search(r"required_chars\. \d+ vs (\d+)", str(error)):
            raise ClovaError(
                f"vocab_size {vocab_size} is smaller than the alphabet of this text; ask for more "
                f"than {needed[1]}, or for a lower character_coverage"
            ) from None
        raise ClovaError(f"SentencePiece cannot train on this text ({error})") from None
    options = {"character_coverage": character_coverage}
    return CharTokenizer(out.getvalue(), options, counts.facts())
