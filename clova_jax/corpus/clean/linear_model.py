"""Fits and applies logistic regression, stored as JSON (named features) or safetensors (hashed character n-grams).

scikit-learn fits; applying needs numpy alone. No pickle.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.corpus.clean.profile import codes_of

_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class DenseModel:
    """Applies logistic regression to a few named features.

    Args:
        features: their names, in order.
        mean: float[n], taken off each feature.
        scale: float[n], divides it.
        weights: float[n].
        bias: in logits.
        trained: what it was trained on, and how well it does.
    """

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    trained: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scale = np.array(self.scale)
        weights = np.array(self.weights) / scale
        object.__setattr__(self, "_w", weights)
        object.__setattr__(self, "_b", self.bias - float(weights @ np.array(self.mean)))

    def __call__(self, values: Sequence[float]) -> float:
        """The probability of the positive class."""
        logit = float(np.dot(self._w, values)) + self._b  # type: ignore[attr-defined]
        return 1.0 / (1.0 + np.exp(-max(-500.0, min(500.0, logit))))

    def save(self, path: str | Path) -> None:
        """Writes it as JSON."""
        names = ("features", "mean", "scale", "weights", "bias", "trained")
        write_json(path, {name: getattr(self, name) for name in names})

    @classmethod
    def load(cls, path: str | Path, features: tuple[str, ...]) -> "DenseModel":
        """Reads what `save` wrote.

        Raises:
            ClovaError: no such file, or a model of other features.
        """
        table = read_json(path)
        if not isinstance(table, dict) or tuple(table.get("features", ())) != features:
            raise ClovaError(f"{path}: not a model of the features {', '.join(features)}")
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in table.items()})

    @classmethod
    def fit(
        cls,
        rows: np.ndarray,
        labels: np.ndarray,
        features: tuple[str, ...],
        trained: dict[str, Any] | None = None,
    ) -> "DenseModel":
        """Fits balanced logistic regression on standardised features.

        Args:
            rows: float[n, features].
            labels: bool[n].
            features: names.
            trained: a note of the data.
        """
        from sklearn.linear_model import LogisticRegression

        if labels.all() or not labels.any():
            raise ClovaError("training needs documents of both classes; all have the same label")
        mean, scale = rows.mean(0), rows.std(0) + 1e-9
        fitted = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(
            (rows - mean) / scale, labels
        )
        return cls(
            features,
            tuple(mean.tolist()),
            tuple(scale.tolist()),
            tuple(fitted.coef_[0].tolist()),
            float(fitted.intercept_[0]),
            trained or {},
        )


@dataclass(frozen=True)
class NgramModel:
    """Applies logistic regressions to hashed character n-grams, one per label.

    Args:
        weights: float32[2**bits, labels].
        bias: float32[labels].
        idf: float32[2**bits].
        labels: names.
        orders: n of the n-grams.
    """

    weights: np.ndarray
    bias: np.ndarray
    idf: np.ndarray
    labels: tuple[str, ...]
    orders: tuple[int, ...]

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """float[texts, labels]: the probability of each label."""
        buckets, ends = ngrams(texts, len(self.idf), self.orders)
        idf = self.idf[buckets]
        starts = ends - np.diff(ends, prepend=0)
        norms = np.sqrt(_sums(idf * idf, starts, ends))
        logits = np.stack(
            [_sums(idf * column[buckets], starts, ends) for column in self.weights.T], 1
        )
        logits = self.bias + logits / np.maximum(norms, 1e-9)[:, None]
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -50, 50)))

    def save(self, path: str | Path) -> None:
        """Writes it as safetensors."""
        from safetensors.numpy import save

        from clova_jax.common.files import whole_file

        told = {"labels": json.dumps(self.labels), "orders": json.dumps(self.orders)}
        tensors = {"weights": self.weights, "bias": self.bias, "idf": self.idf}
        with whole_file(path, "wb") as file:
            file.write(save(tensors, told))

    @classmethod
    def load(cls, path: str | Path) -> "NgramModel":
        """Reads what `save` wrote.

        Raises:
            ClovaError: no such file, or not such a model.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                told = file.metadata() or {}
                return cls(
                    file.get_tensor("weights"),
                    file.get_tensor("bias"),
                    file.get_tensor("idf"),
                    tuple(json.loads(told["labels"])),
                    tuple(json.loads(told["orders"])),
                )
        except FileNotFoundError:
            raise ClovaError(f"{path}: no such file") from None
        except (SafetensorError, KeyError, ValueError) as error:
            raise ClovaError(f"{path}: not an n-gram model ({error})") from None

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: np.ndarray,
        names: tuple[str, ...],
        bits: int = 18,
        orders: tuple[int, ...] = (1, 2, 3, 4),
        strength: float = 5.0,
    ) -> "NgramModel":
        """Fits one balanced logistic regression a label on TF-IDF weights.

        Args:
            texts: n texts.
            labels: int[n, len(names)]: 1 yes, 0 no, -1 unknown (left out for that label).
            names: of the labels.
            bits: log2 of the number of buckets.
            orders: n of the n-grams.
            strength: inverse of the L2 penalty.
        """
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        size = 1 << bits
        places, ends = ngrams(texts, size, orders)
        seen = np.bincount(places, minlength=size)
        idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
        values = idf[places]
        lengths = np.diff(ends, prepend=0)
        norms = np.sqrt(_sums(values * values, ends - lengths, ends))
        values = values / np.repeat(np.maximum(norms, 1e-9), lengths).astype(np.float32)
        matrix = csr_matrix((values, places, np.concatenate([[0], ends])), shape=(len(texts), size))
        matrix.sum_duplicates()
        used = np.flatnonzero(seen)  # the others have no say; leaving them out is faster
        compact = matrix[:, used]
        weights = np.zeros((size, len(names)), np.float32)
        bias = np.zeros(len(names), np.float32)
        for column in range(len(names)):
            known = labels[:, column] >= 0
            fitted = LogisticRegression(
                C=strength,
                class_weight="balanced",
                solver="liblinear",
                max_iter=300,
                random_state=0,
            ).fit(compact[known], labels[known, column])
            weights[used, column] = fitted.coef_[0]
            bias[column] = fitted.intercept_[0]
        return cls(weights, bias, idf, tuple(names), orders)


