"""Shows documents as the pages of their sites do: a review with its stars, a comment under its headline.

The paper adds what is known of a document to its text (section 3.2: source, category, speaker). A model can only
learn what a text means for its stars if it reads both together. `--forms rated_reviews=0.8` writes that share of
the documents a form fits in that form, several of a page together; the others stay bare.

Questions and answers have no form: sources of them (`corpus.read.kin`, `dialogue_qa`) come as `질문: …`, `답변: …`
already.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms import (
    headlines,
    magazines,
    news_comments,
    petitions,
    rated_reviews,
    recommendations,
)
from clova_jax.corpus.forms.fits import Fits
from clova_jax.corpus.forms.form import Form, draw
from clova_jax.corpus.sources import Registry, source_of

FORMS: dict[str, Form] = {
    module.FORM.name: module.FORM
    for module in (
        rated_reviews,
        recommendations,
        news_comments,
        headlines,
        petitions,
        magazines,
    )
}

FORMS_HELP = (
    "show a share of the documents as the pages of their sites do, with what their meta holds, for example "
    f"rated_reviews=0.8; one of {', '.join(FORMS)}"
)


def parse_forms(words: Sequence[str]) -> dict[str, float]:
    """Reads `NAME=SHARE` words; a name alone means all.

    Raises:
        ClovaError: no such form, one that is said twice, or a share that is not above 0 and at most 1.
    """
    shares: dict[str, float] = {}
    for word in words:
        name, equals, share = word.partition("=")
        if name not in FORMS:
            raise ClovaError(f"--forms: no form {name!r}; there are: {', '.join(FORMS)}")
        if name in shares:
            raise ClovaError(f"--forms: {name} stands there twice")
        try:
            shares[name] = float(share) if equals else 1.0
        except ValueError:
            shares[name] = float("nan")
        if not 0 < shares[name] <= 1:
            raise ClovaError(f"--forms: {word}: the share is not a number above 0 and at most 1")
    return shares


def count_fits(
    documents: Iterable[Document], names: Iterable[str], sources: Registry | None = None
) -> Fits:
    """Counts which documents the named forms fit, by their sources' kinds and what `meta` holds."""
    fits = Fits({name: FORMS[name] for name in names})
    for document in documents if fits.forms else ():
        fits.add(document, source_of(document.source, sources).kind)
    return fits


def in_forms(
    documents: Iterable[Document], shares: Mapping[str, float], sources: Registry | None = None
) -> Iterator[Document]:
    """Writes a share of the documents in the form of their sites' pages, in the order they come.

    Neighbours that belong on one page (a film's reviews) become one document of 1 to `Form.most` of them; a page
    keeps the first one's source, and as its id the film's, so that a film lies whole in training or validation.
    What is drawn hangs on ids alone: the same documents give the same pages.

    Args:
        documents: cleaned ones, with what is known in `meta`.
        shares: of the documents that a form fits, by its name (`parse_forms`).
        sources: the user's (`corpus.sources.read_sources`).
    """

    def place(document: Document) -> tuple[Form | None, str, str]:
        kind = source_of(document.source, sources).kind
        fitting = (FORMS[name] for name in shares if FORMS[name].fits(document, kind))
        form = next(fitting, None)
        shared = str(document.meta[form.together]) if form and form.together else ""
        return form, document.source, shared

    for (form, source, shared), neighbours in itertools.groupby(documents, place):
        if form is None:
            yield from neighbours
        else:
            yield from _pages(form, source, shared, list(neighbours), shares[form.name])


def _pages(
    form: Form, source: str, shared: str, documents: list[Document], share: float
) -> Iterator[Document]:
    while documents:
        first = documents[0]
        count = 1 + int(form.most * draw("count", form.name, first.id))
        page, documents = documents[:count], documents[count:]
        if draw("share", form.name, shared or first.id) >= share:
            yield from page
            continue
        name = f"{source}:{shared}" if shared else first.id
        yield Document(form.render(page), name, source, {"form": form.name, "documents": len(page)})
