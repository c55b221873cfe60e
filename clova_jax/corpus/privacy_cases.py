"""A labelled test set for the privacy step: sentences with one identifier, and hard ones with none.

Everything is made up from a seed: numbers that follow the rules of their type (check digits,
region codes, formats of banks) in the ways Koreans write them, and numbers that look alike: orders,
parcels, dates, prices, versions, section numbers, coordinates, private addresses.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from clova_jax.corpus.privacy import TYPES, rrn_check_digit


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence; `type` is None where there is nothing to find, else `text[start:end]` is it."""

    text: str
    type: str | None
    start: int = 0
    end: int = 0


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() or c == "-" else c for c in text)


def _spelled(rng: random.Random, text: str) -> str:
    zero = rng.choice("공영")
    return "".join((zero + "일이삼사오육칠팔구")[int(c)] if c.isdigit() else c for c in text)


def _rrn(rng: random.Random) -> str:
    year, month, day = rng.randint(40, 119), rng.randint(1, 12), rng.randint(1, 28)
    sex = rng.choice("12" if year < 100 else "34")
    if rng.random() < 0.1:
        sex = str(int(sex) + 4)
    first = f"{year % 100:02d}{month:02d}{day:02d}{sex}{_digits(rng, 5)}"
    number = first + str(rrn_check_digit(first))
    text = number[:6] + rng.choice(["-", "-", "-", " - ", " ", ""]) + number[6:]
    return _wide(text) if rng.random() < 0.1 else text


def _phone(rng: random.Random) -> str:
    kind = rng.random()
    tail = (_digits(rng, 4), _digits(rng, 4))
    middle = str(rng.randint(2, 9)) + tail[0][1:]
    if kind < 0.65:
        code = rng.choice(["010"] * 12 + ["011", "016", "019"])
        if code != "010":
            middle = middle[:3]
        joint = rng.choice(["-"] * 6 + [" ", ".", "", " - ", "~"])
        text = code + joint + middle + joint + tail[1]
        style = rng.random()
        if style < 0.08:
            return _wide(text)
        if style < 0.16 and joint != "~":
            return _spelled(rng, text)
        if style < 0.2 and joint != "~":
            return _spelled(rng, code) + joint + middle + joint + tail[1]
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
    name, domain = rng.choice(_NAMES) + rng.choice(["", _digits(rng, 2)]), rng.choice(_DOMAINS)
    at = rng.choice(["@"] * 8 + ["＠", " @ ", "[at]", "(at)", " [at] ", " 골뱅이 ", "골뱅이"])
    if at == "골뱅이" or at == " 골뱅이 ":
        domain = domain.replace(".", rng.choice([".", " 점 ", "닷"]))
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
    groups = [str(rng.randint(1, 9)) + _digits(rng, int(n) - 1) for n in shape.split("-")]
    joint = rng.choice(["-"] * 6 + ["", " ", " - "])
    text = joint.join(groups)
    return bank, _wide(text) if rng.random() < 0.08 else text


def _card(rng: random.Random) -> str:
    first = rng.choice(["4", "5", "35", "37", "9"])
    length = 15 if first == "37" else 16
    body = first + _digits(rng, length - len(first) - 1)
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    joint = rng.choice(["-"] * 5 + [" ", " ", ""])
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    text = joint.join(parts)
    return _wide(text) if joint and rng.random() < 0.08 else text


