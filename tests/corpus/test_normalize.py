"""Normalisation: nothing changes on a second pass, entities are resolved where they are HTML, and once."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.normalize import LONGEST_MARKS, cut_marks, normalize
from clova_jax.corpus.documents import Document
from clova_jax.corpus.settings import Cleaning
from tests.worlds.growth import too_slow

# Pieces that together make what is hard: entities cut in two, marks, jamo, fillers, what NFC rewrites.
_PIECES = [
    "&", "&amp;", "amp;", "&lt;", "lt;", "lt", "&#38;", "&#x26;", "&#108;", "&#59;", "#", ";", "&nbsp;",
    "&shy;", "&zwj;", "&#8203;", "&#10;", "&#150;", "&#0;", "&#x110000;", "&copy=1", "&quot;", "'", "`",
    "\u037e", "\u1fef", "\u2000", "\u212b", "\u0344", "\u0958", "\u0f73", "\u0f81", "\ufb1d", "\U0001d15e",
    "\u0301", "\u0323", "\u0308", "\u3099", "\u0301" * 29, "\u0323\u0301" * 20, "\u034f", "\u200d", "\ufe0f",
    "\u1100", "\u1161", "\u11a8", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\ufeff", "\u200b",
    "\u202e", "\u2066", "\ufffd", "\x00", "\x1c", "\x85", "\u2028", "\r", "\n", "\t", " ", "  ", " " * 10, "\n\n\n",
    "가", "각", "か", "e", "A", "<", "0",
]  # fmt: skip
WILD = st.lists(st.sampled_from(_PIECES) | st.characters(codec="utf-8"), max_size=30).map("".join)


@settings(max_examples=600)
@given(WILD)
@example("&amp;lt;")
@example("&l&#116;;")
@example("&lt\u037e &l\u200bt; &&#108;t;")
@example("\u0958" + "\u0301" * 40)
@example("\u0344" * 40)
@example("e" + "\u200b".join("\u0301" * 40))
def test_a_second_pass_changes_nothing(text):
    for entities in (True, False):
        once = normalize(text, entities=entities)
        assert normalize(once, entities=entities) == once
        assert unicodedata.is_normalized("NFC", once)
        assert once == once.strip()
        assert not set(once) & set("\r\u200b\u2028\x85\x00\u3164\t\xa0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("오늘&nbsp;&quot;봄&quot; A&amp;B &#44032;&#xB098; &#39;말&#39;", "오늘 \"봄\" A&B 가나 '말'"),
        ("/view?oid=1&section_id=102&copy=1&lt=3&amp", "/view?oid=1&section_id=102&copy=1&lt=3&amp"),
        ("int *p = &num; f(&sum, &sect;);", "int *p = &num; f(&sum, &sect;);"),
        ("`&lt;`와 '&amp;'는 그대로 둔다", "`&lt;`와 '&amp;'는 그대로 둔다"),
        ("&amp;lt;b&amp;gt;라고 쓰면 &lt;b&gt;로 보인다", "&amp;lt;b&amp;gt;라고 쓰면 &lt;b&gt;로 보인다"),
        ("&#" + "9" * 5_000 + ";", "&#" + "9" * 5_000 + ";"),
        ("&#0; &#xD800; &#x10FFFF;", "&#0; &#xD800; &#x10FFFF;"),
        ("- 항목\n    - &quot;안쪽&quot;", '- 항목\n    - "안쪽"'),
    ],
)  # fmt: skip
def test_entities(text, expected):
    assert normalize(text) == expected


def test_what_it_keeps():
    assert (
        normalize("가\u1100\u1161\r\n나\u00a0\u3000다 \n\n\n\n라\u200b&amp;\ufeff")
        == "가가\n나 다\n\n라&"
    )
    assert normalize("e\u200b\u0301") == "é"  # NFC after what stood between is gone
    code = "- 목록\n  1. 안쪽\n    return 1"
    assert normalize(code) == code
    assert normalize("👨\u200d👩 ❤\ufe0f") == "👨\u200d👩 ❤\ufe0f"
    assert normalize("이름\u3164\u3164끝") == "이름 끝"


def test_marks_are_bounded_and_counted():
    counts = Counter()
    text = normalize("가e" + "\u0301\u0323" * 100 + "나", counts)
    assert text.startswith("가ẹ\u0323")
    assert text.endswith("나")
    assert LONGEST_MARKS - 2 <= len(text) - 3 <= LONGEST_MARKS
    assert counts["combining marks cut"] >= 200 - LONGEST_MARKS
    assert cut_marks("e" + "\u0301" * LONGEST_MARKS) == "e" + "\u0301" * LONGEST_MARKS


def test_time_grows_with_the_marks():
    assert not too_slow(normalize, lambda size: "a" + "\u0301\u0323\u0327\u0316" * size, 400_000)


def test_a_page_that_shows_an_entity_keeps_it():
    cleaner = Cleaner(Cleaning(steps=("extract", "normalize"), core=False))
    page = "<html><body><p>꺾쇠는 &amp;lt;로 쓰고, 앰퍼샌드는 &amp;amp;로 쓴다. A&amp;B</p></body></html>"
    _, first = cleaner(Document(page, "1", "web", {"format": "html"}))
    assert first.text == "꺾쇠는 &lt;로 쓰고, 앰퍼샌드는 &amp;로 쓴다. A&B"
    _, again = cleaner(first)
    assert again == first
