"""Sentences with one identifier, labelled: what the privacy step must find.

Everything is made up from a seed: numbers that follow the rules of their type (check digits,
region codes, formats of banks) in the ways Koreans write them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from clova_jax.corpus.clean.privacy import TYPES, rrn_check_digit
from clova_jax.corpus.trials.privacy_disguises import (
    between,
    broken,
    digits,
    disguised,
    mobile,
    spelled,
    unseen,
    wide,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Marks an identifier of a text: `text[start:end]` is of `type`."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Case:
    """Holds a text and every identifier in it, in order; none where there is nothing to find."""

    text: str
    places: tuple[Place, ...] = ()


def _rrn(rng: random.Random) -> str:
    year, month, day = rng.randint(40, 119), rng.randint(1, 12), rng.randint(1, 28)
    sex = rng.choice("12" if year < 100 else "34")
    if rng.random() < 0.1:
        sex = str(int(sex) + 4)
    first = f"{year % 100:02d}{month:02d}{day:02d}{sex}{digits(rng, 5)}"
    number = first + str(rrn_check_digit(first))
    if rng.random() < 0.15:
        text = number[:6] + rng.choice("·_~ㆍ–") + number[6:]
        return rng.choice([text, unseen(rng, text), broken(rng, number[:6] + "-" + number[6:])])
    text = number[:6] + rng.choice(["-", "-", "-", " - ", " ", ""]) + number[6:]
    return wide(text) if rng.random() < 0.1 else text


def _phone(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return disguised(rng, mobile(rng))
    kind = rng.random()
    tail = (digits(rng, 4), digits(rng, 4))
    middle = str(rng.randint(2, 9)) + tail[0][1:]
    if kind < 0.65:
        code = rng.choice(["010"] * 12 + ["011", "016", "019"])
        if code != "010":
            middle = middle[:3]
        joint = rng.choice(["-"] * 6 + [" ", ".", "", " - ", "~"])
        text = code + joint + middle + joint + tail[1]
        style = rng.random()
        if style < 0.08:
            return wide(text)
        if style < 0.16 and joint != "~":
            return spelled(rng, text)
        if style < 0.2 and joint != "~":
            return spelled(rng, code) + joint + middle + joint + tail[1]
        if style < 0.23:
            return " ".join(code + middle + tail[1])
        return f"({code}) {middle}-{tail[1]}" if style < 0.26 else text
    if kind < 0.85:
        code = rng.choice(
            [
                "02",
                "031",
                "032",
                "033",
                "041",
                "042",
                "043",
                "044",
                "051",
                "052",
                "053",
                "054",
                "055",
                "061",
                "062",
                "063",
                "064",
                "070",
            ]
        )
        middle = middle[: rng.choice([3, 4])]
        return rng.choice(
            [
                f"{code}-{middle}-{tail[1]}",
                f"{code}){middle}-{tail[1]}",
                f"({code}) {middle}-{tail[1]}",
                f"{code}.{middle}.{tail[1]}",
                f"{code} - {middle} - {tail[1]}",
            ]
        )
    return rng.choice(
        [
            f"+82-10-{middle}-{tail[1]}",
            f"+82 10 {middle} {tail[1]}",
            f"+82-2-{middle}-{tail[1]}",
            f"+8210{middle}{tail[1]}",
            f"82-10-{middle}-{tail[1]}",
            f"+82 (0)10-{middle}-{tail[1]}",
        ]
    )


_NAMES = [
    "minsu",
    "jiyoung",
    "park.hs",
    "lee_2000",
    "happy-cat",
    "sunny88",
    "kim.jh0912",
    "choi_yj",
    "love_jeju",
    "dev.seo",
    "hong.gildong",
    "blue1004",
]
_DOMAINS = [
    "naver.com",
    "gmail.com",
    "daum.net",
    "hanmail.net",
    "nate.com",
    "kakao.com",
    "korea.ac.kr",
    "snu.ac.kr",
    "company.co.kr",
    "mail.go.kr",
]


def _email(rng: random.Random) -> str:
    name, domain = rng.choice(_NAMES) + rng.choice(["", digits(rng, 2)]), rng.choice(_DOMAINS)
    at = rng.choice(["@"] * 8 + ["＠", " @ ", "[at]", "(at)", " [at] ", " 골뱅이 ", "골뱅이"])
    if at == "골뱅이" or at == " 골뱅이 ":
        domain = domain.replace(".", rng.choice([".", " 점 ", "닷"]))
    if rng.random() < 0.15:
        return rng.choice(
            [
                wide(f"{name}@{domain}"),
                f"{rng.choice(['홍길동', '고객센터', '김하늘'])}@{domain}",
                unseen(rng, f"{name}@{domain}"),
            ]
        )
    return name + at + domain


_BANKS = {
    "국민은행": "6-2-6",
    "신한은행": "3-3-6",
    "우리은행": "4-3-6",
    "하나은행": "3-6-5",
    "농협": "3-4-4-2",
    "기업은행": "3-6-2-3",
    "카카오뱅크": "4-2-7",
    "토스뱅크": "4-4-4",
    "SC제일은행": "3-2-6",
    "새마을금고": "4-4-4-1",
    "우체국": "6-2-6",
    "신협": "3-3-6",
    "대구은행": "3-2-6-1",
}


def _account(rng: random.Random) -> tuple[str, str]:
    bank, shape = rng.choice(list(_BANKS.items()))
    groups = [str(rng.randint(1, 9)) + digits(rng, int(n) - 1) for n in shape.split("-")]
    joint = rng.choice(["-"] * 6 + ["", " ", " - "])
    text = joint.join(groups)
    return bank, wide(text) if rng.random() < 0.08 else text


def _card(rng: random.Random) -> str:
    first = rng.choice(["4", "5", "35", "37", "9"])
    length = 15 if first == "37" else 16
    body = first + digits(rng, length - len(first) - 1)
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    joint = rng.choice(["-"] * 5 + [" ", " ", ""])
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    text = joint.join(parts)
    return wide(text) if joint and rng.random() < 0.08 else text


def _passport(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return (
            rng.choice("MSROD")
            + digits(rng, 3)
            + rng.choice("ABCDEFGHJKLMNPQRTUVWXYZ")
            + digits(rng, 4)
        )
    return rng.choice("MSRODGT") + rng.choice(["", "", " ", "-"]) + digits(rng, 8)


def _licence(rng: random.Random) -> str:
    region = rng.choice([*range(11, 27), 28])
    joint = rng.choice(["-"] * 6 + [" ", " - "])
    text = joint.join([str(region), f"{rng.randint(0, 99):02d}", digits(rng, 6), digits(rng, 2)])
    if rng.random() < 0.15:
        return (
            rng.choice(["서울", "경기", "부산"]) + " " + text.split(joint, 1)[1].replace(joint, "-")
        )
    return wide(text) if rng.random() < 0.08 else text


def _ip(rng: random.Random) -> str:
    if rng.random() < 0.15:
        return "2001:" + ":".join(f"{rng.randint(0x200, 0xFFFF):x}" for _ in range(7))
    first = rng.choice([1, 14, 27, 58, 61, 106, 112, 121, 175, 203, 210, 211, 218, 220, 222])
    return f"{first}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(2, 254)}"


_FRAMES = {
    "rrn": [
        "주민등록번호는 {}입니다.",
        "주민번호 {} 확인 부탁드립니다",
        "홍길동({}) 귀하",
        "신청인 김철수 {} 서울 거주",
        "본인 확인용 {}",
        "접수번호 12, {}",
        "외국인등록번호: {}",
        "위 사람({})은 재직 중임을 증명합니다.",
    ],
    "phone": [
        "연락처 {}로 전화 주세요.",
        "{} 문자 주세요",
        "급구합니다 {} 김사장",
        "제 번호는 {}이에요",
        "문의: {}",
        "☎ {}",
        "담당자 이영희 {}",
        "직거래 원해요. {}",
        "Tel. {}",
        "오시기 전에 {}으로 연락바랍니다.",
        "{}\n오전 9시부터 받습니다",
        "문의 {} 24시간",
        "이름\t{}\t30세",
        "02-345-678/{}",
        "1.{} 2.없음",
        "이 {}",
        "관리사무소 {}",
        "제보는 {}",
        "접수 및 대표 {}",
        "주문 취소는 {}",
        "({})",
        "【{}】",
    ],
    "email": [
        "메일은 {}로 보내주세요.",
        "{}으로 이력서 접수",
        "e-mail: {}",
        "문의 {}",
        "기자 홍길동 {}",
        "{} 로 자료 부탁드려요 ㅠㅠ",
        "연락은 {}",
    ],
    "account": [
        "{bank} {} 홍길동",
        "입금 계좌 {bank} {}",
        "계좌번호는 {bank} {}입니다",
        "{bank} 계좌 {}로 보내주세요",
        "후원 계좌: {} ({bank})",
        "송금: {bank} {} 예금주 김철수",
        "{bank} {} 50,000원",
        "{bank} {} 5만원 입금했습니다",
    ],
    "card": [
        "카드번호 {} 유효기간 12/25",
        "결제 카드 {}",
        "{} 이 카드로 결제해 주세요",
        "신용카드 번호는 {}입니다",
        "분실한 카드는 {}",
        "제 체크카드 {} 정지해주세요",
    ],
    "passport": [
        "여권번호 {}입니다",
        "여권: {}",
        "제 여권 번호는 {}이고 만료일은 내년이에요",
        "Passport No. {}",
        "여권(번호 {})을 분실했습니다",
        "예약할 때 여권번호({})를 적었어요",
    ],
    "licence": [
        "운전면허번호 {}입니다",
        "면허 {} 1종 보통",
        "운전면허증 {} 갱신",
        "제 면허번호는 {}",
        "면허증 번호: {}",
        "차를 빌리면서 {} 운전면허를 보여줬다",
    ],
    "ip": [
        "접속 IP는 {}입니다",
        "{}에서 로그인 시도가 있었습니다",
        "IP: {}",
        "아이피 {} 차단 요청",
        "작성자 ({}) 2021.03.15",
        "서버 {} 포트 22번",
        "{} 에서 악성 댓글을 달았다",
    ],
}

_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "rrn": _rrn,
    "phone": _phone,
    "email": _email,
    "card": _card,
    "passport": _passport,
    "licence": _licence,
    "ip": _ip,
}


def positives(count: int = 5_000, seed: int = 0) -> list[Case]:
    """Makes sentences with one identifier each, the types in turn."""
    rng = random.Random(seed)
    cases = []
    for number in range(count):
        kind = TYPES[number % len(TYPES)]
        if number % 16 == 1:
            cases.append(_misleading(rng))
            continue
        bank = ""
        if kind == "account":
            bank, value = _account(rng)
        else:
            value = _MAKERS[kind](rng)
        frame = rng.choice(_FRAMES[kind])
        if kind == "phone" and ("문의" in frame or "이 {}" in frame) and value.isdigit():
            frame = "연락처 {}로 전화 주세요."
        frame = frame.replace("{bank}", bank)
        around = rng.choice(["", "", "안녕하세요. ", "2021년 3월 5일에 3만 5,000원을 냈어요. "])
        cases.append(_case(kind, around + frame, value))
    return cases


def _misleading(rng: random.Random) -> Case:
    """A hyphened mobile number after a word that names another kind of number, or tied to something."""
    return _case("phone", rng.choice(_MISLEADING), between(rng, mobile(rng), "-·. "))


_MISLEADING = [
    "주문번호 {}",
    "예약 번호: {}",
    "사업자등록번호 담당 {}",
    "모델 문의 {}",
    "일련번호와 함께 {} 으로",
    "3){}",
    "H.P{}",
    "M{}",
    "5번 상담원 {} 2번 상담원 없음",
]


def _case(kind: str, frame: str, value: str) -> Case:
    start = frame.index("{}")
    text = frame[:start] + value + frame[start + 2 :]
    return Case(text, (Place(kind, start, start + len(value)),))
