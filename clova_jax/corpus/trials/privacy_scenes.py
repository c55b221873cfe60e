"""Writes complete documents with identifiers and look-alikes side by side: a second set to measure with.

Contact lines, board posts, receipts, résumés, chat logs, tables and forms, each put together from
parts by a grammar of its own. It shares no code with `privacy_cases`, so that the rules are not measured with
the hand that wrote them alone; everything is made up from a seed.
"""

import random
from collections.abc import Callable

from clova_jax.corpus.trials.privacy_cases import Case, Place


class _Writer:
    """A document that grows, and remembers where its identifiers are."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.text = ""
        self.places: list[Place] = []

    def say(self, *parts: str) -> None:
        """Adds plain text; of a part with `/` alternatives in braces, one is taken."""
        for part in parts:
            while "{" in part:
                before, _, rest = part.partition("{")
                choice, _, after = rest.partition("}")
                part = before + self.rng.choice(choice.split("/")) + after
            self.text += part

    def mark(self, kind: str, value: str) -> None:
        """Adds an identifier."""
        self.places.append(Place(kind, len(self.text), len(self.text) + len(value)))
        self.text += value

    def number(self, shape: str) -> str:
        """Digits for each `#` of a shape; `!` is a digit from 2 to 9."""
        return "".join(
            str(self.rng.randrange(10))
            if char == "#"
            else str(self.rng.randrange(2, 10))
            if char == "!"
            else char
            for char in shape
        )


def _mobile(w: _Writer) -> str:
    return w.number(
        w.rng.choice(
            [
                "010-!###-####",
                "010-!###-####",
                "010-!###-####",
                "010.!###.####",
                "010 !### ####",
                "010!#######",
                "010-!#######",
                "016-!##-####",
                "+82 10-!###-####",
                "010) !###-####",
                "010 - !### - ####",
                "O10-!###-####",
                "０１０-!###-####",
                "0l0.!###.####",
                "010·!###·####",
                "공일공-!###-####",
                "010ㅡ!###ㅡ####",
                "010_!###_####",
                "ㅇ1ㅇ !### ####",
                "0①0-!###-####",
            ]
        )
    )


def _landline(w: _Writer) -> str:
    area = w.rng.choice(
        ["02", "031", "032", "041", "042", "051", "053", "055", "062", "064", "070"]
    )
    return w.number(
        area + w.rng.choice(["-!##-####", ")!##-####", "-!###-####", ".!##.####", ") !###-####"])
    )


def _mail(w: _Writer) -> str:
    syllables = [
        "ha",
        "na",
        "da",
        "mi",
        "so",
        "yu",
        "ji",
        "ho",
        "seo",
        "jun",
        "min",
        "kyu",
        "bo",
        "ra",
    ]
    local = "".join(w.rng.choices(syllables, k=w.rng.randint(2, 3)))
    local += w.rng.choice(["", w.number("##"), ".k", "_" + w.number("#"), "+shop"])
    host = w.rng.choice(
        ["naver.com", "gmail.com", "hanmail.net", "office.go.kr", "univ.ac.kr", "studio.co.kr"]
    )
    sign = w.rng.choice(["@"] * 8 + ["(at)", " [at] ", "골뱅이", "＠"])
    return local + sign + host


def _resident(w: _Writer) -> str:
    year, month, day = w.rng.randrange(50, 100), w.rng.randrange(1, 13), w.rng.randrange(1, 29)
    head = f"{year:02d}{month:02d}{day:02d}" + w.number(w.rng.choice("12") + "#####")
    weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    check = (11 - sum(int(c) * k for c, k in zip(head, weights, strict=True)) % 11) % 10
    return head[:6] + w.rng.choice(["-", "-", " - ", "–", ""]) + head[6:] + str(check)


def _card(w: _Writer) -> str:
    body = w.number(w.rng.choice(["4", "5", "9"]) + "#" * 14)
    for last in "0123456789":
        doubled = [int(c) * 2 if i % 2 == 0 else int(c) for i, c in enumerate(body + last)]
        if sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0:
            digits = body + last
            return w.rng.choice(["-", "-", " "]).join(digits[i : i + 4] for i in range(0, 16, 4))
    raise AssertionError("one of ten digits fits")


def _account(w: _Writer) -> tuple[str, str]:
    bank, shape = w.rng.choice(
        [
            ("국민은행", "!#####-##-######"),
            ("신한", "1##-###-######"),
            ("농협", "3##-####-####-##"),
            ("우리은행", "1###-###-######"),
            ("카카오뱅크", "3333-##-#######"),
            ("하나은행", "!##-######-#####"),
            ("기업은행", "!##-######-##-###"),
            ("새마을금고", "9###-####-####-#"),
        ]
    )
    return bank, w.number(shape)


def _contact(w: _Writer) -> None:
    w.say("{■/●/※/▶} {문의/담당/연락처/고객센터/관리사무소/제보/대표}{: / : / / - }")
    w.mark("phone", w.rng.choice([_mobile, _landline])(w))
    w.say("{ 24시간 상담/ (09:00~18:00)/ 1층 안내 데스크/, 팩스는 없음/ / 토요일 휴무}\n")
    if w.rng.random() < 0.6:
        w.say("{메일/E-mail/전자우편/이메일 주소}{: / }")
        w.mark("email", _mail(w))
        w.say("{/로 보내 주세요/ (담당 한별)}\n")


def _post(w: _Writer) -> None:
    w.say("{중고 자전거 팝니다/과외 학생 구해요/분실물 찾습니다/원룸 내놓아요}. ")
    w.say(w.number("{가격은 !5만 원/시세는 1!0,000원/보증금 !00에 월 3!}이고요 "))
    w.say(w.number("20!# 년식, 모델은 {KX/TR/AB}-!##-##. "))
    w.say("{이/오/육} {사장님/선생님/부장님}께 ")
    w.mark("phone", _mobile(w))
    w.say(
        w.rng.choice(
            [" 문자 주세요", "로 연락 바랍니다", " 이 번호로요", "(문자만)", "\n2시 이후 통화 가능"]
        )
    )
    w.say(w.number(". 게시글 번호 !######, 조회 !,###회\n"))


def _receipt(w: _Writer) -> None:
    w.say(w.number("사업자등록번호 !##-##-#####\n주문번호 20!#0!1#-#######\n"))
    w.say(w.number("20!#-0!-1# 1#:!#:##\n합계 !#,##0원 (부가세 !,##0원)\n"))
    if w.rng.random() < 0.7:
        w.say("{카드번호/결제 카드/신용카드}{: / }")
        w.mark("card", _card(w))
        w.say(w.number("\n승인번호 !#######\n"))
    else:
        bank, account = _account(w)
        w.say(f"입금 {bank} ")
        w.mark("account", account)
        w.say(w.number("{ !0,000원/ !만원/\n금액 !5,000원}\n"))
    w.say(w.number("운송장번호 !###-####-####\n"))


def _resume(w: _Writer) -> None:
    w.say("{성명/이름}: {윤하늘/서바다/문가람}\n{주민등록번호/주민번호}{: / }")
    w.mark("rrn", _resident(w))
    w.say("\n휴대폰{: / }")
    w.mark("phone", _mobile(w))
    w.say("\n이메일{: / }")
    w.mark("email", _mail(w))
    w.say(w.number("\n학력 199!.03 ~ 200!.02, 학번 9!######\n"))
    if w.rng.random() < 0.5:
        w.say("{운전면허/면허번호}{: / }")
        w.mark("licence", w.number(w.rng.choice(["11", "13", "21", "28"]) + "-##-######-##"))
        w.say(" (1종 보통)\n")
    if w.rng.random() < 0.5:
        w.say("{여권번호/여권}{: / }")
        w.mark("passport", w.number(w.rng.choice(["M########", "M###B####", "S########"])))
        w.say("\n")
    w.say(w.number("토익 !#5점, 자격증 제20!#-####호\n"))


def _chat(w: _Writer) -> None:
    w.say(
        "[{오전/오후} 1:2",
        str(w.rng.randrange(10)),
        "] {계좌 좀/계좌번호 알려줘/입금할게 계좌가?}\n",
    )
    bank, account = _account(w)
    w.say(bank, " ")
    w.mark("account", account)
    w.say(w.number("{ 문가람/ 여기로 !만원/ 예금주 서바다}\n"))
    w.say(w.number("[오후 1:3#] 내 번호 바뀜 "))
    w.mark("phone", _mobile(w))
    w.say(
        "\n[오후 1:4",
        str(w.rng.randrange(10)),
        "] {ㅇㅇ 8시에 보자/ㅇㅋ 1시간 뒤/오 일이 생겼어 2시쯤}\n",
    )


def _table(w: _Writer) -> None:
    mark = w.rng.choice(["\t", " | ", ", ", "  "])
    w.say(mark.join(["번호", "이름", "연락처", "나이"]), "\n")
    for row in range(1, w.rng.randint(3, 6)):
        w.say(str(row), mark, "{윤하늘/서바다/문가람}", mark)
        w.mark("phone", w.number("010-!###-####"))
        w.say(mark, w.number("!#"), "\n")
    w.say(w.number("합계") + mark + w.number("!,###,###") + mark + "20" + w.number("2#-0!-1#\n"))


def _log(w: _Writer) -> None:
    w.say(w.number("20!#/0!/1# 0!:##:## {로그인 실패/접속/접속 차단} IP "))
    w.mark(
        "ip", f"{w.rng.choice([121, 175, 211, 218])}." + w.number("1##.!#.1##").replace(".1", ".1")
    )
    w.say(w.number(" 포트 !###, 내부 192.168.!#.1##, 버전 10.0.1!!!#.1\n"))
    w.say(
        "패키지 lib@",
        w.number("!.#.#"),
        ", 그림 logo@{2/3}x.png, git@code.example.org:team/app.git\n",
    )


def _report(w: _Writer) -> None:
    w.say(
        w.number(
            "20!#년 수출은 !,###,###,###달러, 수입은 !##,###,###달러였다. 인구 !#,###,###명.\n"
        )
    )
    w.say(
        w.number(
            "표 1. !## !## !## !## | 1##.# 1##.# 1##.#\n원주율 3.141592653589793, 특허 제10-!######호\n"
        )
    )
    w.say(w.number("ISBN 978-89-!###-###-#, 위도 37.!##### 경도 127.!#####, KB!######\n"))
    w.say(
        w.number(
            "접수번호: 0!#-!###-####\n{대표번호/고객센터} 1588-!###\n0x!#######, UUID !#######-!###-4###-8###-!###########\n"
        )
    )


_KINDS: list[Callable[[_Writer], None]] = [
    _contact,
    _post,
    _receipt,
    _resume,
    _chat,
    _table,
    _log,
    _report,
]


def scenes(count: int = 2_000, seed: int = 0) -> list[Case]:
    """Makes documents of one to three parts each."""
    rng = random.Random(seed)
    cases = []
    for _ in range(count):
        writer = _Writer(rng)
        for kind in rng.choices(_KINDS, k=rng.randint(1, 3)):
            kind(writer)
        cases.append(Case(writer.text, tuple(writer.places)))
    return cases
