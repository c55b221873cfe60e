"""Classifies texts by their characters, trained on labelled texts, real or written."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

STRENGTHS = (1.0, 10.0, 100.0)  # inverse penalties to choose from


class LinearClassifier:
    """Predicts labels by logistic regression over tf-idf of character 1- to 4-grams (scikit-learn).

    A text with a soft label is a row for each class, with its weight.

    Args:
        texts: to learn from.
        labels: of the texts, two different ones at least.
        weights: of the texts, all 1 by default.
        dev_texts, dev_labels: those by which the penalty is chosen; of equals the strongest is taken, and without
            texts the strongest of all.
    """

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        weights: Sequence[float] | None = None,
        dev_texts: Sequence[str] = (),
        dev_labels: Sequence[str] = (),
    ) -> None:
        self.vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4))
        rows = self.vectorizer.fit_transform(texts)
        dev = self.vectorizer.transform(dev_texts) if dev_texts else None
        best = -1.0
        for strength in STRENGTHS if dev_texts else STRENGTHS[:1]:
            model = LogisticRegression(C=strength, max_iter=1_000)
            model.fit(rows, labels, sample_weight=weights)
            score = 0.0 if dev is None else model.score(dev, dev_labels)
            if score > best:
                self.model, best = model, score
            if best == 1.0:
                break  # a weaker penalty cannot be better

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Returns the likeliest label of each text."""
        return self.model.predict(self.vectorizer.transform(texts)).tolist()