def ngrams(
    texts: Sequence[str], size: int, orders: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Hashes the character n-grams of texts, one after the other.

    Returns:
        Buckets int64[n-grams], and where each text's end, int64[texts].
    """
    plain = [" " + " ".join(text.lower().split()) + " " for text in texts]
    lengths = np.array([len(text) for text in plain], np.int64)
    codes = codes_of("".join(plain)).astype(np.uint64)
    owner = np.repeat(np.arange(len(plain)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # to the text's end
    shift = np.uint64(64 - int(size).bit_length() + 1)
    buckets, owners = [], []
    hashed = codes
    for order in range(1, max(orders) + 1):
        if order > 1:
            hashed = hashed[:-1] * _PRIME + codes[order - 1 :]
        if order in orders:
            mixed = hashed * np.uint64(2 * order + 1)
            mixed ^= mixed >> np.uint64(29)
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
            inside = left[: len(mixed)] >= order
            buckets.append((mixed >> shift)[inside].astype(np.int64))
            owners.append(owner[: len(mixed)][inside])
    joined = np.concatenate(owners)
    by_text = np.argsort(joined, kind="stable")
    counts = np.bincount(joined, minlength=len(texts))
    return np.concatenate(buckets)[by_text], np.cumsum(counts)


def _sums(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """float[n]: the sums of stretches; 0 for an empty one."""
    if not len(values):
        return np.zeros(len(ends), np.float32)
    sums = np.add.reduceat(values, np.minimum(starts, len(values) - 1))
    return np.where(ends > starts, sums, 0)
