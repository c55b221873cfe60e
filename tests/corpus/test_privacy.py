"""Privacy: what is found, what is left alone, and what masking keeps."""

import json

import pytest

from clova_jax.corpus.documents import parse_block, read_blocks
from clova_jax.corpus.privacy import TYPES, digit_view, find, luhn, mask, rrn_check_digit
from clova_jax.corpus.privacy_cases import positives
from clova_jax.corpus.privacy_look_alikes import negatives
from clova_jax.corpus.privacy_score import measure


def types_in(text: str) -> list[str]:
    return [finding.type for finding in find(text)]


def test_recall_and_precision_of_each_type():
    for row in measure(positives(5_000, 11), negatives(20_000, 12)):
        assert row["recall"] >= 99, (row["type"], row["missed"][:3])
        assert row["precision"] >= 98, (row["type"], row["false_alarms"][:3])


def test_generated_set_has_every_type_and_hard_negatives():
    cases = positives(800)
    assert {case.type for case in cases} == set(TYPES)
    assert all(case.start < case.end <= len(case.text) for case in cases)
    assert all(case.type is None for case in negatives(100))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("연락처 공일공 일이삼사 오육칠팔", ["phone"]),
        ("０１０－１２３４－５６７８", ["phone"]),
        ("국민은행 123456-04-123456 홍길동", ["account"]),
        ("제 메일은 hong 골뱅이 naver.com 이에요", ["email"]),
        ("주문번호 010-1234-5678", []),
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
    for case in positives(400):
        once, _ = mask(case.text)
        assert mask(once)[0] == once


def test_digit_view_keeps_places():
    text = "０１０ 공일공-일이삼사-오육칠팔 ①②③"
    assert len(digit_view(text)) == len(text)
    assert "010-1234-5678" in digit_view(text)


def test_luhn_on_published_test_numbers():
    assert luhn("4111111111111111")
    assert luhn("378282246310005")
    assert not luhn("4111111111111112")


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
