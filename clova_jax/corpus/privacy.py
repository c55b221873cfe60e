"""Finding and masking what identifies a person, in the ways that Koreans write it.

Eight types: `rrn` (resident registration number), `phone`, `email`, `account` (bank), `card`,
`passport`, `licence` (driver's), `ip` (public addresses). A text is searched in a *digit view* of
the same length, where full-width digits, circled digits and spelled-out ones (공일공) are ASCII, so that spans
fit the original. Numbers without a check digit of their own are told apart by the words before
them: `주문번호 010-1234-5678` is no phone.

Types and partial keeping: the HyperCLOVA paper's appendix on anonymisation, and a talk of its authors.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

TYPES = ("rrn", "phone", "email", "account", "card", "passport", "licence", "ip")

_SPELLED = dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True))
_WIDE = {
    ord(w): n for w, n in zip("０１２３４５６７８９＠－．（）＋", "0123456789@-.()+", strict=True)
}
_WIDE |= {ord(w): n for w, n in zip("①②③④⑤⑥⑦⑧⑨⓪", "1234567890", strict=True)}
_WIDE |= dict.fromkeys(map(ord, "‐‑‒–—―−ㅡ─"), "-")
_HAS_WIDE = re.compile("[" + "".join(map(chr, _WIDE)) + "]")
_SPELLED_DIGIT = r"(?!이[에고며다야라니요])[공영일이삼사오육륙칠팔구0-9]"
_SPELLED_RUN = re.compile(
    rf"(?<![가-힣0-9]){_SPELLED_DIGIT}(?:[ .\-]{{0,3}}{_SPELLED_DIGIT}){{7,}}"
)

_NUMBER = re.compile(r"[(+]?\d(?:[ .\-()/~]{0,3}\d){8,}")

_SEP = r"[ ]?[-.~/)][ ]?|[ ]|"
_BEFORE, _AFTER = r"(?<![\dA-Za-z/])(?<!\d[-.])", r"(?![ ]?\d)(?!-\d)"
_PHONE = re.compile(
    rf"{_BEFORE}(?:(?P<abroad>\+?82)(?:{_SEP})\(?0?\)?|\(?0)(?P<code>1 ?[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?|80)"
    rf"(?P<sep>\)?(?:{_SEP}))(?P<middle>\d(?: ?\d){{2,3}})(?:{_SEP})\d(?: ?\d){{3}}{_AFTER}"
)
_SPACED_MOBILE = re.compile(
    rf"(?<!\d )(?<!\d)0 1 [016789](?: ?- ?| )(?:\d ){{3,4}}(?:- ?)?(?:\d ){{3}}\d{_AFTER}"
)
_RRN = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})(?: ?- ?| )?([1-8])(\d{6})(?!\d)(?!-\d)")
_CARD = re.compile(
    r"(?<!\d)(?<!\d-)(?:[3-69]\d{3}(?P<sep>[ -]| - |)\d{4}(?P=sep)\d{4}(?P=sep)\d{4}|3[47]\d{2}(?P<amex>[ -]|)\d{6}(?P=amex)\d{5})(?!\d)(?!-\d)"
)
_LICENCE = re.compile(
    r"(?<!\d)(?<!\d-)(1[1-9]|2[0-68])(?P<sep>[ -]| - |)(\d{2})(?P=sep)\d{6}(?P=sep)\d{2}(?!\d)(?!-\d)"
)
_OLD_LICENCE = re.compile(
    r"(서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산) ?(?P<rest>\d{2}-\d{6}-\d{2})(?!\d)"
)
_ACCOUNT = re.compile(
    r"(?<!\d)(?<!\d-)(?:\d{2,6}(?:[ ]?-[ ]?|[ ])(?:\d{1,7}(?:[ ]?-[ ]?|[ ])){1,3}\d{1,7}|\d{10,14})(?!\d)(?!-\d)"
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9](?:[A-Za-z0-9._%+\-]*[A-Za-z0-9_])?"
    r"(?P<at>@| @ | ?(?:\[|\(|<|\{)(?:at|AT|@|골뱅이)(?:\]|\)|>|\}) ?| ?골뱅이 ?| at | AT )"
    r"(?P<domain>[A-Za-z0-9\-]+(?:(?:\.| ?(?:\[|\()(?:dot|점|닷|\.)(?:\]|\)) ?| ?(?<![가-힣])(?:닷|점|쩜) ?| dot )[A-Za-z0-9\-]+)*"
    r"(?:\.| ?(?:\[|\()(?:dot|점|닷|\.)(?:\]|\)) ?| ?(?:닷|점|쩜) ?| dot )[A-Za-z]{2,10})(?![A-Za-z0-9@])"
)
_PASSPORT = re.compile(
    r"(?<![A-Za-z0-9])(?:[MSRODGPTmsr][A-Z]?[ -]?\d{8}|[MSRODmsr][ -]?\d{3}[A-Za-z]\d{4}|[A-Z]{2}[ -]?\d{7})(?![A-Za-z0-9])"
)
# What stands before is looked at afterwards: a search that begins with a digit is ten times quicker.
_IP4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_inside_ip4 = re.compile(r"[\d.A-Za-z\-]").match
_IP6 = re.compile(
    r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,6}(?![A-Za-z0-9_:])"
)

# The nearest of these words before a number decides where its form alone does not.
_CUES = {
    "none": r"주문|송장|운송|배송|등기|바코드|상품|제품|모델|시리얼|일련|품번|접수|예약 ?번호|관리|사업자|법인|도서|코드|사건|문서|허가|인증|특허|출원|등록 ?번호|신청 ?번호|고유|학번|사번|수험|티켓|항공권|영수증|승인|거래 ?번호|회원 ?번호|좌표|버전|판본|릴리스|빌드|펌웨어|업데이트|절\b|항목|목차|챕터|[§]|(?i:\b(?:order|isbn|issn|sku|model|serial|s/n|version|ver|build|release|v|doi)\b|[#№])",
    "phone": r"전화|연락|핸드폰|휴대|폰|(?:제|내|저희|우리) ?번호|문의|상담|예약|문자|통화|카톡|☎|☏|📞|콜|팩스|직통|(?i:\b(?:tel|fax|phone|mobile|cell|call|hp|h\.p|c\.p)\b)|[TMFtmf][.:)]",
    "account": r"계좌|입금|송금|예금주|이체|은행|뱅크|농협|신협|수협|우체국|새마을|국민|신한|우리|하나|기업|카뱅|토스|보내 ?주|후원|(?i:\baccount\b)",
    "card": r"카드|신용|체크|결제|(?i:\bcard|visa|master)",
    "passport": r"여권|(?i:passport)",
    "licence": r"면허",
    "ip": r"(?i:\bip)|아이피|접속|서버|호스트|로그인|주소|차단|작성자|댓글|(?i:ping|host|server|client|dns)",
    "rrn": r"주민 ?(?:등록)? ?번호|주민|외국인 ?등록 ?번호|생년월일",
}
_CUE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _CUES.items()))
_REACH = 28  # characters before a number that speak for it
_CUE_AFTER = re.compile(
    r"[\s(,:]{0,2}(?:[가-힣]{2,6}(?:은행|뱅크)|은행|농협|신협|우체국|계좌|예금주|국민|신한|우리은행|하나은행|카카오뱅크|토스)"
)

_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_REGIONS = dict(
    zip(
        [
            "11",
            "12",
            "13",
            "14",
            "15",
            "16",
            "17",
            "18",
            "19",
            "20",
            "21",
            "22",
            "23",
            "24",
            "25",
            "26",
            "28",
        ],
        [
            "서울",
            "부산",
            "경기",
            "강원",
            "충북",
            "충남",
            "전북",
            "전남",
            "경북",
            "경남",
            "제주",
            "대구",
            "인천",
            "광주",
            "대전",
            "울산",
            "경기북부",
        ],
        strict=True,
    )
)
_CENTURY = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place: `text[start:end]` is of `type`; `kept` is the part that identifies nobody."""

    type: str
    start: int
    end: int
    kept: str = ""


