"""Documents become passages: every passage stands in its document, bounded, and mistakes are one line each."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.retrieve import read_document, read_folder
from clova_jax.retrieve.cut import cut
from clova_jax.retrieve.documents import LARGEST

# Hangul, whole and decomposed, spaces and line ends of all kinds, sentence ends, marks, joined emoji.
TEXTS = st.text(
    st.sampled_from(list("가나다 \n\n.?!\t한글e\u0301\u1100\u1161\u11a8👩\u200d🔬🙂a1"))
)


@given(TEXTS, st.integers(1, 40))
def test_passages_stand_in_their_text_in_order_and_leave_out_only_whitespace(text, most):
    at = 0
    for start, passage in cut(text, most):
        assert text[start : start + len(passage)] == passage
        assert 0 < len(passage) <= most
        assert passage == passage.strip()
        assert not text[at:start].strip()
        at = start + len(passage)
    assert not text[at:].strip()


@given(
    st.lists(
        st.sampled_from(["각", "한", "\u1100\u1161\u11a8", "e\u0301", "👩\u200d🔬"]), min_size=1
    )
)
def test_no_character_is_cut_inside(characters):
    text = "".join(characters)
    ends = {0}
    for character in characters:
        ends.add(max(ends) + len(character))
    assert all(start in ends for start, _ in cut(text, 8))


def test_a_passage_ends_at_the_best_place_near_its_end():
    def texts(text, most=20):
        return [passage for _, passage in cut(text, most)]

    assert texts("첫 문단은 이것이다.\n\n둘째 문단. 더 있다.") == [
        "첫 문단은 이것이다.",
        "둘째 문단. 더 있다.",
    ]
    assert texts("하나는 짧은 문장이다. 둘은 조금 더 긴 문장이다.") == [
        "하나는 짧은 문장이다.",
        "둘은 조금 더 긴 문장이다.",
    ]
    assert (
        texts("띄어쓰기만 있는 아주아주 긴 글에서는 어절을 안 자른다")[0]
        == "띄어쓰기만 있는 아주아주 긴 글에서는"
    )
    assert texts("가" * 45) == ["가" * 20, "가" * 20, "가" * 5]


@given(TEXTS, st.sampled_from(["txt", "md", "html"]), st.integers(1, 40))
def test_every_passage_stands_in_its_document(text, suffix, longest):
    data = f"글 {text}".encode()
    document = read_document(f"글.{suffix}", data)
    whole = document.sections[0].text
    for passage in document.passages(longest):
        assert passage.text in whole
        assert passage.document == f"글.{suffix}"
        if suffix != "html":
            line = int(passage.place.removeprefix("line "))
            first = passage.text.split("\n")[0]
            assert first in whole.split("\n")[line - 1]
            assert unicodedata.is_normalized("NFC", whole)


def passages(name, content, **options):
    data = content if isinstance(content, bytes) else content.encode()
    return [(one.text, one.place) for one in read_document(name, data).passages(**options)]


def test_html_is_its_visible_text():
    page = "<html><script>alert(1)</script><body><h1>제목</h1><p>첫 문단</p><p>둘째 <b>문단</b></p></body>"
    assert passages("쪽.html", page) == [("# 제목\n\n첫 문단\n\n둘째 문단", "paragraph 1")]
    assert passages("쪽.html", page, longest=8) == [
        ("# 제목", "paragraph 1"),
        ("첫 문단", "paragraph 2"),
        ("둘째 문단", "paragraph 3"),
    ]


def test_a_row_of_a_table_is_a_passage():
    table = '이름,값\r\n"불고기, 2인",30000\r\n\r\n"여러\n줄",\r\n'
    assert passages("차림.csv", table) == [
        ("이름: 불고기, 2인\n값: 30000", "line 2"),
        ("이름: 여러\n줄", "line 5"),
    ]
    assert passages("차림.csv", table.encode("cp949"))[0][1] == "line 2"  # as Excel saves it


def test_a_line_of_json_is_a_passage():
    rows = [{"text": "문서다.", "id": "7"}, {"질문": "몇 시?", "답": 3, "더": ["x"]}]
    lines = "\n\n".join(json.dumps(row) for row in rows)
    assert passages("a.jsonl", lines) == [("문서다.", "line 1"), ("질문: 몇 시?\n답: 3", "line 3")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("그림.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "그림.txt: "),
        ("그림.txt", "글\x00이다".encode(), "그림.txt: is no text"),
        ("그림.png", b"\x89PNG", "그림.png: cannot be read; give a file of .txt"),
        ("이름", b"a", "이름: cannot be read"),
        ("큰.txt", b"a" * (LARGEST + 1), "큰.txt: 20 MiB; a document has at most 20 MiB"),
        ("빈.txt", b" \n ", "빈.txt: has no text"),
        ("빈.csv", "이름,값\n".encode(), "빈.csv: has no text"),
        (
            "표.csv",
            "이름,값\n가,1\n나,2,3\n다\n".encode(),
            "표.csv:3: the row has 3 cells where the header has 2",
        ),
        ("줄.jsonl", b'{"text": "a"}\n[1]\n', "줄.jsonl:2: not a JSON object"),
        ("줄.jsonl", b'{"text": "a"}\n{"text"\n', "줄.jsonl:2: not JSON"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(name, data, said):
    with pytest.raises(ClovaError) as error:
        list(read_document(name, data).passages())
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_passages_of_no_characters_are_refused():
    with pytest.raises(ClovaError, match="wants 1 or more"):
        list(read_document("a.txt", b"a").passages(0))


def test_a_folder_is_read_in_order_of_name(tmp_path):
    for name in ("나.txt", "가/다.md", ".숨은/라.txt", "그림.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("글")
    assert [document.name for document in read_folder(tmp_path)] == ["가/다.md", "나.txt"]
    with pytest.raises(ClovaError, match="no such folder"):
        list(read_folder(tmp_path / "x"))
    (tmp_path / "빈").mkdir()
    with pytest.raises(ClovaError, match="has no document"):
        list(read_folder(tmp_path / "빈"))
    with (tmp_path / "큰.txt").open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(ClovaError, match="큰.txt: over 20 MiB; a document has at most 20 MiB"):
        list(read_folder(tmp_path))
