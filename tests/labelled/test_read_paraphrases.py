"""Paraphrases: repeated rows, a byte order mark, and what is refused."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_paraphrases


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def paraphrases(folder, sentences):
    lines = "".join(f"0\t1\t{text}\n" for text in sentences)
    return write(folder, "dialogue/paraKQC/paraKQC_v1.txt", "\ufeff" + lines)


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
