import gzip
import os
import subprocess
import sys

import pytest
import zstandard

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import (
    find_file,
    read_jsonl,
    read_lines,
    read_text,
    whole_file,
    whole_folder,
    write_jsonl,
)

ROWS = [{"text": "가\u2028나\n다"}, {"text": "라"}]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_json_lines_survive_every_compression(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    write_jsonl(path, ROWS)
    assert [row for _, row in read_jsonl(path)] == ROWS
    assert find_file(tmp_path, "a.jsonl") == path
    assert list(tmp_path.iterdir()) == [path]


def test_several_zstandard_frames_are_one_file(tmp_path):
    path = tmp_path / "a.zst"
    path.write_bytes(zstandard.compress("가\n".encode()) + zstandard.compress("나\n".encode()))
    assert [line for _, line in read_lines(path)] == ["가", "나"]


def test_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffid\n1\r\n".encode())
    assert list(read_lines(path)) == [(1, "id"), (2, "1")]
    assert read_text(path) == "id\n1\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"text": 1}\n{"text": \n', "a.jsonl:2: not JSON"),
        (b'{"text": 1}\n[1]\n', "a.jsonl:2: not a JSON object"),
        (b'{"text": 1}\n\xff\n', "a.jsonl:2: not UTF-8"),
    ],
)
def test_a_bad_line_is_named(tmp_path, content, message):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(ClovaError, match=message):
        list(read_jsonl(path))


@pytest.mark.parametrize(
    ("suffix", "compress"), [("gz", gzip.compress), ("zst", zstandard.compress)]
)
def test_a_cut_compressed_file_is_named(tmp_path, suffix, compress):
    path = tmp_path / f"a.{suffix}"
    data = "".join(f"{number * 7919}\n" for number in range(100_000)).encode()
    path.write_bytes(compress(data)[:-20])
    with pytest.raises(ClovaError, match=rf"a\.{suffix}:\d+: cannot be read"):
        list(read_lines(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ClovaError, match="has no file a"):
        find_file(tmp_path, "a")
    with pytest.raises(ClovaError, match="no such folder"):
        find_file(tmp_path / "b", "a")


def test_a_file_that_was_not_finished_does_not_appear(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def interrupted():
        with whole_file(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_next_write_removes_what_killed_ones_left(tmp_path):
    path, other = tmp_path / "a[1].txt", tmp_path / "b.txt"
    code = (
        "import os, sys; from clova_jax.common.files import whole_file\n"
        "writers = [whole_file(path) for path in sys.argv[1:]]\n"
        "for writer in writers: writer.__enter__().write('half')\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path, other], check=False).returncode == 9
    assert len(list(tmp_path.iterdir())) == 2
    with whole_file(path) as slow:  # another writer of the same file, still alive
        slow.write("first")
        with whole_file(path) as quick:
            quick.write("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert left.name.startswith(".b.txt.")


def test_a_folder_appears_complete_and_the_first_one_wins(tmp_path):
    with whole_folder(tmp_path / "deep" / "a") as first:
        with whole_folder(tmp_path / "deep" / "a") as second:
            second.mkdir()
            (second / "file").write_text("second")
            assert not (tmp_path / "deep" / "a").exists()
        first.mkdir()
        (first / "file").write_text("first")
    assert (tmp_path / "deep" / "a" / "file").read_text() == "second"
    with pytest.raises(ValueError, match="cut"), whole_folder(tmp_path / "deep" / "b") as b:
        b.mkdir()
        raise ValueError("cut")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a"]


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o027, 0o640)])
def test_who_may_read_a_file_the_umask_says(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_jsonl(tmp_path / "a.jsonl", ROWS)
        write_jsonl(tmp_path / "a.jsonl.zst", ROWS)
        with whole_file(tmp_path / "b.txt") as file:
            file.write("가")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {mode}