def _passport(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return (
            rng.choice("MSROD")
            + _digits(rng, 3)
            + rng.choice("ABCDEFGHJKLMNPQRTUVWXYZ")
            + _digits(rng, 4)
        )
    return rng.choice("MSRODGT") + rng.choice(["", "", " ", "-"]) + _digits(rng, 8)


def _licence(rng: random.Random) -> str:
    region = rng.choice([*range(11, 27), 28])
    joint = rng.choice(["-"] * 6 + [" ", " - "])
    text = joint.join([str(region), f"{rng.randint(0, 99):02d}", _digits(rng, 6), _digits(rng, 2)])
    if rng.random() < 0.15:
        return (
            rng.choice(["서울", "경기", "부산"]) + " " + text.split(joint, 1)[1].replace(joint, "-")
        )
    return _wide(text) if rng.random() < 0.08 else text


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
    """Sentences with one identifier each, the types in turn."""
    rng = random.Random(seed)
    cases = []
    for number in range(count):
        kind = TYPES[number % len(TYPES)]
        bank = ""
        if kind == "account":
            bank, value = _account(rng)
        else:
            value = _MAKERS[kind](rng)
        frame = rng.choice(_FRAMES[kind])
        if "문의" in frame and kind == "phone" and value.isdigit():
            frame = "연락처 {}로 전화 주세요."
        frame = frame.replace("{bank}", bank)
        before = frame.index("{}")
        around = rng.choice(["", "", "안녕하세요. ", "2021년 3월 5일에 3만 5,000원을 냈어요. "])
        text = around + frame[:before] + value + frame[before + 2 :]
        start = len(around) + before
        cases.append(Case(text, kind, start, start + len(value)))
    return cases


def _date(rng: random.Random) -> str:
    y, m, d = rng.randint(1950, 2030), rng.randint(1, 12), rng.randint(1, 28)
    return rng.choice(
        [
            f"{y}-{m:02d}-{d:02d}",
            f"{y}.{m}.{d}",
            f"{y}년 {m}월 {d}일",
            f"{y}{m:02d}{d:02d}",
            f"{y}/{m:02d}/{d:02d}",
            f"{y}-{m:02d}-{d:02d} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}",
            f"{y}. {m}. {d}.~{y}. {m}. {d + 1}.",
            f"{y}-{y + 1}-{y + 2}",
        ]
    )


def _price(rng: random.Random) -> str:
    n = rng.randint(1_000, 99_999_999_999)
    return rng.choice(
        [
            f"{n:,}원",
            f"₩{n:,}",
            f"{n}원",
            f"{n / 10_000:.1f}만원",
            f"{n:,}~{2 * n:,}원",
            f"{rng.randint(1, 9)}억 {rng.randint(1000, 9999)}만 원",
        ]
    )


def _version(rng: random.Random) -> str:
    a, b, c, d = (rng.randint(0, 30) for _ in range(4))
    big = rng.randint(1000, 30000)
    return rng.choice(
        [
            f"버전 {a}.{b}.{c}.{d}",
            f"v{a}.{b}.{c}",
            f"{a}.{b}.{big}.{d}",
            f"펌웨어 {a}.{b}.{c}.{d} 업데이트",
            f"Build {big}.{a}.{b}",
            f"Python {a}.{b}.{c}",
            f"version {100 + a}.{b}.{big % 1000}.{c}",
            f"{a}.{b}.{c}.{d}",
        ]
    )


def _order(rng: random.Random) -> str:
    word = rng.choice(
        [
            "주문번호",
            "송장번호",
            "운송장 번호",
            "상품코드",
            "접수번호",
            "일련번호",
            "등기번호",
            "관리번호",
            "승인번호",
            "거래번호",
            "사건번호",
            "예약번호",
        ]
    )
    shape = rng.choice(
        [
            _digits(rng, 12),
            _digits(rng, 13),
            _digits(rng, 16),
            f"{_digits(rng, 4)}-{_digits(rng, 4)}-{_digits(rng, 4)}",
            f"{_digits(rng, 3)}-{_digits(rng, 4)}-{_digits(rng, 4)}",
            f"{_digits(rng, 4)}-{_digits(rng, 4)}-{_digits(rng, 4)}-{_digits(rng, 4)}",
            f"2021{_digits(rng, 4)}-{_digits(rng, 7)}",
            f"010{_digits(rng, 8)}",
            f"010-{_digits(rng, 4)}-{_digits(rng, 4)}",
            f"M{_digits(rng, 8)}",
        ]
    )
    return f"{word} {rng.choice(['', ': '])}{shape}"


def _other(rng: random.Random) -> str:
    return rng.choice(
        [
            f"사업자등록번호 {_digits(rng, 3)}-{_digits(rng, 2)}-{_digits(rng, 5)}",
            f"법인등록번호 110111-{_digits(rng, 7)}",
            f"ISBN 978-89-{_digits(rng, 4)}-{_digits(rng, 3)}-{_digits(rng, 1)}",
            f"위도 37.{_digits(rng, 6)} 경도 127.{_digits(rng, 6)}",
            f"192.168.{rng.randint(0, 255)}.{rng.randint(1, 254)} 공유기",
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)} 내부망 서버",
            "127.0.0.1 접속",
            f"제{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}절 참고",
            f"{rng.randint(1, 20)}-{rng.randint(0, 9)}, {rng.randint(1, 20)}-{rng.randint(0, 9)} 승리",
            f"대표번호 1588-{_digits(rng, 4)}",
            f"특허 제10-{_digits(rng, 7)}호",
            f"인구 {rng.randint(1_000_000, 99_999_999):,}명",
            f"원주율 3.14159265358979{_digits(rng, 4)}",
            f"로또 번호 {' '.join(str(rng.randint(10, 45)) for _ in range(6))}",
            f"{rng.randint(1900, 1999)}~{rng.randint(2000, 2020)}년, {rng.randint(1900, 1999)}-{rng.randint(2000, 2020)}시즌",
            f"0x{_digits(rng, 8)} 주소의 메모리",
            f"모델 SM-{_digits(rng, 3)}N, 품번 {_digits(rng, 3)}-{_digits(rng, 6)}",
            f"경기 결과 {_digits(rng, 2)}:{_digits(rng, 2)}, 시청률 {rng.randint(1, 40)}.{_digits(rng, 1)}%",
            f"@dataclass와 @property, git@{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}",
            f"트위터 @user_{_digits(rng, 4)} 팔로우",
            f"계산하면 {_digits(rng, 5)} + {_digits(rng, 5)} = {_digits(rng, 6)}",
            f"좌표 {_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 3)}",
            f"지번 {rng.randint(100, 999)}-{rng.randint(1, 99)}번지 우편번호 {_digits(rng, 5)}",
            f"UUID {_digits(rng, 8)}-{_digits(rng, 4)}-4{_digits(rng, 3)}-8{_digits(rng, 3)}-{_digits(rng, 12)}",
            f"학번 {rng.randint(2000, 2024)}{_digits(rng, 5)}, 사번 {_digits(rng, 8)}",
            f"공일오비의 노래, 이일삼사오육이라는 암호도 {_digits(rng, 2)}번 나온다",
            f"이진수 {' '.join(rng.choice('01') for _ in range(16))}",
            f"국민은행 {_date(rng)} 기준 금리 {rng.randint(1, 9)}.{_digits(rng, 2)}%",
            f"우리 카드 혜택 {_price(rng)}",
            f"여권 사진 {rng.randint(2, 8)}장, 신청번호 {_digits(rng, 6)}",
            f"면허 시험 {_date(rng)}, 응시 {rng.randint(1000, 9999)}명",
            f"전화 {rng.randint(2, 9)}통, {_digits(rng, 4)}호 객실 {rng.randint(1, 12)}-{rng.randint(1, 30)}",
        ]
    )


