"""Defines `Index`: passages that can be searched, added and deleted, by one ranking or by several fused."""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from jaxtyping import Float32

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.common.json_values import fields, parse_json, to_json
from clova_jax.retrieve.documents import Passage
from clova_jax.retrieve.features import FEATURES
from clova_jax.retrieve.lexical import Lexical

if TYPE_CHECKING:
    from clova_jax.inference import Model

FORMAT = "clova_jax index 1"
VECTORS = "vectors"
RANK_OFFSET = 60.0  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)


class Ranking(Protocol):
    """Scores passages; `lexical` and `vectors` have one each."""

    name: str

    def add(self, texts: Sequence[str]) -> None:
        """Takes in passages, after those there are."""

    def keep(self, numbers: Sequence[int]) -> None:
        """Drops all passages but these, given in order."""

    def scores(self, query: str) -> Float32[np.ndarray, "n"]:
        """Returns the score of each passage; -inf for one that does not fit at all."""

    def state(self) -> dict[str, np.ndarray]:
        """Returns arrays that `restore` takes."""

    def restore(self, arrays: dict[str, Any], place: str) -> None:
        """Takes over what `state` returned."""


@dataclass(frozen=True)
class Hit:
    """Holds a passage that was found.

    Args:
        index: its number among the index's passages, when it was searched.
        score: larger is better; its scale is the ranking's.
        passage: the passage.
    """

    index: int
    score: float
    passage: Passage


class Index:
    """Holds passages and finds those that fit a query; may be used by several threads.

        index = Index.build(texts)
        index.search("세종대왕은 언제 태어났나", k=5)[0].index   # into texts

    Args:
        by: rankings, one or several of `bigrams` (BM25 over pairs of characters), `morphemes` (over Kiwi's
            morphemes), `words` and `vectors` (a language model's); the ranks of several are fused.
        model: gives the vectors, where `by` has them.

    Raises:
        ClovaError: no ranking, an unknown one, or vectors without a model.
    """

    def __init__(self, by: Sequence[str] = ("bigrams",), model: "Model | None" = None) -> None:
        self.by = (by,) if isinstance(by, str) else tuple(by)
        self.passages: list[Passage] = []
        self._model = model
        self._rankings = [_ranking(name, model) for name in self.by]
        self._lock = threading.Lock()
        if not self.by or len(set(self.by)) < len(self.by):
            raise ClovaError(f"an index by {self.by!r}: wants one ranking or more, each once")

    @classmethod
    def build(
        cls,
        texts: Iterable[str | Passage],
        by: Sequence[str] = ("bigrams",),
        model: "Model | None" = None,
    ) -> Self:
        """Makes an index of texts, or of passages of documents; the arguments are those of the class."""
        index = cls(by, model)
        index.add(texts)
        return index

    def add(self, texts: Iterable[str | Passage]) -> None:
        """Takes in more texts or passages, after those there are; the next query finds them."""
        new = [text if isinstance(text, Passage) else Passage(text) for text in texts]
        with self._lock:
            for ranking in self._rankings:
                ranking.add([passage.text for passage in new])
            self.passages = [*self.passages, *new]

    def delete(self, document: str) -> int:
        """Drops all passages of a document; no later query finds them, and those behind them move up.

        Returns:
            how many there were.

        Raises:
            ClovaError: there is no passage of that document.
        """
        with self._lock:
            kept = [n for n, one in enumerate(self.passages) if one.document != document]
            count = len(self.passages) - len(kept)
            if not count:
                raise ClovaError(f"no document {document!r} in the index")
            for ranking in self._rankings:
                ranking.keep(kept)
            self.passages = [self.passages[number] for number in kept]
            return count

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """Returns at most `k` passages that fit a query, best first; equal ones in their order.

        A passage that shares no feature with the query is not found by BM25; by vectors every passage is.

        Raises:
            ClovaError: `k` is below 1.
        """
        if k < 1:
            raise ClovaError(f"k {k}: wants 1 or more")
        with self._lock:
            passages = self.passages
            scores = _fused([ranking.scores(query) for ranking in self._rankings])
        best = [number for number in _order(scores)[:k].tolist() if np.isfinite(scores[number])]
        return [Hit(number, float(scores[number]), passages[number]) for number in best]

    def save(self, path: str | Path) -> None:
        """Writes the index into one file (safetensors; its passages as JSON), which appears complete or not at all."""
        from safetensors.numpy import save

        with self._lock:
            about = {
                "format": FORMAT,
                "by": list(self.by),
                "model": self._model.fingerprint if self._model and VECTORS in self.by else None,
                "passages": [list(astuple(passage)) for passage in self.passages],
            }
            arrays = {"about": np.frombuffer(to_json(about).encode(), np.uint8)}
            for ranking in self._rankings:
                arrays |= {f"{ranking.name}.{key}": v for key, v in ranking.state().items()}
            with whole_file(path, "wb") as file:
                file.write(save(arrays, {"sha256": _hash(arrays)}))

    @classmethod
    def load(cls, path: str | Path, model: "Model | None" = None) -> Self:
        """Reads what `save` wrote.

        Args:
            path: the file.
            model: the one that gave the vectors, where it has any.

        Raises:
            ClovaError: no index, a damaged one, or one with the vectors of another model.
        """
        arrays = _read(Path(path))
        about = fields(
            parse_json(arrays["about"].tobytes(), path),
            path,
            {"format": str, "by": list[str], "model": str | None, "passages": list[list[str]]},
        )
        if about["format"] != FORMAT:
            raise ClovaError(f"{path}: is not of the format {FORMAT!r}; index the documents again")
        if about["model"] and model is not None and about["model"] != model.fingerprint:
            raise ClovaError(f"{path}: has vectors of another model; index the documents again")
        index = cls(about["by"], model)
        for ranking in index._rankings:
            own = {key: v for key, v in arrays.items() if key.startswith(f"{ranking.name}.")}
            ranking.restore({key.partition(".")[2]: v for key, v in own.items()}, str(path))
        index.passages = [Passage(*passage) for passage in about["passages"]]
        return index


