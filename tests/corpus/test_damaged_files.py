"""Damaged and oversized files: what was whole is kept, the rest is named, memory stays bounded."""

import gzip
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_chunks, read_lines, read_text
from clova_jax.corpus import documents
from clova_jax.corpus.documents import (
    BadLines,
    Block,
    LineBlocks,
    base_of,
    parse_block,
    read_blocks,
)
from clova_jax.corpus.read import blocks as block_reader
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files

PACK = {".gz": gzip.compress, ".zst": zstandard.compress}


def rows(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [json.dumps({"text": f"{n} {rng.random()}"}) for n in range(count)]


def read(folder: Path) -> tuple[list[str], list[str]]:
    """The texts of a folder, and what was told of the rest."""
    bad = BadLines()
    files = input_files(folder, bad)
    blocks = [b for g in file_groups(files) for b in group_blocks(g, base_of(files), bad)]
    return [d.text for b in blocks for d in parse_block(b, bad)], bad.first


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("newline", ["", "\n"])
def test_garbage_after_the_end_loses_nothing(tmp_path, suffix, newline):
    lines = rows(20)
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(PACK[suffix](("\n".join(lines) + newline).encode()) + b"garbage, not a frame")
    texts, told = read(tmp_path)
    assert texts == [json.loads(line)["text"] for line in lines]
    assert len(told) == 1
    # Lines whose end was seen are counted; the last one may be that which was cut.
    assert f"a.jsonl{suffix}:{21 if newline else 20}: cannot be read" in told[0]


@pytest.mark.parametrize("suffix", PACK)
def test_a_damaged_second_member_keeps_the_first(tmp_path, suffix):
    first, second = rows(500), rows(500, 1)
    one, two = (PACK[suffix](("\n".join(part) + "\n").encode()) for part in (first, second))
    (tmp_path / f"a.jsonl{suffix}").write_bytes(one + b"\0" * 4 + bytes([255]) * 40 + two[44:])
    texts, told = read(tmp_path)
    assert texts == [json.loads(line)["text"] for line in first]
    assert f"a.jsonl{suffix}:501: cannot be read" in told[0]


@pytest.mark.parametrize("suffix", PACK)
def test_a_cut_file_keeps_the_lines_before_the_cut(tmp_path, suffix):
    lines = rows(60_000)
    packed = PACK[suffix](("\n".join(lines) + "\n").encode())
    (tmp_path / f"a.jsonl{suffix}").write_bytes(packed[: len(packed) * 3 // 4])
    texts, told = read(tmp_path)
    assert 30_000 < len(texts) < 60_000
    assert texts == [json.loads(line)["text"] for line in lines[: len(texts)]]
    assert f"a.jsonl{suffix}:{len(texts) + 1}: cannot be read" in told[-1]


def test_a_wrong_checksum_is_told_after_all_lines(tmp_path):
    lines = rows(3_000)
    packed = bytearray(gzip.compress(("\n".join(lines) + "\n").encode()))
    packed[-6] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    texts, told = read(tmp_path)
    assert len(texts) == 3_000
    assert "CRC" in told[0]


@pytest.mark.parametrize("suffix", PACK)
def test_rows_of_a_damaged_table_are_kept(tmp_path, suffix):
    rng = random.Random(0)
    content = "text,n\n" + "".join(f"행 {n},{rng.random()}\n" for n in range(30_000))
    packed = PACK[suffix](content.encode())
    (tmp_path / f"a.csv{suffix}").write_bytes(packed[: len(packed) // 2])
    texts, told = read(tmp_path)
    assert texts[:2] == ["행 0", "행 1"]
    assert 5_000 < len(texts) < 30_000
    assert f"a.csv{suffix}:{len(texts) + 2}: cannot be read from here on" in told[0]


def test_rows_that_are_no_table_are_named_and_passed_over(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,하나\n2\n3,셋,넷\n\n4,다섯,,\n5,여섯\n")
    texts, told = read(tmp_path)
    assert texts == ["하나", "다섯", "여섯"]
    assert [message.split(":")[1] for message in told] == ["3", "4"]


@pytest.mark.parametrize("kind", ["line", "page", "row", "quote", "element"])
def test_a_document_that_is_too_long_is_named_and_the_rest_read(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(documents, "LONGEST", 1_000)
    monkeypatch.setattr(documents, "BLOCK_BYTES", 100)
    monkeypatch.setattr(block_reader, "LONGEST", 1_000)
    long = "길다" * 700
    good = [json.dumps({"text": f"글 {n}"}, ensure_ascii=False) for n in range(5)]
    if kind in ("line", "element"):
        row = json.dumps({"text": long, "meta": {"n": [1, 2]} if kind == "element" else {}})
        (tmp_path / "a.jsonl").write_text("\n".join([*good[:2], row, "", *good[2:]]))
        place = "a.jsonl:3"
    elif kind == "page":
        for number in range(5):
            (tmp_path / f"{number}.txt").write_text(f"글 {number}")
        (tmp_path / "2b.txt").write_text(long)
        place = "2b.txt"
    else:
        texts = [f"글 {n}" for n in range(5)]
        texts.insert(2, long if kind == "row" else '"' + "열린 따옴표\n" * 200)
        (tmp_path / "a.csv").write_text("text\n" + "\n".join(texts) + "\n")
        place = "a.csv:"
    texts, told = read(tmp_path)
    assert texts[:2] == ["글 0", "글 1"]
    assert place in told[0]
    if kind == "quote":  # its lines are rows again once it is known to be one
        assert "an open quote" in told[0]
        assert texts[-1] == "글 4"
    else:
        assert texts == [f"글 {n}" for n in range(5)]
        assert len(told) == 1


@settings(max_examples=200)
@given(
    content=st.lists(
        st.sampled_from([b"\n", b'{"text": "a"}\n', b"x" * 7, b"y" * 40, b" ", b"\r\n"]),
        max_size=40,
    ),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    size=st.integers(1, 30),
)
def test_blocks_depend_on_the_content_alone(content, cuts, size):
    data = b"".join(content)

    def blocks(pieces):
        cutter, told = (
            LineBlocks(Path("a"), "a", size=size, on_error=lambda e: told.append(str(e))),
            [],
        )
        found = [block for piece in pieces for block in cutter.add(piece)]
        return [*found, *cutter.end()], told

    real, documents.LONGEST = documents.LONGEST, 30
    try:
        pieces, at = [], 0
        while at < len(data):
            pieces.append(data[at : at + cuts[len(pieces) % len(cuts)]])
            at += len(pieces[-1])
        found, told = blocks(pieces)
        assert (found, told) == blocks([data])
    finally:
        documents.LONGEST = real
    lines = data.split(b"\n")
    wanted = [n for n, line in enumerate(lines, 1) if line.strip() and len(line) < 30]
    seen = [
        number
        for block in found
        for number, line in enumerate(block.data.split(b"\n"), block.line)
        if line.strip()
    ]
    assert set(wanted) <= set(seen)
    for block in found:
        place = block.data.split(b"\n")[0]
        assert lines[block.line - 1] == place
        assert data[block.offset - len(block.data) : block.offset] == block.data
    *ended, last = lines
    assert len(told) == sum(len(line) + 1 > 30 for line in ended) + (len(last) > 30)


def test_a_block_is_entered_after_a_line_that_was_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LONGEST", 1_000)
    lines = [*rows(30), "x" * 5_000, *rows(30, 1)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    blocks = list(read_blocks(tmp_path / "a.jsonl", size=300, on_error=BadLines()))
    for block in blocks:
        rest = list(
            read_blocks(
                tmp_path / "a.jsonl", block.offset, block.next_line, 300, on_error=BadLines()
            )
        )
        assert rest == blocks[blocks.index(block) + 1 :]


def test_text_files_have_an_end_too(tmp_path, monkeypatch):
    monkeypatch.setattr("clova_jax.common.files.LARGEST", 1_000)
    monkeypatch.setattr("clova_jax.common.files.LONGEST_LINE", 1_000)
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(b"a\n" + b"b" * 2_000))
    with pytest.raises(ClovaError, match=r"a\.txt\.zst: over 0 MiB"):
        read_text(tmp_path / "a.txt.zst")
    with pytest.raises(ClovaError, match=r"a\.txt\.zst:2: a line of over"):
        list(read_lines(tmp_path / "a.txt.zst"))


# A gigabyte of each, read with half of it: the limit is on the address space, so that nothing is swapped out.
_READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1_000 << 20,) * 2)
from clova_jax.corpus.documents import BadLines, parse_block
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files
bad, count, folder = BadLines(), 0, Path(sys.argv[1])
for group in file_groups(input_files(folder)):
    for block in group_blocks(group, folder, bad):
        count += sum(1 for _ in parse_block(block, bad))
print(count, *bad.first, sep="\\n")
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)
"""
GIGABYTE = 1 << 30


def bomb(path: Path, unit: bytes, head: bytes = b"", tail: bytes = b"") -> None:
    """A small file that unpacks to a gigabyte of one unit."""
    piece = unit * ((1 << 22) // len(unit))
    with path.open("wb") as raw:
        opened = (
            zstandard.ZstdCompressor(level=1).stream_writer(raw, closefd=False)
            if path.suffix == ".zst"
            else gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1)
        )
        with opened as file:
            file.write(head)
            for _ in range(GIGABYTE // len(piece)):
                file.write(piece)
            file.write(tail)
    assert path.stat().st_size < GIGABYTE // 100


GOOD = '{"text": "글"}\n'.encode()
BOMBS = {
    "blank lines": ("a.jsonl.zst", b"\n", GOOD, GOOD),
    "one line": ("a.jsonl.zst", b"x", GOOD + b'{"text": "', b'"}\n' + GOOD),
    "a page": ("a.html.zst", b"<p>x</p>", b"", b""),
    "a text": ("a.txt.gz", b"x ", b"", b""),
    "a row": ("a.csv.zst", b"x,", b"text\n\xea\xb8\x80\n", b"\n\xea\xb8\x80\n"),
    "an open quote": ("a.csv.zst", b"x" * 250 + b'","\n', b'text\n\xea\xb8\x80\n"', b'"\n'),
    "a string": ("a.json.zst", b"x", b'{"document": [{"text": "', b'"}]}'),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_bounded_memory(tmp_path, name):
    file, unit, head, tail = BOMBS[name]
    bomb(tmp_path / file, unit, head, tail)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    count, *told = done.stdout.strip().split("\n")
    if name == "blank lines":
        assert (count, told) == ("2", [])
    else:
        assert told
        assert file in told[0]
    if name in ("one line", "a row"):
        assert count == "2"


def test_a_small_bomb_unpacks_in_small_steps(tmp_path):
    """64 MB from a few kilobytes: no piece, and no step of the decompressor, holds them all."""
    for suffix in PACK:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(PACK[suffix](bytes(64 << 20)))
        sizes = [len(piece) for piece in read_chunks(path)]
        assert sum(sizes) == 64 << 20
        assert max(sizes) <= 1 << 20
    code = (
        "import resource, sys; from clova_jax.common.files import read_chunks\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]: assert sum(map(len, read_chunks(path))) == 64 << 20\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)"
    )
    paths = [str(tmp_path / f"a{suffix}") for suffix in PACK]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 48  # megabytes


def test_a_stream_of_one_line_stops_holding_it():
    told = []
    cutter = LineBlocks(Path("a"), "a", size=1 << 10, on_error=told.append)
    held = 0
    for _ in range(80):
        assert list(cutter.add(b"x" * (1 << 19))) == []
        held = max(held, len(cutter._held))
    assert held <= documents.LONGEST + (1 << 19)
    (block,) = [*cutter.add(b"x\n" + GOOD), *cutter.end()]
    assert isinstance(block, Block)
    assert block.line == 2
    assert len(told) == 1
    assert io.BytesIO(block.data).read() == GOOD
