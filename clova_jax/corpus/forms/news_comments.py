"""Shows an article's headline with readers' comments below it."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text


def _page(comments: Sequence[Document]) -> str:
    title = comments[0].meta["news_title"].strip()
    if title.startswith('"') and title.endswith('"'):  # as tables quote a field
        title = title[1:-1].replace('""', '"')
    return f"{title}\n\n댓글 {len(comments)}개\n" + "\n".join(
        f"- {' '.join(comment.text.split())}" for comment in comments
    )


FORM = Form(
    "news_comments",
    kinds=("comments",),
    needs={"news_title": is_text},
    render=_page,
    together="news_title",
    most=8,
)
