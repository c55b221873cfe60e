"""Encodes texts one after another, each closed by an end of text: what a token store holds."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.data.store import Tokenizer, dtype_for


@dataclass(frozen=True)
class Encoded:
    """Holds documents of one stream.

    Args:
        ids: token ids of the documents, one after another, in the store's dtype.
        ends: int64, ascending: where each document ends in `ids`.
        text_bytes: length of their text in UTF-8.
    """

    ids: np.ndarray
    ends: np.ndarray
    text_bytes: int


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> Encoded:
    """Encodes texts.

    Raises:
        ClovaError: the tokenizer writes its end of text inside one.
    """
    encoded = tokenizer.encode_batch(list(texts))
    close = (tokenizer.end_of_text,)
    ends = np.cumsum([len(ids) + 1 for ids in encoded], dtype=np.int64)
    ids = np.fromiter(
        itertools.chain.from_iterable(itertools.chain(ids, close) for ids in encoded),
        np.int64,
        int(ends[-1]),
    )
    if not np.array_equal(np.flatnonzero(ids == close[0]) + 1, ends):
        raise ClovaError("the tokenizer put its end of text inside a document: not usable")
    ids = ids.astype(dtype_for(tokenizer.vocab_size))
    return Encoded(ids, ends, sum(len(text.encode()) for text in texts))


def unknown_tokens(tokenizer: Tokenizer, ids: np.ndarray) -> int:
    """Counts the ids that stand for text which the tokenizer has no token for."""
    return 0 if tokenizer.unknown is None else int(np.count_nonzero(ids == tokenizer.unknown))
