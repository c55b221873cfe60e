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
