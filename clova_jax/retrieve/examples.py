"""Chooses, from a table of solved examples, the rows that are the most similar to a query."""

from collections.abc import Mapping, Sequence
from typing import Self

from clova_jax.common.errors import ClovaError
from clova_jax.retrieve.index import Index
from clova_jax.retrieve.prompt import fill


class Examples:
    """Holds a table of examples as they stand in a prompt.

    Args:
        texts: a row each, as shown.
        index: what is compared with a query, a row each.
    """

    def __init__(self, texts: Sequence[str], index: Index) -> None:
        self.texts, self._index = list(texts), index

    @classmethod
    def build(
        cls,
        rows: Sequence[Mapping[str, str]],
        shown: str,
        compared: str | None = None,
        by: Sequence[str] = ("bigrams",),
    ) -> Self:
        """Makes the table.

        Args:
            rows: cells by the name of their column.
            shown: template of a row in the prompt: `질문: {질문}\\n답: {답}`.
            compared: template of what is compared with the query, `{질문}` for example; what is shown by default.
            by: rankings, as of `Index`.

        Raises:
            ClovaError: a template asks for a column that a row does not have.
        """
        texts: list[list[str]] = [[], []]
        for number, row in enumerate(rows, 1):
            for template, column in zip((shown, compared or shown), texts, strict=True):
                try:
                    column.append(fill(template, row).text)
                except ClovaError as error:
                    raise ClovaError(f"examples, row {number}: {error}") from None
        return cls(texts[0], Index.build(texts[1], by))

    def nearest(self, query: str, k: int) -> list[str]:
        """Returns `k` rows (fewer where there are no more), the most similar last, next to what follows in the prompt.

        Rows that share nothing with the query fill up what is missing, in their order.
        """
        if k < 1:
            return []
        found = [hit.index for hit in self._index.search(query, k)]
        others = [number for number in range(len(self.texts)) if number not in set(found)]
        return [self.texts[number] for number in [*others[: k - len(found)], *reversed(found)]]
