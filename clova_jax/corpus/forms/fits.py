"""Counts which documents a form fits, and what the others lack."""

from collections import Counter
from collections.abc import Mapping

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form

Counts = Mapping[str, Mapping[str, Mapping[str, int]]]


class Fits:
    """Counts by form and source: `documents` of a kind that the form may take, `fit`, and `meta.FIELD` those without.

    `counts` are JSON values and go between processes; the forms do not.

    Args:
        forms: those asked for, by name.
    """

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self.forms = forms
        self.counts: dict[str, dict[str, Counter]] = {name: {} for name in forms}

    def add(self, document: Document, kind: str) -> None:
        """Counts a document of a source of that kind."""
        for name, form in self.forms.items():
            if kind in form.kinds:
                count = self.counts[name].setdefault(document.source, Counter())
                lacking = form.lacking(document)
                count["documents"] += 1
                count["fit"] += not lacking
                count.update(f"meta.{field}" for field in lacking)

    def update(self, counts: Counts) -> None:
        """Adds the counts of other documents."""
        for name, sources in counts.items():
            for source, count in sources.items():
                self.counts[name].setdefault(source, Counter()).update(count)

    def check(self, place: object) -> None:
        """Checks that every form fits some document.

        Args:
            place: where the documents are from, for the message.

        Raises:
            ClovaError: one fits none; the line names the form, the sources and the fields that they lack.
        """
        for name, form in self.forms.items():
            sources = self.counts[name]
            if any(count["fit"] for count in sources.values()):
                continue
            needs = ", ".join(f"meta.{field}" for field in form.needs)
            kinds = " or ".join(form.kinds)
            found = "; ".join(_lacking(source, sources[source]) for source in sorted(sources)[:3])
            raise ClovaError(
                f"--forms: {name} fits no document of {place}: it needs {needs} in a source of kind {kinds}, and "
                f"{found or 'there is no such source'}; leave it out"
            )


def fit_sentences(counts: Counts) -> list[str]:
    """Returns a sentence for each form and source that it fits, and one for each form of the sources that it does not."""
    sentences = []
    for name, sources in counts.items():
        without = []
        for source, count in sorted(sources.items()):
            line = f"form {name}: fits {count['fit']:,} of {count['documents']:,} documents of {source}"
            if count["fit"] < count["documents"]:
                line += f"; {_lacking(source, count)}"
            if count["fit"]:
                sentences.append(line)
            else:
                without.append(_lacking(source, count))
        if without:
            sentences.append(f"form {name}: fits no document where {'; '.join(without)}")
    return sentences


def _lacking(source: str, count: Mapping[str, int]) -> str:
    lacks = ", ".join(
        f"{field} in {number:,}" for field, number in count.items() if field.startswith("meta.")
    )
    return f"{source} lacks {lacks}"