_MORE_FRAMES = [
    "{} 안내드립니다.",
    "어제 {} 확인했어요",
    "{}",
    "자세한 내용은 {} 참고하세요",
    "이번에는 {} 이었습니다.",
    "({})",
    "기사에 따르면 {} 라고 한다.",
]


def negatives(count: int = 20_000, seed: int = 1) -> list[Case]:
    """Sentences with numbers that identify nobody: orders, dates, prices, versions and others."""
    rng = random.Random(seed)
    makers = (_order, _date, _price, _version, _other)
    return [
        Case(rng.choice(_MORE_FRAMES).format(makers[number % len(makers)](rng)), None)
        for number in range(count)
    ]


def measure(positive: list[Case], negative: list[Case]) -> list[dict[str, object]]:
    """Recall and precision by type, in per cent; a find counts when it overlaps the identifier and has its type.

    False alarms are finds in negatives, finds of a wrong type, and finds beside the identifier.
    """
    from clova_jax.corpus.privacy import find

    right, wrong, total = (dict.fromkeys(TYPES, 0) for _ in range(3))
    missed: dict[str, list[str]] = {name: [] for name in TYPES}
    alarms: dict[str, list[str]] = {name: [] for name in TYPES}
    for case in [*positive, *negative]:
        hit = False
        for finding in find(case.text):
            covers = finding.start <= case.start and case.end <= finding.end
            if case.type == finding.type and covers and not hit:
                hit = True
                right[finding.type] += 1
            else:
                wrong[finding.type] += 1
                alarms[finding.type].append(case.text)
        if case.type:
            total[case.type] += 1
            if not hit:
                missed[case.type].append(case.text)
    return [
        {
            "type": name,
            "positives": total[name],
            "recall": 100 * right[name] / max(total[name], 1),
            "precision": 100 * right[name] / max(right[name] + wrong[name], 1),
            "missed": missed[name],
            "false_alarms": alarms[name],
        }
        for name in TYPES
    ]