def digit_view(text: str) -> str:
    """The text with every way of writing a digit as ASCII; same length."""
    if _HAS_WIDE.search(text):
        text = text.translate(_WIDE)

    def spelled(match: re.Match[str]) -> str:
        return "".join(_SPELLED.get(char, char) for char in match[0])

    return _SPELLED_RUN.sub(spelled, text) if _MANY_SPELLED.search(text) else text


_MANY_SPELLED = re.compile(
    r"[공영일이삼사오육륙칠팔구][ .\-]{0,3}[공영일이삼사오육륙칠팔구][ .\-]{0,3}[공영일이삼사오육륙칠팔구]"
)


def find(text: str) -> list[Finding]:
    """All places of a text that identify somebody, in order, without overlaps."""
    view = digit_view(text)
    found = list(_emails(view))
    if not found and not _has_digit(view) and "::" not in view:
        return []
    found += [*_passports(view), *_addresses(view)]
    for match in _NUMBER.finditer(view):
        found += _numbers(view, match.start(), match.end())
    if _OLD_HINT.search(view):
        for match in _OLD_LICENCE.finditer(view):
            found.append(Finding("licence", match.start(), match.end(), match[1]))
    found.sort(key=lambda finding: (finding.start, -finding.end))
    kept: list[Finding] = []
    for finding in found:
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept


