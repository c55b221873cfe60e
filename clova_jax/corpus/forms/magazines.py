"""Shows a magazine's article under its issue, its date and its section."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text


def _page(articles: Sequence[Document]) -> str:
    (article,) = articles
    meta = article.meta
    return f"{meta['magazine']} ({meta['date']}) {meta['genre']}\n\n{article.text.strip()}"


FORM = Form(
    "magazines",
    kinds=("others",),
    needs=dict.fromkeys(("magazine", "date", "genre"), is_text),
    render=_page,
)
