"""Lines end at a line feed alone: in tables, in JSON Lines, in everything that cuts data."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl, read_lines, write_jsonl
from clova_jax.common.lines import split_lines, table_rows

ODD = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r"  # where `str.splitlines()` cuts, and a line feed does not
CELLS = st.text(st.sampled_from("가나 a\"',\n" + ODD), max_size=8)


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    return [cells for _, cells in table_rows(split_lines(text), delimiter, "t")]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_csv_gives_back_what_was_written(rows):
    rows = [["text", "label"], *rows]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    given_back = rows_of(file.getvalue(), ",")
    # `\r\n` ends a line also inside a cell
    assert given_back == [[cell.replace("\r\n", "\n") for cell in row] for row in rows]


@given(
    st.lists(
        st.lists(st.text(st.sampled_from("가 a\"'" + ODD), min_size=1), min_size=2, max_size=2)
    )
)
def test_tab_separated_cells_keep_all_but_tabs_and_line_feeds(rows):
    rows = [["text", "label"], *([*row, "끝"] for row in rows)]
    assert rows_of("\n".join("\t".join(row) for row in rows) + "\n", "\t") == rows
    assert rows_of("\r\n".join("\t".join(row) for row in rows), "\t") == rows


def test_a_lone_return_stays_in_a_cell_without_quotes():
    assert rows_of("text,n\n가\r나,1\n", ",") == [["text", "n"], ["가\r나", "1"]]
    assert rows_of("text\tn\n가\r나\t1\n", "\t") == [["text", "n"], ["가\r나", "1"]]


def test_files_of_old_macs_end_rows_with_a_return():
    for delimiter in ",\t":
        text = "\r".join(delimiter.join(row) for row in (["text", "n"], ["가", "1"], ["나", "2"]))
        assert rows_of(text, delimiter) == [["text", "n"], ["가", "1"], ["나", "2"]]


def test_row_numbers_are_lines_of_the_file():
    text = 'text,n\n"가\n나",1\n\n다,2\n'
    assert [number for number, _ in table_rows(split_lines(text), ",", "t")] == [1, 3, 5]


def test_what_is_no_csv_is_named_by_its_line():
    before = csv.field_size_limit(5)
    try:
        with pytest.raises(ClovaError, match="t:2: not CSV"):
            list(table_rows(["text", "x" * 10], ",", "t"))
    finally:
        csv.field_size_limit(before)


@given(st.lists(st.text(st.sampled_from("가 a" + ODD), max_size=6)))
def test_lines_are_those_of_a_file(tmp_path_factory, lines):
    content = "".join(line + "\n" for line in lines)
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes(content.encode())
    expected = [line.removesuffix("\r") for line in lines]
    assert list(split_lines(content)) == expected
    assert [line for _, line in read_lines(path)] == expected


def test_json_lines_with_separators_inside(tmp_path):
    rows = [{"text": f"앞{char}뒤", "n": number} for number, char in enumerate(ODD)]
    write_jsonl(tmp_path / "a.jsonl", rows)
    assert [row for _, row in read_jsonl(tmp_path / "a.jsonl")] == rows


def test_nothing_in_the_package_cuts_at_other_characters():
    root = Path(__file__).resolve().parents[2]
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for folder in ("clova_jax", "experiments", "benchmarks")
        for path in (root / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").split("\n")
        if re.search(r"\.splitlines\(|csv\.(?:reader|DictReader)\(", line)
        and path.name != "lines.py"
    ]
    assert not found
