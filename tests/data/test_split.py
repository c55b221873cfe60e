"""What is held out for validation: never a whole source, whatever its ids are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.corpus.documents import Document
from clova_jax.data import serialize
from clova_jax.data.split import SourceSizes, measure, row_of
from tests.worlds.byte_tokenizer import Bytes


def held_out(documents: list[Document], share: float) -> list[bool]:
    sizes = SourceSizes()
    for start in range(0, len(documents), 7):
        for part in measure(map(row_of, documents[start : start + 7])).values():
            sizes.add(part)
    limits = sizes.limits(share)
    return [limits.hold_out(row_of(document)) for document in documents]


@pytest.mark.parametrize("names", ["one", "few", "all"])
def test_documents_that_share_an_id_are_told_apart(names):
    of = {"one": lambda n: "id", "few": lambda n: str(n % 3), "all": str}[names]
    documents = [Document(f"글 {n} " + "가" * 100, of(n), "a") for n in range(2_000)]
    held = sum(held_out(documents, 0.1))
    assert 190 <= held <= 210


def test_copies_of_a_document_stay_together():
    documents = [Document(f"글 {n % 50} " + "가" * 100, "id", "a") for n in range(1_000)]
    held = held_out(documents, 0.1)
    assert 0 < sum(held) <= 120
    by_text: dict[str, set[bool]] = {}
    for document, out in zip(documents, held, strict=True):
        by_text.setdefault(document.text, set()).add(out)
    assert all(len(outs) == 1 for outs in by_text.values())


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["가", "나" * 9, "다" * 400])),
        max_size=60,
    ),
    st.floats(0, 0.9),
)
def test_something_is_left_to_train_on(rows, share):
    documents = [Document(text, name, "a") for name, text in rows]
    if documents:
        assert not all(held_out(documents, share))


def test_a_corpus_of_one_id_is_serialized(tmp_path):
    rows = [{"text": f"글 {n} " + "가" * 50, "id": "0"} for n in range(500)]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = serialize(tmp_path / "corpus", Bytes(), tmp_path / "tokens", show=False)
    assert 0 < store.count("validation").documents < 60
    assert store.count("train").documents + store.count("validation").documents == 500
    same = [{"text": "같은 글", "id": "0"}] * 200
    (tmp_path / "same").mkdir()
    (tmp_path / "same" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in same))
    store = serialize(tmp_path / "same", Bytes(), tmp_path / "same tokens", show=False)
    assert store.count("train").documents == 200
