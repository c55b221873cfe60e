import gzip
import json

import pytest
import zstandard

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import (
    BadLines,
    Document,
    parse_block,
    read_blocks,
    read_documents,
)

LINES = [
    {"text": "가나다\u2028라"},
    {"text": "", "id": "b", "source": "blog", "meta": {"year": 2017}},
    {"text": "마바사\n아", "id": 7, "source": None},
]


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("suffix", "compress"), [("", bytes), (".gz", gzip.compress), (".zst", zstandard.compress)]
)
def test_documents_and_their_defaults(tmp_path, suffix, compress):
    name = f"news.2017.jsonl{suffix}"
    (tmp_path / name).write_bytes(
        compress(b"\xef\xbb\xbf" + lines(*LINES[:1]) + b"\r\n" + lines(*LINES[1:]))
    )
    assert list(read_documents(tmp_path)) == [
        Document("가나다\u2028라", f"{name}:1", "news.2017", {}),
        Document("", "b", "blog", {"year": 2017}),
        Document("마바사\n아", "7", "news.2017", {}),
    ]


def test_the_corpus_folder_comes_first_and_files_come_by_name(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "other.jsonl").write_bytes(lines({"text": "밖"}))
    assert [d.text for d in read_documents(tmp_path)] == ["밖"]
    (tmp_path / "corpus" / "b.jsonl").write_bytes(lines({"text": "나"}))
    (tmp_path / "corpus" / "a.jsonl.gz").write_bytes(gzip.compress(lines({"text": "가"})))
    assert [d.text for d in read_documents(tmp_path)] == ["가", "나"]


def test_blocks_of_any_size_hold_the_same_lines_and_can_be_entered_midway(tmp_path):
    path = tmp_path / "a.jsonl.zst"
    data = lines(*({"text": f"{number} " + "가" * (number % 50)} for number in range(200)))[:-1]
    path.write_bytes(zstandard.compress(data))
    whole = [document for block in read_blocks(path) for document in parse_block(block)]
    assert [int(document.id.split(":")[1]) for document in whole] == list(range(1, 201))
    for size in (7, 100, 1000):
        blocks = list(read_blocks(path, size=size))
        assert b"".join(block.data for block in blocks) == data
        middle = blocks[len(blocks) // 2]
        rest = read_blocks(path, middle.offset, middle.next_line, size)
        entered = [document for block in rest for document in parse_block(block)]
        assert entered == whole[-len(entered) :]
        assert len(entered) > 50


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not JSON"),
        (b"[1]", "a list, not a JSON object"),
        (b'{"title": "a"}', r"no text string \(keys are \['title'\]\)"),
        (b'{"text": null}', r"no text string \(text is None\)"),
        (b'{"text": "a\xff"}', "not UTF-8"),
        (b'{"text": "\\ud800"}', "an escape"),
        (b'{"text": "a", "id": "\\udc00"}', "an escape"),
        (b'{"text": "a", "source": 3}', "source is 3"),
        (b'{"text": "a", "id": ""}', "id is ''"),
        (b'{"text": "a", "meta": []}', r"meta is \[\]"),
        (b"[" * 100_000, "JSON: nested deeper than 100"),
        (b'{"text": "a", "meta": {"a": ' + b"[" * 150 + b"]" * 150 + b"}}", "meta: nested deeper"),
    ],
)
def test_a_bad_line_is_named_or_counted(tmp_path, line, message):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "good"}\n\n' + line + b'\n{"text": "too"}\n')
    with pytest.raises(ClovaError, match=rf"a\.jsonl:3: {message}"):
        list(read_documents(tmp_path))
    bad = BadLines()
    assert [document.text for document in read_documents(tmp_path, bad)] == ["good", "too"]
    assert bad.count == len(bad.first) == 1


def test_a_list_of_bad_lines_is_bounded(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"?\n" * 500 + b'{"text": "good"}')
    bad = BadLines(keep=3)
    assert len(list(read_documents(tmp_path, bad))) == 1
    assert bad.count == 500
    assert len(bad.first) == 3


def test_wrong_paths_and_empty_corpora_are_told(tmp_path):
    with pytest.raises(ClovaError, match="no such file or folder"):
        read_documents(tmp_path / "nowhere")
    with pytest.raises(ClovaError, match="an empty corpus: no"):
        read_documents(tmp_path)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n\n")
    with pytest.raises(ClovaError, match="hold no document"):
        list(read_documents(tmp_path))
    with pytest.raises(ClovaError, match="a file; expected the folder"):
        read_documents(path)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(ClovaError, match="twice"):
        read_documents(tmp_path)


def test_a_cut_file_is_an_error_even_where_bad_lines_are_counted(tmp_path):
    data = lines(*({"text": str(number * 7919)} for number in range(100_000)))
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(data)[:-100])
    with pytest.raises(ClovaError, match=r"a\.jsonl\.zst:\d+: cannot be read"):
        list(read_documents(tmp_path, BadLines()))


def test_real_documents_are_all_read(real_data):
    wanted = {"law": 179, "literature": 33, "wiki_news_passages": 691}  # counts of its README
    found = dict.fromkeys(wanted, 0)
    for name in wanted:
        for block in read_blocks(real_data / "corpus" / f"{name}.jsonl.zst"):
            for document in parse_block(block):
                found[document.source] += 1
    assert found == wanted
