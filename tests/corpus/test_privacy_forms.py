"""Forms in which people write numbers and addresses: each is found whole, and nothing beside it."""

import pytest

from clova_jax.corpus.clean.privacy import find, mask, rrn_check_digit

FIRST = "900101-123456"
RRN = FIRST + str(rrn_check_digit(FIRST.replace("-", "")))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # What stands beside it.
        ("문의 010-2345-6789 24시간", "문의 <|phone|> 24시간"),
        ("가람\t010-2345-6789\t30", "가람\t<|phone|>\t30"),
        ("02-345-6789/010-2345-6789", "<|phone|>/<|phone|>"),
        ("Tel:02-345-6789/Fax:02-345-6780", "Tel:<|phone|>/Fax:<|phone|>"),
        ("1.010-2345-6789", "1.<|phone|>"),
        ("3) 010-2345-6789 4) 없음", "3) <|phone|> 4) 없음"),
        ("②010-2345-6789", "②<|phone|>"),
        ("H010-2345-6789", "H<|phone|>"),
        ("M.010-2345-6789", "M.<|phone|>"),
        ("(010-2345-6789)", "(<|phone|>)"),
        ("[010.2345.6789]", "[<|phone|>]"),
        ("【010 2345 6789】", "【<|phone|>】"),
        ("| 010-2345-6789 | 30 |", "| <|phone|> | 30 |"),
        ("02)345-6789~90", "<|phone|>~90"),
        # Its own brackets.
        ("(010) 2345-6789", "<|phone|>"),
        ("[010]2345-6789", "<|phone|>"),
        ("(+82)10-2345-6789", "<|phone|>"),
        ("+82 (0)10 2345 6789", "<|phone|>"),
        ("+44.1256.274200 로", "<|phone|> 로"),
        ("+1 (415) 555-0123", "<|phone|>"),
        # Separators.
        *(
            (f"010{mark}2345{mark}6789", "<|phone|>")
            for mark in [
                "·",
                "ㆍ",
                "*",
                "…",
                "...",
                "_",
                ",",
                "/",
                "~",
                ":",
                "=",
                "|",
                "–",
                "ㅡ",
                "•",
                ".",
                "-",
                "）",
            ]
        ),
        ("010\t2345\t6789", "<|phone|>"),
        ("010 - 2345 - 6789", "<|phone|>"),
        # Broken over lines.
        ("010-2345-\n6789", "<|phone|>"),
        ("010-2345\n6789", "<|phone|>"),
        ("010-23\n45-6789", "<|phone|>"),
        ("010\n2345\n6789", "<|phone|>"),
        # Letters for digits.
        ("O1O-2345-6789", "<|phone|>"),
        ("o1o 2345 6789", "<|phone|>"),
        ("01O-2345-6789", "<|phone|>"),
        ("0l0.2345.6789", "<|phone|>"),
        ("ㅇ1ㅇ-2345-6789", "<|phone|>"),
        ("공1공 2345 6789", "<|phone|>"),
        ("0일0-2345-6789", "<|phone|>"),
        ("공일공-이삼사오-육칠팔구입니다", "<|phone|>입니다"),
        ("공일공에 이삼사오에 육칠팔구", "<|phone|>"),
        ("010-이삼사오-6789", "<|phone|>"),
        ("零一零-二三四五-六七八九", "<|phone|>"),
        ("0 1 0 2 3 4 5 6 7 8 9", "<|phone|>"),
        ("공 일 공 이 삼 사 오 육 칠 팔 구", "<|phone|>"),
        ("".join(f"{digit}\ufe0f\u20e3" for digit in "01023456789"), "<|phone|>"),
        ("０１０－２３４５－６７８９", "<|phone|>"),
        # Characters that nobody sees.
        *(
            (f"01{unseen}0-23{unseen}45-6789{unseen}", "<|phone|>")
            for unseen in ["\u200b", "\u200d", "️", "ㅤ", "ᅟ", "ﾠ", "\xad", "\u2060", "̶"]
        ),
        # A surname before it, a particle after it.
        ("이 010-2345-6789", "이 <|phone|>"),
        ("이010-2345-6789", "이<|phone|>"),
        ("오 공일공 이삼사오 육칠팔구", "오 <|phone|>"),
        ("공일공 이삼사오 육칠팔구이 번호예요", "<|phone|>이 번호예요"),
        ("010-2345-6789이 제 번호", "<|phone|>이 제 번호"),
        # Accounts and sums.
        ("국민 123456-04-123456 50,000원", "국민 <|account|> 50,000원"),
        ("국민은행 123456 04 123456 50,000원", "국민은행 <|account|> 50,000원"),
        ("농협 123456 04 123456 5만원 입금", "농협 <|account|> 5만원 입금"),
        ("계좌 110-123-456789 / 5만원", "계좌 <|account|> / 5만원"),
        ("카드 4111-1111-1111-1111 12/25", "카드 <|card|> 12/25"),
        # Registration numbers.
        (f"확인 {RRN.replace('-', '·')}", "확인 <|rrn|>"),
        (f"확인 {RRN.replace('-', '_')} 2통", "확인 <|rrn|> 2통"),
        (f"확인 {RRN.replace('-', '-' + chr(10))}", "확인 <|rrn|>"),
        (f"확인 {RRN[:9]}\n{RRN[9:]}", "확인 <|rrn|>"),
        # E-mail.
        ("홍길동@naver.com", "<|email|>"),
        ("홍길동@한국.kr", "<|email|>"),
        ("메일은hong@naver.com입니다", "메일은<|email|>입니다"),
        ("ｈｏｎｇ＠ｎａｖｅｒ．ｃｏｍ", "<|email|>"),
        ("ho\u200dng@na\u200bver.com", "<|email|>"),
        ("hong골뱅이네이버 점 컴", "<|email|>"),
        ("hong (at) naver (dot) com", "<|email|>"),
        ("hong @naver.com", "<|email|>"),
        ("hong@\nnaver.com", "<|email|>"),
        ("hong@naver.com2021.3.5", "<|email|>2021.3.5"),
        ("접속 ２１１．２３４．１２．３３", "접속 <|ip|>"),
    ],
)
def test_found_whole_and_nothing_else(text, masked):
    assert mask(text)[0] == masked


