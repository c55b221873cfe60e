"""Parquet, and folders of `datasets`: rows become documents, and what is wrong is named by its row."""

import datetime
import json
import random
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import read_documents
from clova_jax.corpus.documents import parse_block
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files


def documents(folder: Path, errors: list[ClovaError] | None = None) -> list[Any]:
    """The documents of a folder; errors are collected, or there are none."""
    said: list[ClovaError] = [] if errors is None else errors
    blocks = [
        b for g in file_groups(input_files(folder)) for b in group_blocks(g, folder, said.append)
    ]
    found = [document for block in blocks for document in parse_block(block, said.append)]
    assert errors is not None or not said
    return found


def save_to_disk(folder: Path, table: pa.Table, shards: int = 1, split: str = "") -> None:
    """Writes what `datasets` writes, with a file of its cache beside it."""
    inner = folder / split
    inner.mkdir(parents=True)
    size = -(-len(table) // shards)
    names = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    for i, name in enumerate([*names, "cache-1f.arrow"]):
        part = table.slice(i * size, size)
        with (
            pa.OSFile(str(inner / name), "wb") as file,
            pa.ipc.new_stream(file, table.schema) as out,
        ):
            out.write_table(part, max_chunksize=3)
    files = [{"filename": name} for name in names]
    (inner / "state.json").write_text(json.dumps({"_data_files": files, "_fingerprint": "x"}))
    (inner / "dataset_info.json").write_text(json.dumps({"features": {"text": {}}}))
    if split:
        (folder / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.text(st.characters(exclude_categories=["Cs"])),
            "id": st.none() | st.integers(0, 99).map(str),
            "stars": st.none() | st.integers(-5, 5),
        }
    ),
    max_size=9,
)
SCHEMA = pa.schema({"id": pa.string(), "stars": pa.int8(), "text": pa.string()})


@given(rows=ROWS, group=st.integers(1, 4), shards=st.integers(1, 3))
def test_every_row_is_a_document_in_order(tmp_path_factory, rows, group, shards) -> None:
    folder = tmp_path_factory.mktemp("columns")
    table = pa.Table.from_pylist(rows, SCHEMA)
    (folder / "parquet").mkdir()
    pq.write_table(table, folder / "parquet" / "train-00000-of-00001.parquet", row_group_size=group)
    save_to_disk(folder / "set", table, shards, "train")
    found = documents(folder / "parquet")
    assert [one.text for one in found] == [row["text"] for row in rows]
    assert {one.source for one in found} <= {"train"}
    arrow = documents(folder / "set")
    for number, (one, other, row) in enumerate(zip(found, arrow, rows, strict=True), 1):
        wanted = {} if row["stars"] is None else {"stars": row["stars"]}
        assert (one.meta, other.meta, other.text) == (wanted, wanted, one.text)
        assert one.id == (row["id"] or f"train-00000-of-00001.parquet:{number}")


def test_columns_become_meta_as_json_has_them(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(
        [
            {
                **{"본문": "글", "source": "blog", "meta": '{"title": "제목"}'},
                **{"day": datetime.date(2024, 2, 29), "tags": ["가", None], "image": b"\xff\xd8"},
                "nested": {"score": 0.5},
            }
        ]
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (found,) = documents(tmp_path)
    assert (found.text, found.source, found.id) == ("글", "blog", "a.parquet:1")
    assert found.meta == {"title": "제목", "day": "2024-02-29", "tags": ["가", None]} | {
        "nested": {"score": 0.5}
    }
    path = str(tmp_path / "b.arrow")
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    assert documents(tmp_path)[1].meta == found.meta, "Arrow's other form of a file"


def test_what_is_no_document_is_named_by_its_row(tmp_path: Path) -> None:
    table = pa.table({"text": ["하나", None, "셋"]})
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(pa.table({"글": ["하나"]}), tmp_path / "b.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "c.parquet").write_bytes(whole[:-9])
    (tmp_path / "d.parquet.zst").write_bytes(whole)
    save_to_disk(tmp_path / "e", pa.table({"text": [f"{i}번" * 50 for i in range(9)]}))
    arrow = tmp_path / "e" / "data-00000-of-00001.arrow"
    arrow.write_bytes(arrow.read_bytes()[:-800])
    errors: list[ClovaError] = []
    found = documents(tmp_path, errors)
    assert [one.text for one in found[:2]] == ["하나", "셋"]
    assert 2 < len(found) < 11, "what stands before the damage is read"
    said = [str(error) for error in errors]
    assert said[0].endswith("a.parquet: row 2: text is null")
    assert "b.parquet: no column of text; expected one of text, document" in said[1]
    assert "c.parquet: row 1: cannot be read from here on (" in said[2]
    assert "d.parquet.zst: compressed as a whole" in said[3]
    assert "e/data-00000-of-00001.arrow: row " in said[4]
    assert len(said) == 5


def test_without_its_package_it_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    pq.write_table(pa.table({"text": ["하나"]}), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ClovaError, match=r"a.parquet: a .parquet file needs .*'clova_jax\[parquet\]'"
    ):
        input_files(tmp_path)


def sentence(number: int) -> str:
    """A text that is like no other."""
    draw = random.Random(number)
    return " ".join("".join(chr(draw.randrange(0xAC00, 0xD7A4)) for _ in "123") for _ in range(20))


def test_a_corpus_of_parquet_is_cleaned_and_read_again(tmp_path: Path) -> None:
    rows = [{"text": sentence(i), "source": "blog", "year": 2000 + i} for i in range(8)]
    (tmp_path / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in" / "a.parquet")
    words = [
        "corpus",
        "--data",
        str(tmp_path / "in"),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "1",
    ]
    assert main([*words, "--steps", "normalize"]) == 0
    found = list(read_documents(tmp_path / "out"))
    assert {one.meta["year"] for one in found} == {row["year"] for row in rows}
    assert {one.source for one in found} == {"blog"}


@pytest.mark.peers
@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_loads_what_clova_corpus_writes(
    tmp_path: Path, monkeypatch, streaming: bool
) -> None:
    """One schema, whatever `meta` holds; and what it saves is read here again."""
    import datasets

    folder = tmp_path / "in"
    folder.mkdir()
    metas = [{}, {"x": 1}, {"x": "하나", "y": [1, {"z": None}]}]
    for at, name in enumerate(("blog", "news")):
        rows = [{"text": sentence(i + 50 * at), "meta": metas[i % 3]} for i in range(30)]
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    words = ["corpus", "--data", str(folder), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main([*words, "--steps", "normalize"]) == 0
    ours = {one.id: one for one in read_documents(tmp_path / "out")}
    theirs = datasets.load_dataset(
        "json",
        data_files=str(tmp_path / "out" / "documents" / "*.jsonl.zst"),
        split="train",
        streaming=streaming,
        cache_dir=str(tmp_path / "cache"),
    )
    rows = list(theirs)
    assert len(rows) == len(ours) > 30
    for row in rows:
        one = ours[row["id"]]
        assert (row["text"], row["source"], json.loads(row["meta"])) == (
            one.text,
            one.source,
            one.meta,
        )
    if not streaming:
        assert [feature.dtype for feature in theirs.features.values()] == ["string"] * 4
        theirs.save_to_disk(str(tmp_path / "saved"), num_shards=2)
        again = {one.id: one for one in documents(tmp_path / "saved")}
        assert again == ours