def _ranking(name: str, model: "Model | None") -> Ranking:
    if name in FEATURES:
        return Lexical(name)
    if name != VECTORS:
        raise ClovaError(
            f"an index by {name!r}: there are {', '.join(FEATURES)} and {VECTORS}; several are fused"
        )
    if model is None:
        raise ClovaError("an index by vectors: wants the model that gives them")
    from clova_jax.retrieve.vectors import Vectors  # here: it starts JAX

    return Vectors(model)


def _order(scores: Float32[np.ndarray, "n"]) -> np.ndarray:
    return np.argsort(-scores, kind="stable")


def _fused(rankings: Sequence[Float32[np.ndarray, "n"]]) -> Float32[np.ndarray, "n"]:
    """Returns the scores of one ranking, or those of reciprocal rank fusion of several; -inf where none fits."""
    if len(rankings) == 1:
        return rankings[0]
    total = np.zeros(len(rankings[0]), np.float32)
    for scores in rankings:
        order = _order(scores)
        ranks = np.empty(len(scores), np.float32)
        ranks[order] = np.arange(1, len(scores) + 1)
        total += np.where(np.isfinite(scores), 1 / (RANK_OFFSET + ranks), 0)
    return np.where(total > 0, total, np.float32(-np.inf))


def _hash(arrays: dict[str, np.ndarray]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        hashed.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
    return hashed.hexdigest()


def _read(path: Path) -> dict[str, np.ndarray]:
    """Returns the arrays of an index's file, all of them as they were written."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ClovaError(f"{path}: no such file")
    try:
        with safe_open(path, "np") as file:
            recorded = (file.metadata() or {}).get("sha256")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ClovaError(f"{path}: no index, or a damaged one ({error})") from None
    if "about" not in arrays or recorded != _hash(arrays):
        raise ClovaError(f"{path}: no index, or a damaged one; index the documents again")
    return arrays
