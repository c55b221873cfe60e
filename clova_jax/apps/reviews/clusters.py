"""Groups reviews of one thing by what they say, and finds the review that stands for each group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from clova_jax.common.errors import ClovaError

Vectors = Callable[[Sequence[str]], Float[np.ndarray, "n D"]]
STARTS = 4  # of k-means; the best of them counts


@dataclass(frozen=True)
class Cluster:
    """Holds a group of reviews.

    Args:
        texts: the reviews, the nearest to the centre first.
    """

    texts: Sequence[str]

    @property
    def representative(self) -> str:
        """Returns the review that stands for all."""
        return self.texts[0]

    @property
    def others(self) -> Sequence[str]:
        """Returns all reviews but the representative."""
        return self.texts[1:]


def tfidf(texts: Sequence[str]) -> Float[np.ndarray, "n D"]:
    """Returns tf-idf of characters, 2 and 3 side by side (scikit-learn); each row has length 1, or 0 where it has none."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True)
    return vectorizer.fit_transform(texts).toarray()


def with_text(texts: Sequence[str], what: str) -> list[str]:
    """Returns the texts that are more than whitespace, without whitespace at their ends.

    Args:
        texts: such as the reviews of a film.
        what: they are of, for the error.

    Raises:
        ClovaError: none is.
    """
    kept = [text.strip() for text in texts if text.strip()]
    if not kept:
        raise ClovaError(f"{what}: has no review with a text; give one or more to summarise")
    return kept


def labels_of(vectors: Float[np.ndarray, "n D"], count: int, seed: int) -> Int[np.ndarray, "n"]:
    """Returns the number of each row's cluster by k-means (scikit-learn).

    Args:
        vectors: a row a text.
        count: clusters, at most: there are no more than different rows.
        seed: of the starts.
    """
    from sklearn.cluster import KMeans

    count = min(count, len(np.unique(vectors, axis=0)))
    return KMeans(count, n_init=STARTS, random_state=seed).fit_predict(vectors)


def find_clusters(
    texts: Sequence[str], count: int, seed: int = 0, vectors: Vectors = tfidf, what: str = "reviews"
) -> list[Cluster]:
    """Groups texts, the largest group first.

    Args:
        texts: such as the reviews of a film; empty ones are left out.
        count: clusters, at most; one text is one cluster.
        seed: of k-means.
        vectors: gives a row a text.
        what: the texts are of, for the error.

    Raises:
        ClovaError: no text is left.
    """
    texts = with_text(texts, what)
    if len(texts) == 1:
        return [Cluster(texts)]
    rows = np.asarray(vectors(texts), np.float64)
    labels = labels_of(rows, count, seed)
    clusters = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        away = np.linalg.norm(rows[members] - rows[members].mean(0), axis=1)
        clusters.append(Cluster([texts[i] for i in members[np.argsort(away, kind="stable")]]))
    return sorted(clusters, key=lambda cluster: -len(cluster.texts))
