"""Shows a magazine's article under its issue, its date and its section."""

import re
from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text

_ZERO = re.compile(r"\b0(?=\d)")  # of 04월 01일


def _page(articles: Sequence[Document]) -> str:
    (article,) = articles
    meta = article.meta
    head = ", ".join(" ".join(meta[name].split()) for name in ("magazine", "date", "genre"))
    return f"{_ZERO.sub('', head)}\n\n{article.text.strip()}"


FORM = Form(
    "magazines",
    kinds=("others",),
    needs=dict.fromkeys(("magazine", "date", "genre"), is_text),
    render=_page,
)
