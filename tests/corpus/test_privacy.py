"""Privacy: what is found, what is left alone, and what masking keeps."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.corpus.clean.privacy import (
    TYPES,
    digit_view,
    excerpt,
    find,
    luhn,
    mask,
    rrn_check_digit,
)
from clova_jax.corpus.documents import parse_block, read_blocks
from clova_jax.corpus.trials.privacy_cases import positives
from clova_jax.corpus.trials.privacy_look_alikes import negatives
from clova_jax.corpus.trials.privacy_scenes import scenes
from clova_jax.corpus.trials.privacy_score import measure, share


def types_in(text: str) -> list[str]:
    return [finding.type for finding in find(text)]


def test_recall_and_precision_of_each_type():
    for row in measure([*positives(5_000, 11), *negatives(20_000, 12)]):
        assert row["recall"] >= 99, (row["type"], row["missed"][:3])
        assert row["precision"] >= 98, (row["type"], row["false_alarms"][:3])


def test_recall_and_precision_on_documents_of_another_grammar():
    for row in measure(scenes(1_000, 13)):
        assert row["positives"] > 80
        assert row["recall"] >= 99, (row["type"], row["missed"][:3])
        assert row["precision"] >= 99, (row["type"], row["false_alarms"][:3])


def test_generated_set_has_every_type_and_hard_negatives():
    cases = positives(800)
    assert {case.places[0].type for case in cases} == set(TYPES)
    assert {place.type for case in scenes(300) for place in case.places} == set(TYPES)
    for case in [*cases, *scenes(100)]:
        assert all(place.start < place.end <= len(case.text) for place in case.places)
    assert not any(case.places for case in negatives(100))


def test_intervals_of_shares():
    # Wilson's interval of 8 in 10, as in Agresti and Coull's table.
    row = share("recall", 8, 10)
    assert (round(row["recall_low"], 1), round(row["recall_high"], 1)) == (49.0, 94.3)
    assert share("recall", 0, 0)["recall"] != share("recall", 0, 0)["recall"]  # not a number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("연락처 공일공 일이삼사 오육칠팔", ["phone"]),
        ("０１０－１２３４－５６７８", ["phone"]),
        ("국민은행 123456-04-123456 홍길동", ["account"]),
        ("제 메일은 hong 골뱅이 naver.com 이에요", ["email"]),
        ("주문번호 01012345678", []),
        ("주문번호 02-345-6789", []),
        ("2021-03-15 12:30:45에 3,500,000원", []),
        ("버전 121.53.130.200 업데이트", []),
        ("공유기 192.168.0.1", []),
        ("공일오비 노래", []),
        ("", []),
    ],
)
def test_single_sentences(text, expected):
    assert types_in(text) == expected


def test_masking_with_and_without_the_parts_that_identify_nobody():
    text = "메일 a.b@naver.com, 전화 02-345-6789, 면허 11-21-123456-78"
    assert mask(text)[0] == "메일 <|email|>, 전화 <|phone|>, 면허 <|licence|>"
    kept = mask(text, keep_parts=True)[0]
    assert kept == "메일 <|email|>@naver.com, 전화 02-<|phone|>, 면허 서울 <|licence|>"
    first = "900101123456"
    number = f"{first[:6]}-{first[6:]}{rrn_check_digit(first)}"
    assert mask(f"주민번호 {number}", keep_parts=True)[0] == "주민번호 <|rrn|>(1990년생 남)"


def test_masking_twice_changes_nothing_more():
    for case in [*positives(400), *scenes(100)]:
        for keep_parts in (False, True):
            once, _ = mask(case.text, keep_parts)
            assert mask(once, keep_parts)[0] == once


_PIECES = [
    "010",
    "-",
    "1234",
    "5678",
    "02",
    "345",
    "6789",
    "국민",
    "은행",
    "계좌",
    "카드",
    "4111",
    "1111",
    "900101",
    "1234568",
    "@",
    "naver.com",
    "hong",
    "골뱅이",
    "공일공",
    "이",
    "일이삼사",
    "211.234.12.33",
    "여권",
    "M12345678",
    "면허",
    "11-21-123456-78",
    "주문번호",
    ":",
    "(",
    ")",
    "+82",
    "<|phone|>",
    "0",
    "1",
    "2",
    "9",
    "에",
    "\u200d",
    "ㅇ",
    "O",
    "·",
    ",",
    "원",
    "50,000원",
    "010-1234-5678",
    "01012345678",
    "123-456-789012",
    "a@b.com",
    "점",
    "컴",
    "::",
    "2001:",
    "~",
    "/",
    ".",
    "서울",
    "25-123456-12",
    "전화",
    "IP",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*_PIECES, " ", "\n"]), max_size=40).map("".join), st.booleans())
def test_masking_any_text_twice_is_masking_it_once(text, keep_parts):
    once, found = mask(text, keep_parts)
    assert mask(once, keep_parts)[0] == once
    assert all(one.end <= two.start for one, two in pairwise(found))
    outside = "".join(text[a:b] for a, b in gaps(found, len(text)))
    assert len(outside) <= len(once)


def gaps(found, length):
    starts = [0, *(finding.end for finding in found)]
    return list(zip(starts, [*(finding.start for finding in found), length], strict=True))


def test_digit_view_keeps_places():
    text = "０１０ 공일공-일이삼사-오육칠팔 ①②③ 9\ufe0f\u20e38\u200d7"
    view = digit_view(text)
    assert view.text == "010 010-1234-5678 123 987"
    assert len(view.places) == len(view.text)
    start = view.text.index("987")
    assert view.span(start, start + 1) == (text.index("9"), text.index("8"))
    assert view.span(start + 1, start + 3) == (text.index("8"), len(text))


def test_an_excerpt_is_masked_before_it_is_cut():
    text = "가" * 10 + "010-1234-5678 나머지"
    for length in range(len(text) + 5):
        shown = excerpt(text, length)
        assert not any(char.isdigit() for char in shown)
        assert text.startswith(shown.split("<")[0])
    assert excerpt(text, 100) == "가" * 10 + "<|phone|> 나머지"


def test_luhn_on_published_test_numbers():
    assert luhn("4111111111111111")
    assert luhn("378282246310005")
    assert not luhn("4111111111111112")


@pytest.mark.slow
def test_finds_on_real_sentences_are_few_and_listed(real_data):
    """10,000 real sentences with dates, prices and versions: every find is printed."""
    import re

    telling = re.compile(r"\d{4}[-.년]|\d[\d,]*원|\d+\.\d+\.\d+|\d{6,}")
    sentences, found = [], []
    for name in ("petitions", "docs_microsoft", "blogs", "magazines_1920s"):
        for block in read_blocks(real_data / "corpus" / f"{name}.jsonl.zst"):
            for document in parse_block(block):
                lines = document.text.split("\n")
                sentences += [line for line in lines if telling.search(line) and len(line) < 500]
            if len(sentences) > 12_000:
                break
        sentences = sentences[:10_000]
    assert len(sentences) == 10_000
    for sentence in sentences:
        found += [(f.type, sentence[f.start : f.end]) for f in find(sentence)]
    print(json.dumps(found, ensure_ascii=False))  # shown by pytest -s, and when this fails
    kinds = [kind for kind, _ in found]
    # What was found when this was read: public addresses of manuals, and numbers that petitioners
    # and offices left in the open.
    for kind in ("rrn", "card", "passport", "licence", "account"):
        assert kinds.count(kind) == 0
    assert kinds.count("phone") < 40
