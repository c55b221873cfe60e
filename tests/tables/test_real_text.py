"""The text of the real model: a folder of other data is refused, whatever its name."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.tables import real_text
from tests.worlds.corpora import write_corpus
from tests.worlds.labelled_data import write_labelled


def test_text_with_sections_of_other_labels_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        real_text, "clean_corpus", lambda job: write_corpus(job.out / "documents", {"news": 3})
    )
    first, second = (write_labelled(tmp_path / name / "data") for name in ("first", "second"))
    path = second / "klue/ynat-v1.1/ynat-v1.1_train.json"
    out = tmp_path / "out"
    assert real_text.clean_text(first, out) == real_text.clean_text(second, out)
    path.write_text(path.read_text() + " ")
    with pytest.raises(ClovaError, match="holds a run with sections=.* or another --out"):
        real_text.clean_text(second, out)
