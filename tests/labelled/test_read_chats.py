"""Chatbot_data: pairs of a text and an answer, one label with spaces behind it, and groups that share nothing."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.labelled import chat_groups, read_chats

HEAD = "Q,A,label\n"


def write(folder, text):
    (folder / "ChatbotData.csv").write_text(text)
    return folder


def test_rows_are_read(tmp_path):
    chats = read_chats(write(tmp_path, HEAD + '배고파,"밥, 드세요.",0\n보고 싶어,힘내요.,2   \n'))
    assert [(one.text, one.answer, one.topic) for one in chats] == [
        ("배고파", "밥, 드세요.", "일상"),
        ("보고 싶어", "힘내요.", "사랑"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("질문,답\n가,나\n", "1: columns 질문, 답; wants Q, A, label"),
        (HEAD + "가,나\n", "2: 2 cells where the header has 3"),
        (HEAD + "가,나,7\n", "2: label '7' is none of 0, 1, 2"),
        (HEAD + "가,,0\n", "2: an empty question or answer"),
        (HEAD, "has no rows"),
    ],
)
def test_what_is_no_chat_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(ClovaError, match=message):
        read_chats(write(tmp_path, text))


def test_groups_share_neither_text_nor_answer(tmp_path):
    rows = "가,1,0\n나,1,0\n나,2,0\n다,2,0\n라,3,0\n라,4,0\n마,5,0\n"
    groups = chat_groups(read_chats(write(tmp_path, HEAD + rows)))
    assert [[one.text for one in group] for group in groups] == [
        ["가", "나", "나", "다"],
        ["라", "라"],
        ["마"],
    ]


def test_a_chat_that_repeats_another_is_left_out(tmp_path):
    found = read_chats(write(tmp_path, HEAD + "가  나,네,0\n가 나,네,2\n가 나,아니,0\n"))
    assert [(one.text, one.answer, one.topic) for one in found] == [
        ("가 나", "네", "일상"),
        ("가 나", "아니", "일상"),
    ]


def test_the_official_file_is_read(real_data):
    found = read_chats(real_data / "dialogue/Chatbot_data")
    assert {one.topic for one in found} == {"일상", "이별", "사랑"}
    assert len({(one.text, one.answer) for one in found}) == len(found) > 11_000
