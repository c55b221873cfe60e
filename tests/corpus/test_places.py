"""Which files a path means: odd names, links, pipes, results of our own commands."""

import json
import os
import unicodedata
from pathlib import Path

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import BadLines, document_files, read_documents
from clova_jax.corpus.places import changed_input, describe_inputs, digest_inputs, find_files
from clova_jax.corpus.read.blocks import input_files
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.settings import Cleaning, Job

FORMS = (".jsonl",)


def write(path: Path, *texts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def names(folder: Path, files: list[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files]


@pytest.mark.parametrize("name", ["[라벨]한국어대화", "what?", "a*b", "[", "x[1-3]"])
def test_a_name_that_exists_is_no_glob(tmp_path, name):
    file = write(tmp_path / name / "deep" / "a.jsonl", "하나")
    assert find_files(tmp_path / name, FORMS) == [file]
    assert input_files(file) == [file]
    assert [d.text for d in read_documents(tmp_path / name)] == ["하나"]
    # A glob below such a folder takes its characters as they are.
    assert find_files(tmp_path / name / "*" / "*.jsonl", FORMS) == [file]
    assert find_files(tmp_path / name / "**" / "a.*", FORMS) == [file]


def test_globs_match_whole_names_at_their_depth(tmp_path):
    for name in ("2020/a.jsonl", "2021/b.jsonl", "2021/more/c.jsonl", "d.jsonl", "d.txt"):
        write(tmp_path / name, "글")
    assert names(tmp_path, find_files(tmp_path / "*.jsonl", FORMS)) == ["d.jsonl"]
    assert names(tmp_path, find_files(tmp_path / "20*" / "?.jsonl", FORMS)) == [
        "2020/a.jsonl",
        "2021/b.jsonl",
    ]
    assert len(find_files(tmp_path / "**" / "*.jsonl", FORMS)) == 4
    with pytest.raises(ClovaError, match="no file of that name"):
        find_files(tmp_path / "x*.jsonl", FORMS)
    with pytest.raises(ClovaError, match="no such file or folder"):
        find_files(tmp_path / "nowhere", FORMS)
    with pytest.raises(ClovaError, match="not of a form"):
        find_files(tmp_path / "d.txt", FORMS)


def test_a_name_may_be_composed_in_another_way_than_on_the_disk(tmp_path):
    apart = unicodedata.normalize("NFD", "소설 모음")
    write(tmp_path / apart / f"{unicodedata.normalize('NFD', '소설')}.jsonl", "글")
    asked = tmp_path / "소설 모음"
    assert not asked.exists()
    for place in (asked, asked / "소설.jsonl", asked / "소*.jsonl", tmp_path / "**" / "소설.jsonl"):
        assert len(find_files(place, FORMS)) == 1, place
    (document,) = read_documents(asked)
    assert (document.source, document.id) == ("소설", "소설.jsonl:1")


def test_two_spellings_of_one_name_are_the_same_file_twice(tmp_path):
    for form in ("NFC", "NFD"):
        write(tmp_path / f"{unicodedata.normalize(form, '가나')}.jsonl", "글")
    with pytest.raises(ClovaError, match="the same file twice"):
        document_files(tmp_path)


def test_a_source_is_composed_wherever_it_stands(tmp_path):
    row = {"text": "글", "source": unicodedata.normalize("NFD", "신문")}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert [d.source for d in read_documents(tmp_path)] == ["신문"]


def test_hidden_files_are_no_input(tmp_path):
    file = write(tmp_path / "a.jsonl", "글")
    (tmp_path / "._a.jsonl").write_bytes(b"\x00\x05\x16\x07 resource fork")
    write(tmp_path / ".trash" / "b.jsonl", "지운 글")
    assert input_files(tmp_path) == document_files(tmp_path) == [file]


def test_folders_below_are_read_even_where_a_file_lies_on_top(tmp_path):
    write(tmp_path / "top.jsonl", "위")
    write(tmp_path / "2020" / "part.jsonl", "하나", "둘")
    write(tmp_path / "2021" / "part.jsonl", "셋")
    write(tmp_path / "named.jsonl" / "inner.jsonl", "폴더 속")
    found = {d.id: d.text for d in read_documents(tmp_path)}
    assert found == {
        "top.jsonl:1": "위",
        "2020/part.jsonl:1": "하나",
        "2020/part.jsonl:2": "둘",
        "2021/part.jsonl:1": "셋",
        "named.jsonl/inner.jsonl:1": "폴더 속",
    }


def test_links_are_followed_once_and_loops_end(tmp_path):
    data = tmp_path / "data"
    write(data / "a.jsonl", "하나")
    write(tmp_path / "elsewhere" / "b.jsonl", "둘")
    (data / "back").symlink_to(".")
    (data / "deep").mkdir()
    (data / "deep" / "up").symlink_to("../..")
    (data / "deep" / "up again").symlink_to("..")
    (data / "far").symlink_to(tmp_path / "elsewhere")
    for place in (data, data / "**" / "*.jsonl"):
        assert len(find_files(place, FORMS)) == 2
    assert names(data, find_files(data, FORMS))[0] == "a.jsonl"


def test_what_is_no_file_is_named(tmp_path):
    write(tmp_path / "a.jsonl", "글")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nothing")
    (tmp_path / "self.jsonl").symlink_to("self.jsonl")
    bad = BadLines()
    assert names(tmp_path, find_files(tmp_path, FORMS, bad)) == ["a.jsonl"]
    assert bad.count == 3
    for name in ("pipe.jsonl: a pipe", "gone.jsonl: a link", "self.jsonl: a link"):
        assert any(name in message for message in bad.first)
    with pytest.raises(ClovaError, match="no file to read"):
        document_files(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.jsonl", "글")
    write(tmp_path / "secret" / "b.jsonl", "글")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    bad = BadLines()
    assert len(find_files(tmp_path, FORMS, bad)) == 1
    assert "secret: cannot be listed (permission denied)" in bad.first[0]


def test_names_that_are_no_utf_8_are_read_and_reported(tmp_path):
    data = os.fsencode(tmp_path / "data")
    os.mkdir(data)
    with open(data + b"/\xff\xfe.jsonl", "wb") as file:
        file.write(
            b'{"text": "'
            + "바다가 보이는 마을에서 아침을 먹고 산길을 걸었다.".encode()
            + b'"}\n?\n'
        )
    (document,) = read_documents(tmp_path / "data", BadLines())
    assert document.id == "\\xff\\xfe.jsonl:1"
    out = tmp_path / "out"
    report = clean_corpus(Job(tmp_path / "data", out, Cleaning(), workers=1))
    assert report["documents"] == {"read": 1, "kept": 1}
    assert report["bad_lines"]["count"] == 1
    assert clean_corpus(Job(tmp_path / "data", out, Cleaning(), workers=1)) == report


def test_results_of_our_commands_are_no_input(tmp_path):
    write(tmp_path / "a.jsonl", "글")
    for name, mark in (("run", "metrics.jsonl"), ("few_shot", "trials.jsonl")):
        write(tmp_path / name / mark)
        write(tmp_path / name / "rows.jsonl", "결과")
    assert names(tmp_path, document_files(tmp_path)) == ["a.jsonl"]


def test_the_hash_of_inputs_follows_their_bytes_and_not_their_folder(tmp_path):
    here, there = (write(tmp_path / name / "a.jsonl", "하나") for name in ("here", "there"))
    assert digest_inputs([here]) == digest_inputs([there])
    other = write(tmp_path / "there" / "a.jsonl", "둘")
    assert digest_inputs([here]) != digest_inputs([other])


def test_inputs_are_told_apart_by_every_byte(tmp_path):
    file = write(tmp_path / "a.jsonl", "하나")
    before = describe_inputs([file])
    status = file.stat()
    file.write_bytes(file.read_bytes()[:-2] + b" \n")  # as long, and as old
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    now = describe_inputs([file])
    assert before[0]["size"] == now[0]["size"]
    assert "a.jsonl was edited" in changed_input(before, now)
    assert changed_input(now, now) == ""
    assert "was added" in changed_input([], now)
    assert "was removed" in changed_input(now, [])