_has_digit = re.compile(r"\d").search
_OLD_HINT = re.compile(r"[가-힣] ?\d\d-\d{6}-\d\d")


def mask(text: str, keep_parts: bool = False) -> tuple[str, list[Finding]]:
    """Replaces each finding by a typed tag such as `<|phone|>`.

    Args:
        text: any text.
        keep_parts: keep what identifies nobody beside the tag: an e-mail's domain, a dialling
            code, the birth year and sex of a registration number, the region of a licence.
    """
    found = find(text)
    if not found:
        return text, found
    parts, at = [], 0
    for finding in found:
        tag = f"<|{finding.type}|>"
        if keep_parts and finding.kept:
            tag = {
                "email": f"{tag}@{finding.kept}",
                "phone": f"{finding.kept}-{tag}",
                "rrn": f"{tag}({finding.kept})",
                "licence": f"{finding.kept} {tag}",
            }[finding.type]
        parts += [text[at : finding.start], tag]
        at = finding.end
    return "".join([*parts, text[at:]]), found


def _cue(view: str, start: int) -> str | None:
    """The type that the nearest word before `start` speaks for."""
    name = None
    for match in _CUE.finditer(view, max(0, start - _REACH), start):
        name = match.lastgroup
    return name


def _numbers(view: str, start: int, end: int) -> Iterator[Finding]:
    """Findings in one run of digits and separators, the surest types first."""
    taken: list[tuple[int, int]] = []

    def free(match: re.Match[str]) -> bool:
        return all(match.end() <= a or match.start() >= b for a, b in taken)

    def take(kind: str, match: re.Match[str], kept: str = "") -> Finding:
        taken.append(match.span())
        return Finding(kind, *match.span(), kept)

    for match in _RRN.finditer(view, start, end):
        cue = _cue(view, match.start())
        if _is_rrn(match, cue == "rrn") and cue != "none":
            born = _CENTURY[match[4]] + int(match[1])
            sex = "남" if match[4] in "1357" else "여"
            yield take("rrn", match, f"{born}년생 {sex}")
    for match in _CARD.finditer(view, start, end):
        if free(match) and luhn(re.sub(r"\D", "", match[0])):
            cue = _cue(view, match.start())
            if cue != "none" and (
                match["sep"] or match["amex"] or cue == "card" or _after(view, match, "카드")
            ):
                yield take("card", match)
    for match in _LICENCE.finditer(view, start, end):
        if free(match):
            cue = _cue(view, match.start())
            if cue != "none" and _after(view, match, "면허"):
                cue = "licence"
            if cue == "licence" or (match["sep"].strip() and cue not in ("none", "account")):
                yield take("licence", match, _REGIONS.get(match[1], ""))
    for match in _PHONE.finditer(view, start, end):
        if free(match) and _is_phone(view, match):
            yield take("phone", match, "0" + match["code"].replace(" ", ""))
    for match in _SPACED_MOBILE.finditer(view, start, end):
        if free(match) and _cue(view, match.start()) != "none":
            yield take("phone", match, match[0][:5].replace(" ", ""))
    for match in _ACCOUNT.finditer(view, start, end):
        if free(match) and 10 <= sum(map(str.isdigit, match[0])) <= 14:
            cue = _cue(view, match.start())
            if _DATE_LIKE.match(match[0]):
                continue
            if cue == "account" or (cue is None and _CUE_AFTER.match(view, match.end())):
                yield take("account", match)


