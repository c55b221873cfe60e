"""Begins documents with a line of source and category."""

from clova_jax.corpus.clean.step import Dropped, Step, with_text
from clova_jax.corpus.documents import Document
from clova_jax.corpus.sources import prefix


class Prefix(Step):
    """Writes a first line such as `[블로그 | 여행 | 제주의 봄]`; runs where it is asked for."""

    name = "prefix"
    by_default = False

    def one(self, document: Document) -> Document | Dropped:
        """Writes the line."""
        self.changes["changed"] += 1
        line = prefix(self.context.source(document).kind, document.meta)
        return with_text(document, f"{line}\n{document.text}")
