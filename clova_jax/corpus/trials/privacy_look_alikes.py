"""Sentences with numbers that identify nobody: what the privacy step must leave alone.

Orders, parcels, dates, prices, versions, section numbers, coordinates, private addresses, all made
up from a seed.
"""

import random

from clova_jax.corpus.trials.privacy_cases import Case
from clova_jax.corpus.trials.privacy_disguises import digits


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
            digits(rng, 12),
            digits(rng, 13),
            digits(rng, 16),
            f"{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 4)}",
            f"{digits(rng, 3)}-{digits(rng, 4)}-{digits(rng, 4)}",
            f"{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 4)}",
            f"2021{digits(rng, 4)}-{digits(rng, 7)}",
            f"010{digits(rng, 8)}",
            f"M{digits(rng, 8)}",
        ]
    )
    return f"{word} {rng.choice(['', ': '])}{shape}"


def _other(rng: random.Random) -> str:
    return rng.choice(
        [
            f"사업자등록번호 {digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 5)}",
            f"법인등록번호 110111-{digits(rng, 7)}",
            f"ISBN 978-89-{digits(rng, 4)}-{digits(rng, 3)}-{digits(rng, 1)}",
            f"위도 37.{digits(rng, 6)} 경도 127.{digits(rng, 6)}",
            f"192.168.{rng.randint(0, 255)}.{rng.randint(1, 254)} 공유기",
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)} 내부망 서버",
            "127.0.0.1 접속",
            f"제{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}절 참고",
            f"{rng.randint(1, 20)}-{rng.randint(0, 9)}, {rng.randint(1, 20)}-{rng.randint(0, 9)} 승리",
            f"대표번호 1588-{digits(rng, 4)}",
            f"특허 제10-{digits(rng, 7)}호",
            f"인구 {rng.randint(1_000_000, 99_999_999):,}명",
            f"원주율 3.14159265358979{digits(rng, 4)}",
            f"로또 번호 {' '.join(str(rng.randint(10, 45)) for _ in range(6))}",
            f"{rng.randint(1900, 1999)}~{rng.randint(2000, 2020)}년, {rng.randint(1900, 1999)}-{rng.randint(2000, 2020)}시즌",
            f"0x{digits(rng, 8)} 주소의 메모리",
            f"모델 SM-{digits(rng, 3)}N, 품번 {digits(rng, 3)}-{digits(rng, 6)}",
            f"경기 결과 {digits(rng, 2)}:{digits(rng, 2)}, 시청률 {rng.randint(1, 40)}.{digits(rng, 1)}%",
            f"@dataclass와 @property, git@{rng.randint(1, 9)}.{rng.randint(1, 9)}.{rng.randint(1, 9)}",
            f"icon@{rng.randint(2, 3)}x.png",
            f"git@host{digits(rng, 2)}.co.kr:team/repo.git",
            f"ssh://git@host{digits(rng, 2)}.org/team/repo",
            f"bundle@{rng.randint(1, 9)}.{rng.randint(0, 9)}.js 파일",
            f"제품번호 02-{digits(rng, 4)}-{digits(rng, 4)}",
            f"이 {_date(rng)}에, 일 {_price(rng)} 사이로",
            f"공이 세 번, 일이 {digits(rng, 2)}번, 사이가 {digits(rng, 4)}번",
            f"0 1 1 0 1 0 0 1 {' '.join(rng.choice('01') for _ in range(12))}",
            f"트위터 @user_{digits(rng, 4)} 팔로우",
            f"계산하면 {digits(rng, 5)} + {digits(rng, 5)} = {digits(rng, 6)}",
            f"좌표 {digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)}",
            f"지번 {rng.randint(100, 999)}-{rng.randint(1, 99)}번지 우편번호 {digits(rng, 5)}",
            f"UUID {digits(rng, 8)}-{digits(rng, 4)}-4{digits(rng, 3)}-8{digits(rng, 3)}-{digits(rng, 12)}",
            f"학번 {rng.randint(2000, 2024)}{digits(rng, 5)}, 사번 {digits(rng, 8)}",
            f"공일오비의 노래, 이일삼사오육이라는 암호도 {digits(rng, 2)}번 나온다",
            f"이진수 {' '.join(rng.choice('01') for _ in range(16))}",
            f"국민은행 {_date(rng)} 기준 금리 {rng.randint(1, 9)}.{digits(rng, 2)}%",
            f"우리 카드 혜택 {_price(rng)}",
            f"여권 사진 {rng.randint(2, 8)}장, 신청번호 {digits(rng, 6)}",
            f"면허 시험 {_date(rng)}, 응시 {rng.randint(1000, 9999)}명",
            f"전화 {rng.randint(2, 9)}통, {digits(rng, 4)}호 객실 {rng.randint(1, 12)}-{rng.randint(1, 30)}",
        ]
    )


_FRAMES = [
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
        Case(rng.choice(_FRAMES).format(makers[number % len(makers)](rng)))
        for number in range(count)
    ]