_DATE_LIKE = re.compile(
    r"(?:19|20)\d\d ?-? ?(?:(?:0?[1-9]|1[0-2]) ?-? ?(?:0?[1-9]|[12]\d|3[01])(?!\d)|(?:19|20)\d\d)"
)


def _after(view: str, match: re.Match[str], word: str) -> bool:
    return word in view[match.end() : match.end() + 10]


def _is_rrn(match: re.Match[str], told: bool) -> bool:
    month, day, digits = int(match[2]), int(match[3]), re.sub(r"\D", "", match[0])
    if not (
        1 <= month <= 12 and 1 <= day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    ):
        return False
    if rrn_check_digit(digits) == int(digits[12]):
        return True
    # Numbers given since October 2020 carry no check digit.
    return told or (_CENTURY[match[4]] + int(match[1]) >= 2020 and "-" in match[0])


def rrn_check_digit(digits: str) -> int:
    """The 13th digit that the first twelve of a registration number call for."""
    total = sum(w * int(d) for w, d in zip(_RRN_WEIGHTS, digits[:12], strict=True))
    foreign = digits[6] in "5678"
    return ((13 if foreign else 11) - total % 11) % 10


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_phone(view: str, match: re.Match[str]) -> bool:
    cue = _cue(view, match.start())
    if cue == "none":
        return False
    text, mobile = match[0], match["code"].startswith("1")
    digits = sum(map(str.isdigit, text)) - (2 if match["abroad"] else 0)
    separated = not text.lstrip("+(").isdigit()
    if match["abroad"]:
        return text.startswith("+") or (separated and cue == "phone") or mobile
    if mobile:
        if cue == "account" and not separated:
            return False
        return digits == 11 or (digits == 10 and match["code"][-1] != "0")
    if not separated:  # 0212345678 may be anything
        return cue == "phone" and digits >= 9
    hyphens = text.count("-") + text.count(")") + text.count(".")
    return hyphens >= 2 or cue == "phone" or (hyphens == 1 and ")" in text)


def _emails(view: str) -> Iterator[Finding]:
    if "@" not in view and "골뱅이" not in view and not _AT_WORD.search(view):
        return
    for match in _EMAIL.finditer(view):
        plain = (
            match["at"].strip() == "@"
            or match["at"].strip() in ("골뱅이",)
            or match["at"].strip()[:1] in "[(<{"
        )
        domain = re.sub(r" ?[\[(]?(?:dot|점|닷|쩜|\.)[\])]? ?", ".", match["domain"])
        if plain or domain.rpartition(".")[2].lower() in ("com", "net", "org", "kr"):
            yield Finding("email", match.start(), match.end(), domain)


_AT_WORD = re.compile(r"[\[(<{ ](?:at|AT)[\])>} ]")


def _passports(view: str) -> Iterator[Finding]:
    if "여권" not in view and "assport" not in view and "ASSPORT" not in view:
        return
    for match in _PASSPORT.finditer(view):
        near = view[max(0, match.start() - 40) : match.end() + 15]
        cue = _cue(view, match.start())
        if re.search(_CUES["passport"], near) and cue in (None, "passport", "rrn", "phone"):
            yield Finding("passport", match.start(), match.end())


def _addresses(view: str) -> Iterator[Finding]:
    if "." in view:
        for match in _IP4.finditer(view):
            if match.start() and _inside_ip4(view, match.start() - 1):
                continue
            cue = _cue(view, match.start())
            if cue == "none" or not _is_public(match[0]):
                continue
            largest = max(map(int, match[0].split(".")))  # 1.2.3.4 is a section or an example
            if largest >= 100 or (cue == "ip" and largest >= 10):
                yield Finding("ip", match.start(), match.end())
    if "::" in view or view.count(":") >= 7:
        for match in _IP6.finditer(view):
            if _is_public(match[0]):
                yield Finding("ip", match.start(), match.end())


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
