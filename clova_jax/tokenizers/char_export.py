"""Converts kind "char" to a `tokenizer.json`: SentencePiece's merges in the other library's format."""

import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers

from clova_jax.tokenizers.base import END_OF_TEXT, UNKNOWN
from clova_jax.tokenizers.char import SPACE, SYMBOLS, CharTokenizer
from clova_jax.tokenizers.words import RUST_WORD


def char_backend(tokenizer: CharTokenizer) -> tokenizers.Tokenizer:
    """Builds a tokenizer of the library that gives the ids of `tokenizer`.

    SentencePiece merges the pair whose result has the best score, wherever it is cut; the library knows pairs. So every
    cut of a piece into two others is a merge, and merges come in the order of their results. Two cuts of one piece that
    overlap in a text (`aba` in `ab a ba`) go by the shorter left part here, by the left place there.
    """
    scored = tokenizer.scored_pieces()
    vocabulary = {piece: number for number, (piece, _) in enumerate(scored)}
    mergeable = vocabulary.keys() - {END_OF_TEXT, UNKNOWN, *SYMBOLS}
    merges = [
        (piece[:cut], piece[cut:])
        for piece, _ in sorted(scored, key=lambda pair: -pair[1])
        if piece in mergeable
        for cut in range(1, len(piece))
        if piece[:cut] in mergeable and piece[cut:] in mergeable
    ]
    backend = tokenizers.Tokenizer(models.BPE(vocabulary, merges, unk_token=UNKNOWN, fuse_unk=True))
    used = {character for piece in vocabulary for character in piece}
    stand_in = next(chr(code) for code in range(0xFDD0, 0xFDF0) if chr(code) not in used)
    backend.normalizer = normalizers.Replace(SPACE, stand_in)  # in a text it is unknown
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(RUST_WORD), "isolated"),
            pre_tokenizers.Split(Regex(f"{stand_in}+|[{''.join(SYMBOLS)}]"), "isolated"),
            pre_tokenizers.Metaspace(SPACE, prepend_scheme="never", split=False),
        ]
    )
    backend.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.Fuse()])
    backend.add_special_tokens([END_OF_TEXT])
    return backend
