"""Shows a shop's page of game reviews under the verdict of each: 추천, 비추천."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form


def _page(reviews: Sequence[Document]) -> str:
    return "\n\n".join(
        f"{'추천' if review.meta['label'] else '비추천'}\n{review.text.strip()}"
        for review in reviews
    )


FORM = Form(
    "recommendations",
    kinds=("comments",),
    needs={"label": lambda value: type(value) is int and value in (0, 1)},
    render=_page,
    most=4,
)
