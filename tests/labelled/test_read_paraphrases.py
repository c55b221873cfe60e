"""Paraphrases and small talk: repeated rows, a byte order mark, a label with spaces around it, and what is refused."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_pairs, read_paraphrases


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def paraphrases(folder, sentences):
    lines = "".join(f"0\t1\t{text}\n" for text in sentences)
    return write(folder, "dialogue/paraKQC/paraKQC_v1.txt", "\ufeff" + lines)


def pairs(folder, *rows):
    return write(folder, "dialogue/Chatbot_data/ChatbotData.csv", "\n".join(("Q,A,label", *rows)))


def test_a_sentence_stands_in_one_group_alone(tmp_path):
    first, second = [f"가 {n}" for n in range(10)], [f"나 {n}" for n in range(8)]
    found = read_paraphrases(paraphrases(tmp_path, [*first, *second, "가 3", "나  1"]))
    assert found == [first, second]


def test_half_a_group_is_refused(tmp_path):
    with pytest.raises(ClovaError, match="12 lines; groups of 10"):
        read_paraphrases(paraphrases(tmp_path, map(str, range(12))))


def test_the_official_files_are_read(real_data):
    groups = read_paraphrases(real_data)
    texts = [text for group in groups for text in group]
    assert (len(groups), len(texts), len(set(texts))) == (1_000, 9_987, 9_987)
    assert {pair.label for pair in read_pairs(real_data)} == {0, 1, 2}


def test_spaces_around_a_label_do_not_count_and_repeated_pairs_are_one(tmp_path):
    found = read_pairs(
        pairs(tmp_path, '"안녕, 반가워",네.,0', "보고 싶다,저도요.,2   ", '"안녕, 반가워",네.,0')
    )
    assert [(one.said, one.answered, one.label) for one in found] == [
        ("안녕, 반가워", "네.", 0),
        ("보고 싶다", "저도요.", 2),
    ]


@pytest.mark.parametrize("row", ["안녕,네.", "안녕,,0", "안녕,네.,3", "안녕,네.,x"])
def test_a_wrong_row_is_named(tmp_path, row):
    with pytest.raises(ClovaError, match="ChatbotData.csv:3: not a question"):
        read_pairs(pairs(tmp_path, "좋아,네.,0", row))


def test_a_wrong_header_is_named(tmp_path):
    path = write(tmp_path, "dialogue/Chatbot_data/ChatbotData.csv", "질문,답\n가,나\n")
    with pytest.raises(ClovaError, match="the header is"):
        read_pairs(path)
