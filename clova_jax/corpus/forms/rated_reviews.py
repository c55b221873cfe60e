"""Shows a film's page of reviews, each with its stars: 정말 재미있게 봤다 (별점 9점)."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text


def _page(reviews: Sequence[Document]) -> str:
    return "\n".join(
        f"{review.text.strip()} (별점 {review.meta['rating']}점)" for review in reviews
    )


FORM = Form(
    "rated_reviews",
    kinds=("comments",),
    needs={
        "rating": lambda value: type(value) is int and 1 <= value <= 10,
        "movie": lambda value: is_text(value) or type(value) is int,
    },
    render=_page,
    together="movie",
    most=4,
)
