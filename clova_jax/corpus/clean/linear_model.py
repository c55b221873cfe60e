"""Fits and applies logistic regression, stored as JSON (named features) or safetensors (hashed character n-grams).

scikit-learn fits, and hashes and weighs n-grams; named features need numpy alone to apply. No pickle.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

HASHING = "scikit-learn murmurhash3"  # a model of other buckets would judge by chance


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

    def __call__(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts labels"]:
        """Returns the probability of each label."""
        logits = np.asarray(_tfidf(texts, self.idf, self.orders) @ self.weights) + self.bias
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -50, 50)))

    def save(self, path: str | Path) -> None:
        """Writes it as safetensors."""
        from safetensors.numpy import save

        from clova_jax.common.files import whole_file

        about = {"labels": json.dumps(self.labels), "orders": json.dumps(self.orders)}
        about["hashing"] = HASHING
        tensors = {"weights": self.weights, "bias": self.bias, "idf": self.idf}
        with whole_file(path, "wb") as file:
            file.write(save(tensors, about))

    @classmethod
    def load(cls, path: str | Path) -> "NgramModel":
        """Reads what `save` wrote.

        Raises:
            ClovaError: no such file, or not such a model.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                about = file.metadata() or {}
                if about.get("hashing") != HASHING:
                    raise ClovaError(
                        f"{path}: a model of an older version; train it again with `clova corpus-model`"
                    )
                return cls(
                    file.get_tensor("weights"),
                    file.get_tensor("bias"),
                    file.get_tensor("idf"),
                    tuple(json.loads(about["labels"])),
                    tuple(json.loads(about["orders"])),
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
        from sklearn.linear_model import LogisticRegression

        size = 1 << bits
        weights = np.zeros((size, len(names)), np.float32)
        bias = np.zeros(len(names), np.float32)
        title = f"train on {len(texts):,} labelled texts"
        with progress(total=len(names), desc=title, unit=" labels") as bar:
            seen = np.asarray((_counts(texts, size, orders) > 0).sum(0)).ravel()
            idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
            used = np.flatnonzero(seen)  # the others have no say; leaving them out is faster
            compact = _tfidf(texts, idf, orders)[:, used]
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
                bar.update()
        return cls(weights, bias, idf, tuple(names), orders)


def _counts(texts: Sequence[str], size: int, orders: tuple[int, ...]) -> "csr_matrix":
    """Counts hashed character n-grams: float32[texts, size], sparse."""
    from sklearn.feature_extraction.text import HashingVectorizer

    plain = [" " + " ".join(text.lower().split()) + " " for text in texts]
    vectorizer = HashingVectorizer(
        analyzer="char",
        ngram_range=(min(orders), max(orders)),
        n_features=size,
        lowercase=False,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    return vectorizer.transform(plain)


def _tfidf(
    texts: Sequence[str], idf: Float32[np.ndarray, " buckets"], orders: tuple[int, ...]
) -> "csr_matrix":
    """Weighs counts by `idf` and scales each text to length 1; a text without n-grams stays 0."""
    from sklearn.preprocessing import normalize

    counts = _counts(texts, len(idf), orders)
    counts.data *= idf[counts.indices]
    return normalize(counts, copy=False)
