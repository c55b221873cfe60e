"""Pairs of answers: what is read, how it is encoded, what is refused."""

import json

import pytest

from clova_jax.align import Preference, encode_pairs, read_preferences, write_preferences
from clova_jax.common.errors import ClovaError
from tests.worlds.models import make_lm


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=64)


def rows(path, *some):
    path.write_text("".join(json.dumps(one) + "\n" for one in some), encoding="utf-8")
    return path


def row(**changed):
    return {"prompt": "묻는다:", "chosen": " 좋다", "rejected": " 싫다"} | changed


def test_what_is_written_is_read(tmp_path):
    some = [Preference("가", " 나", " 다"), Preference("가\n나", "라", "마")]
    write_preferences(tmp_path / "pairs.jsonl", some)
    found = read_preferences(tmp_path / "pairs.jsonl")
    assert [(one.prompt, one.chosen, one.rejected) for one in found] == [
        (one.prompt, one.chosen, one.rejected) for one in some
    ]
    assert found[1].place.endswith("pairs.jsonl:2")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rejected": " 좋다"}, ":2: chosen and rejected are the same"),
        ({"chosen": " "}, ":2: chosen is empty"),
        ({"rejected": ""}, ":2: rejected is empty"),
        ({"chosen": 3}, ":2"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changed, message):
    path = rows(tmp_path / "pairs.jsonl", row(), row(**changed))
    with pytest.raises(ClovaError, match=message):
        read_preferences(path)


def test_a_file_without_rows_is_refused(tmp_path):
    with pytest.raises(ClovaError, match="has no rows"):
        read_preferences(rows(tmp_path / "pairs.jsonl"))


def test_answers_end_and_prompts_are_shared(lm):
    [pair], cut = encode_pairs(lm, [Preference("ab", "cd", "cef")])
    end = lm.tokenizer.end_of_text
    assert pair.context == tuple(lm.tokenizer.encode("ab"))
    assert pair.chosen == (*lm.tokenizer.encode("cd"), end)
    assert pair.rejected == (*lm.tokenizer.encode("cef"), end)
    assert cut == 0


def test_a_long_answer_is_cut_and_counted(lm):
    pairs, cut = encode_pairs(lm, [Preference("ab", "c" * 100, "d"), Preference("ab", "c", "d")])
    assert cut == 1
    assert len(pairs[0].context) + len(pairs[0].chosen) == 64
    assert pairs[0].chosen[-1] != lm.tokenizer.end_of_text
    assert pairs[0].rejected[-1] == lm.tokenizer.end_of_text


def test_a_prompt_that_fills_the_context_is_named(lm):
    with pytest.raises(ClovaError, match="pairs.jsonl:7: the prompt has 70 tokens"):
        encode_pairs(lm, [Preference("a" * 70, "b", "c", "pairs.jsonl:7")])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"chosen": "c" * 70, "rejected": "c" * 90}, "as far as the context of 64 goes"),
        ({"chosen": "\ufffd", "rejected": "\ufffe"}, "to this model"),
    ],
)
def test_answers_that_are_the_same_tokens_are_named(changed, message):
    model = make_lm(max_length=64)
    model.tokenizer.missing = "\ufffd\ufffe"  # two characters that the tokenizer does not know
    one = Preference(**({"prompt": "ab", "place": "ratings.jsonl:3"} | changed))
    with pytest.raises(ClovaError, match=f"ratings.jsonl:3: chosen and rejected .*{message}"):
        encode_pairs(model, [Preference("ab", "c", "d"), one])
