"""Ranks passages by BM25 over the features of a text; bm25s scores.

The features of a passage are kept as ids, so that a passage is analysed once; the scores of the index depend on all
passages, and are computed anew at the first query after a change.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import parse_json, to_json, typed
from clova_jax.retrieve.features import FEATURES

if TYPE_CHECKING:
    from bm25s import BM25

K1, B = 1.5, 0.75
METHOD = "lucene"  # ln(1 + (n - df + 0.5) / (df + 0.5)) * tf / (tf + k1 (1 - b + b length / mean length))


class Lexical:
    """Scores passages by BM25 (Lucene's variant).

    Args:
        name: of the features, as in `features.FEATURES`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._features = FEATURES[name]
        self._ids: dict[str, int] = {}  # feature -> id
        self._rows: list[np.ndarray] = []  # int32 ids of each passage
        self._scorer: BM25 | None = None  # of the rows as they are now

    def add(self, texts: Sequence[str]) -> None:
        """Takes in passages, after those there are."""
        for features in self._features(texts):
            ids = [self._ids.setdefault(feature, len(self._ids)) for feature in features]
            self._rows.append(np.array(ids, np.int32))
        self._scorer = None

    def keep(self, numbers: Sequence[int]) -> None:
        """Drops all passages but these, given in order."""
        self._rows = [self._rows[number] for number in numbers]
        # Features of dropped passages go too: a deleted document leaves nothing behind.
        used = set(np.concatenate(self._rows).tolist()) if self._rows else set()
        names = [name for name, old in self._ids.items() if old in used]
        new = {self._ids[name]: number for number, name in enumerate(names)}
        self._rows = [np.array([new[old] for old in row.tolist()], np.int32) for row in self._rows]
        self._ids = {name: number for number, name in enumerate(names)}
        self._scorer = None

    def scores(self, query: str) -> Float32[np.ndarray, "n"]:
        """Returns the score of each passage; -inf where it shares no feature with the query."""
        asked = [self._ids[one] for one in next(self._features([query])) if one in self._ids]
        if not asked:
            return np.full(len(self._rows), -np.inf, np.float32)
        if self._scorer is None:
            self._scorer = self._build()
        found = self._scorer.get_scores_from_ids(asked)
        return np.where(found > 0, found, np.float32(-np.inf))

    def _build(self) -> "BM25":
        from bm25s import BM25  # here: it starts JAX

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets DEBUG by itself
        scorer = BM25(k1=K1, b=B, method=METHOD, backend="numpy")
        rows = [row.tolist() for row in self._rows]
        scorer.index((rows, self._ids), create_empty_token=False, show_progress=False)
        return scorer

    def state(self) -> dict[str, np.ndarray]:
        """Returns arrays that `restore` takes."""
        return {
            "ids": np.concatenate([*self._rows, np.zeros(0, np.int32)]),
            "lengths": np.array([len(row) for row in self._rows], np.int32),
            "features": np.frombuffer(to_json(list(self._ids)).encode(), np.uint8),
        }

    def restore(self, arrays: dict[str, Any], place: str) -> None:
        """Takes over what `state` returned.

        Raises:
            ClovaError: the arrays do not fit each other.
        """
        ids, lengths = arrays["ids"], arrays["lengths"]
        names = typed(parse_json(arrays["features"].tobytes(), place), list[str], place)
        if lengths.sum() != len(ids) or (len(ids) and not 0 <= ids.min() <= ids.max() < len(names)):
            raise ClovaError(
                f"{place}: damaged ({self.name} do not fit); index the documents again"
            )
        self._rows = np.split(ids, np.cumsum(lengths)[:-1]) if len(lengths) else []
        self._ids = {name: number for number, name in enumerate(names)}
        self._scorer = None
