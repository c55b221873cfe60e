"""Raw input of other forms than JSON Lines."""

import json

import pytest

from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files

ODD = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"]


def documents(folder) -> list[dict]:
    errors = []
    blocks = [
        b for g in file_groups(input_files(folder)) for b in group_blocks(g, folder, errors.append)
    ]
    assert not errors
    return [json.loads(line) for block in blocks for line in block.data.split(b"\n") if line]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_cell_is_one_document_whatever_it_holds(tmp_path, odd, suffix):
    delimiter = "," if suffix == ".csv" else "\t"
    rows = [["id", "text"], ["1", f"앞 문장{odd}뒤 문장"], ["2", "다음 행"]]
    content = "".join(delimiter.join(row) + "\n" for row in rows)
    (tmp_path / f"a{suffix}").write_bytes(content.encode())
    found = documents(tmp_path)
    assert [row["text"] for row in found] == [f"앞 문장{odd}뒤 문장", "다음 행"]
    assert [row["id"] for row in found] == [f"a{suffix}:2", f"a{suffix}:3"]
    assert [row["meta"]["id"] for row in found] == ["1", "2"]


def test_quoted_cells_run_over_lines(tmp_path):
    (tmp_path / "a.csv").write_bytes('text,label\r\n"첫 줄\r\n둘째 ""줄""",1\r\n'.encode())
    assert [row["text"] for row in documents(tmp_path)] == ['첫 줄\n둘째 "줄"']