@pytest.mark.parametrize(
    "words",
    [
        "제보",
        "대표",
        "접수",
        "관리사무소",
        "주문번호",
        "접수번호:",
        "상품코드",
        "모델",
        "예약번호는",
        "사업자등록번호",
        "버전",
        "일련번호(",
        "계좌",
    ],
)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", "010-2345-6789"),
        ("phone", "공일공-이삼사오-육칠팔구"),
        ("phone", "+82-10-2345-6789"),
        ("rrn", RRN),
        ("rrn", RRN.replace("-", "")),
        ("email", "hong@naver.com"),
    ],
)
def test_no_word_outweighs_an_unmistakable_form(words, kind, value):
    assert [finding.type for finding in find(f"{words} {value}")] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "icon@2x.png",
        "logo@3x.webp 파일",
        "git@host.example.org:team/app.git",
        "me@host.example.org:src/app/main.c",
        "ssh://me@host.example.org/app",
        "react@16.8.0",
        "@app.route 와 @media.com",
        "xb @ self.weights + b",
        "사용법은 online at docs.example.org",
        "이 2021-03-15 12:30:45",
        "공일오비와 이 2021-03-15, 일 3,500,000원",
        "0 1 0 1 1 0 0 1 1 0 1",
        "원주율 3.14159265358979010",
        "2010-2345-6789",
        "https://a.example.kr/view/01023456789",
        "접수번호: 052-123-4567",
        "사업자등록번호 123-45-67890",
        "법인등록번호 110111-1234567",
        "1,019,761, 2025",
        "5,017,748 | 2028",
        "61 15\n0 10\n91 20",
    ],
)
def test_left_alone(text):
    assert find(text) == []


def test_each_type_beats_a_weaker_one_that_overlaps():
    # An account's shape around a mobile number: what is surer is masked, and the text is stable.
    once = mask("국민 010-2345-6789-123-456")[0]
    assert once.startswith("국민 <|phone|>")
    assert mask(once)[0] == once
