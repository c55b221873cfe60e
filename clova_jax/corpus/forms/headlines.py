"""Shows a headline under the section of the paper that it stood in: [스포츠] 결승전에서 이겼다."""

from collections.abc import Sequence

from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms.form import Form, is_text


def _page(headlines: Sequence[Document]) -> str:
    return "\n".join(f"[{line.meta['section'].strip()}] {line.text.strip()}" for line in headlines)


FORM = Form("headlines", kinds=("news",), needs={"section": is_text}, render=_page, most=8)
