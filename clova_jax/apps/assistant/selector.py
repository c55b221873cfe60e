"""Chooses by semantic search: the kind of which the texts nearest to a query are."""

from collections.abc import Mapping, Sequence

from clova_jax.inference import Model
from clova_jax.retrieve import Index

NEAREST = 5  # texts that have a say


class Selector:
    """Ranks kinds by the texts nearest to a query.

    Args:
        texts: by kind, those that belong to it.
        by: rankings, as of `Index`.
        model: gives the vectors, where `by` has them.
    """

    def __init__(
        self,
        texts: Mapping[str, Sequence[str]],
        by: Sequence[str] = ("bigrams",),
        model: Model | None = None,
    ) -> None:
        self.kinds = list(texts)
        self._kind_of = [kind for kind, some in texts.items() for _ in some]
        self._index = Index.build([text for some in texts.values() for text in some], by, model)

    def ranked(self, text: str) -> list[str]:
        """Returns all kinds, the best first: that with the largest scores among the nearest texts; of equals the first."""
        scores = dict.fromkeys(self.kinds, 0.0)
        for hit in self._index.search(text, NEAREST):
            scores[self._kind_of[hit.index]] += max(hit.score, 0.0)
        return sorted(self.kinds, key=lambda kind: -scores[kind])
