"""Shows a petition under its title, with its category, its day and how many signed."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text


def _page(petitions: Sequence[Document]) -> str:
    (petition,) = petitions
    title, _, body = petition.text.strip().partition("\n")
    meta = petition.meta
    head = f"청원 제목: {title.strip()}\n분류: {meta['category'].strip()}\n"
    if is_text(meta.get("begin")):
        head += f"청원 시작: {meta['begin']}\n"
    return f"{head}참여 인원: {meta['num_agree']:,}명\n\n{body.strip()}".strip()


FORM = Form(
    "petitions",
    kinds=("cafe",),
    needs={
        "category": is_text,
        "num_agree": lambda value: type(value) is int and value >= 0,
    },
    render=_page,
)
