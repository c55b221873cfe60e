"""Every text comes back, and ids do not depend on how it was asked for."""

import random
import time
import unicodedata

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.tokenizers import KINDS
from clova_jax.tokenizers.base import unpack
from clova_jax.tokenizers.words import LONGEST, shorten, split_units, split_words, text_of, unit_of

LOSSLESS = ("morpheme_byte", "byte")
PARTS = [
    "영화를 봤는데",
    "했습니다",
    unicodedata.normalize("NFD", "한국어를"),
    "ㅋㅋㅋㅠㅠ",
    "ᄒᆞᆫ글",
    "👨‍👩‍👧‍👦🏽",
    "é́",
    "\x00\x1c\x7f",
    "   ",
    "\u3000\u2028\u200b",
    "\r\n\t\n",
    "大韓民國 日本語の Ελλ",
    "<|endoftext|>",
    "<unk>▁",
    "２０２１년 1,000원",
    "\ufeff\ufffd\U0010ffff\ue000",
]
characters = st.characters(exclude_categories=("Cs",))
anything = st.lists(st.one_of(st.sampled_from(PARTS), st.text(characters)), max_size=6).map("".join)


def generated(seed: int, count: int) -> list[str]:
    """Strings of every plane and of real traps, quick to make."""
    choose = random.Random(seed)
    ranges = [(0, 0x80), (0xAC00, 0xD7A4), (0x1100, 0x1200), (0x3130, 0x3190), (0, 0xD800)]
    ranges += [(0xE000, 0x110000), (0x1F000, 0x1FAFF), (0x20, 0x21), (0x200B, 0x2030)]

    def one() -> str:
        parts = []
        for _ in range(choose.randrange(1, 6)):
            if choose.random() < 0.4:
                parts.append(choose.choice(PARTS))
            else:
                low, high = choose.choice(ranges)
                parts.append(chr(choose.randrange(low, high)) * choose.choice((1, 1, 2, 7)))
        return "".join(parts)

    return [one() for _ in range(count)]


@pytest.mark.parametrize("kind", LOSSLESS)
@settings(max_examples=150)
@given(text=anything)
def test_any_text_comes_back(trained, kind, text):
    tokenizer = trained[kind]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.end_of_text not in ids
    assert b"".join(tokenizer.token_bytes()[i] for i in ids) == text.encode()


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("count", [5_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_generated_texts_come_back(trained, kind, count):
    for seed in range(0, count, 5_000):
        texts = generated(seed, 5_000)
        rows = trained[kind].encode_batch(texts)
        assert [trained[kind].decode(ids) for ids in rows] == texts


@pytest.mark.parametrize("kind", ["char", "eojeol", "character"])
def test_a_text_comes_back_unless_an_unknown_is_reported(trained, kind, texts):
    tokenizer, known = trained[kind], 0
    for text in generated(1, 1_000) + texts:
        ids = tokenizer.encode(text)
        if tokenizer.unknown not in ids:
            known += 1
            assert tokenizer.decode(ids) == text
        else:
            assert "\ufffd" in tokenizer.decode(ids)
    assert known > len(texts) / 2


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(context=anything, rest=anything, blank=st.sampled_from([" ", "\n", "\t", "\u3000", "\x1c"]))
def test_a_continuation_after_a_blank_leaves_the_context_alone(trained, kind, context, rest, blank):
    if context and context[-1].isspace():
        context += "가"
    tokenizer = trained[kind]
    ids = tokenizer.encode(context)
    assert tokenizer.encode(context + blank + rest)[: len(ids)] == ids


@settings(max_examples=400)
@given(
    text=anything | st.text(" \n\u3000가a.") | st.text("a ", min_size=95),
    padding=st.sampled_from(["", "가" * 3_000]),
)
def test_words_join_to_the_text(text, padding):
    assert "".join(split_words(text)) == text
    units = shorten(split_units(text + padding))
    text += padding
    assert "".join(map(text_of, units)) == text
    assert max(map(len, units), default=0) <= LONGEST + 1
    assert [word for unit in units for word in split_words(text_of(unit))] == split_words(text)
    assert list(map(text_of, map(unit_of, split_words(text)))) == split_words(text)


@settings(max_examples=200)
@given(texts=st.lists(anything | st.text(" \n\u3000가a."), max_size=4))
def test_what_is_looked_up_together_has_the_ids_of_its_words(trained, texts):
    byte = trained["byte"]
    expected = [unpack(b"".join(byte._encode_words(split_words(text)))) for text in texts]
    assert byte.encode_batch(texts) == byte.encode_batch(texts) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_batches_and_repeats_give_the_ids_of_single_texts(trained, kind, texts):
    tokenizer = trained[kind]
    some = [*texts[:20], "", *generated(3, 50), texts[0]]
    assert tokenizer.encode_batch(some) == [tokenizer.encode(text) for text in some]
    assert tokenizer.encode_batch([]) == []
    assert tokenizer.encode("") == []


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize(
    "unit", ["a", "가", "영화를봤는데정말재밌었다", " ", "\n", "ㅋ", "1", "👍🏽"]
)
def test_a_megabyte_without_a_blank_takes_seconds(trained, kind, unit):
    text = unit * (1_000_000 // len(unit.encode()))
    start = time.process_time()
    assert trained[kind].decode(trained[kind].encode(text)) == text
    assert time.process_time() - start < 5


def test_any_reader_of_the_file_gives_the_ids_of_byte(trained, tmp_path, texts):
    trained["byte"].save(tmp_path)
    reader = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    reader.encode_special_tokens = True  # ours never makes one out of text
    some = [
        *texts,
        *generated(4, 5_000),
        "1. \xa0다음\n\xa0\xa0\\\n",
        "a\x85b \x85",
        "it's 'So' we'll",
    ]
    theirs = reader.encode_batch(some, add_special_tokens=False)
    assert trained["byte"].encode_batch(some) == [encoding.ids for encoding in theirs]


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_never_come_out_of_text(trained, kind):
    ids = trained[kind].encode("앞 <|endoftext|> <unk> 뒤<|endoftext|>")
    assert trained[kind].end_of_text not in ids
    assert trained[kind].decode([trained[kind].end_of_text]) == ""
