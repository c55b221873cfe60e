"""Privacy takes twice the time for twice the text, whatever is in it."""

import pytest

from clova_jax.corpus.clean.privacy import mask
from tests.worlds.growth import too_slow

SEPARATORS = [
    "",
    " ",
    "-",
    ".",
    "~",
    "/",
    ",",
    "·",
    "\n",
    "\t",
    "_",
    "*",
    ":",
    " - ",
    "(",
    "\u200d",
]
SHAPES = [
    *("1" + mark for mark in SEPARATORS),
    *("01023456789" + mark for mark in SEPARATORS),
    *(mark.join(["010", "2345", "6789", ""]) for mark in SEPARATORS[1:]),
    "０１０２３４５６７８９",
    "11-21-123456-78 ",
    "11-21-123456-78-",
    "11 21 123456 78 ",
    "국민 123456-04-123456 ",
    "계좌 123 456 7890123 50,000원 ",
    "4111 1111 1111 1111 ",
    "900101-1234567 ",
    "9001011234567",
    "a.a.a.a@",
    "a@a.com",
    "a@a.com ",
    "a.",
    "@",
    "가나@",
    "골뱅이",
    " at ",
    "::::",
    "2001:",
    "211.1.2.3.",
    "211.1.2.3 ",
    "공일공이삼사오육칠팔구",
    "공일공 이삼사오 육칠팔구 ",
    "공 일 ",
    "이",
    "ㅇ",
    "Il0O",
    "O1O",
    "+82",
    "1\ufe0f\u20e3",
    "1" + "\u200d" * 40,
    "①",
    "一二三",
    "여권 M12345678 ",
    "여권",
    "<|phone|> 02 345 6789 ",
    "(0",
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: ascii(shape)[:30])
def test_twice_the_text_takes_twice_the_time(shape):
    assert not too_slow(mask, shape, 10_000)


def test_thousands_of_numbers_in_a_run_are_a_matter_of_seconds():
    # 8,000 in a run took 11 s where each was held against all before it: 0.5 s against 2,000.
    text = "010-2345-6789 11-21-123456-78 " * 2_000
    assert len(mask(text)[1]) == 4_000
