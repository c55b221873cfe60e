"""Numbers of persons, cards, licences, passports and bank accounts."""

import re
from collections.abc import Iterator

from clova_jax.corpus.clean.privacy.cues import CUES, before, follows, labelled_otherwise, nearest
from clova_jax.corpus.clean.privacy.findings import Candidate, Evidence, Finding
from clova_jax.corpus.clean.privacy.view import View

_RRN = re.compile(
    r"(\d{2})(\d{2})(\d{2})(?P<joint>[ ]{0,2}(?:[-~.,/:]?[ ]?\n?|\n[-~])[ ]{0,2})([1-8])(\d{6})"
)
_CARD = re.compile(
    r"(?<!\d-)(?:[3-69]\d{3}(?P<sep>[ .-]| - |)\d{4}(?P=sep)\d{4}(?P=sep)\d{4}"
    r"|3[47]\d{2}(?P<amex>[ .-]|)\d{6}(?P=amex)\d{5})(?!-\d)"
)
_LICENCE = re.compile(
    r"(?<!\d-)(1[1-9]|2[0-68])(?P<sep>[ .-]| - |)(\d{2})(?P=sep)\d{6}(?P=sep)\d{2}(?!-\d)"
)
_OLD_LICENCE = re.compile(
    r"(서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산) ?"
    r"(?P<rest>\d{2}-\d{6}-\d{2})"
)
_ACCOUNT = re.compile(
    r"(?<!\d-)(?:\d{2,6}(?P<sep> ?- ?|\.| )\d{1,7}(?:(?P=sep)\d{1,7}){1,3}|\d{2,6}-\d{5,9}|\d{10,14})(?!-\d)"
)
_PASSPORT = re.compile(
    r"(?<![A-Za-z0-9])(?:[MSRODGPTmsr][A-Z]?[ -]?\d{8}|[MSRODmsr][ -]?\d{3}[A-Za-z]\d{4}"
    r"|[A-Z]{2}[ -]?\d{7})(?![A-Za-z0-9])"
)
PASSPORT_WORD = re.compile(CUES["passport"])

_BANK = re.compile(
    r"^[ \t(,:]{0,2}(?:[가-힣]{2,6}(?:은행|뱅크)|은행|농협|신협|우체국|계좌|예금주|(?:국민|신한|토스)(?![가-힣]))"
)
_CARD_WORD, _LICENCE_WORD = re.compile("카드"), re.compile("면허")
_DATE = re.compile(
    r"(?:19|20)\d\d(?:(?P<mark> ?[-.] ?| )(?:0?[1-9]|1[0-2])(?P=mark)(?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}(?:\d\d)?)?(?!\d)|(?: ?- ?| )(?:19|20)\d\d(?!\d))"
)
# What follows the last digit where it is the end of a sum or a count, not of an account.
_UNIT = re.compile(
    r",\d{3}| ?(?:[만천백억조]? ?원|[만천억]|[개월년일시분초명회건장층번살세호]|%|\$|불|달러)"
)

_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_REGION_NAMES = (
    "서울 부산 경기 강원 충북 충남 전북 전남 경북 경남 제주 대구 인천 광주 대전 울산 경기북부"
)
_REGIONS = dict(zip([*map(str, range(11, 27)), "28"], _REGION_NAMES.split(), strict=True))
_CENTURY = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}
_OLDEST = 1920  # 110111-1… is a company's number; nobody alive was born before


def numbers(view: View) -> Iterator[Candidate]:
    """Finds registration numbers, cards, licences and accounts in a window."""
    for rule in (_rrns, _cards, _licences, _accounts):
        yield from rule(view)


def _matches(view: View, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Matches that no other digit touches."""
    text, place = view.text, 0
    while match := pattern.search(text, place):
        if not view.touched(*match.span()):
            yield match
        place = match.start() + 1


def _found(view: View, kind: str, match: re.Match[str], kept: str = "") -> Finding:
    return Finding(kind, *view.span(*match.span()), kept)


def _rrns(view: View) -> Iterator[Candidate]:
    for match in _matches(view, _RRN):
        place = view.places[match.start()]
        evidence = _rrn_evidence(view, match, place)
        if evidence is None or (
            evidence is not Evidence.UNMISTAKABLE and labelled_otherwise(view.original, place)
        ):
            continue
        sex = "남" if match[5] in "1357" else "여"
        kept = f"{_CENTURY[match[5]] + int(match[1])}년생 {sex}"
        yield Candidate(evidence, _found(view, "rrn", match, kept))


def _rrn_evidence(view: View, match: re.Match[str], place: int) -> Evidence | None:
    month, day, digits = int(match[2]), int(match[3]), re.sub(r"\D", "", match[0])
    longest = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (1 <= month <= 12 and 1 <= day <= longest[month - 1]):
        return None
    born = _CENTURY[match[5]] + int(match[1])
    if rrn_check_digit(digits) == int(digits[12]):
        return Evidence.UNMISTAKABLE if _OLDEST <= born < 2040 else Evidence.TELLING
    if nearest(view.original, place) == "rrn":
        return Evidence.CUED
    # Numbers given since October 2020 carry no check digit.
    is_clear = match["joint"].strip() == "-" and _OLDEST <= born < 2040 and match[5] in "1234"
    return Evidence.TELLING if is_clear else None


def rrn_check_digit(digits: str) -> int:
    """Computes the 13th digit that the first twelve of a registration number require."""
    total = sum(w * int(d) for w, d in zip(_RRN_WEIGHTS, digits[:12], strict=True))
    foreign = digits[6] in "5678"
    return ((13 if foreign else 11) - total % 11) % 10


def luhn(digits: str) -> bool:
    """Checks whether the check digit of a card number is right."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _cards(view: View) -> Iterator[Candidate]:
    for match in _matches(view, _CARD):
        if not luhn(re.sub(r"\D", "", match[0])):
            continue
        place = view.places[match.start()]
        if labelled_otherwise(view.original, place):
            continue
        separator = match["sep"] or match["amex"]
        told = nearest(view.original, place) == "card" or follows(
            view.original, view.span(*match.span())[1], _CARD_WORD
        )
        if separator and not (separator == " " and _in_a_row(view, match)):
            yield Candidate(Evidence.TELLING, _found(view, "card", match))
        elif told:
            yield Candidate(Evidence.CUED, _found(view, "card", match))


def _in_a_row(view: View, match: re.Match[str]) -> bool:
    """Whether groups of digits go on before or after, as in a table of figures."""
    start, end = match.span()
    before_it = re.search(r"\d[ ]$", view.text[max(0, start - 2) : start])
    return bool(before_it or re.match(r"[ ]\d{3,}", view.text[end : end + 4]))


def _licences(view: View) -> Iterator[Candidate]:
    for match in _matches(view, _LICENCE):
        place = view.places[match.start()]
        if labelled_otherwise(view.original, place):
            continue
        cue = nearest(view.original, place)
        if cue != "none" and follows(view.original, view.span(*match.span())[1], _LICENCE_WORD):
            cue = "licence"
        kept = _REGIONS.get(match[1], "")
        if match["sep"].strip() and cue not in ("none", "account"):
            yield Candidate(Evidence.TELLING, _found(view, "licence", match, kept))
        elif cue == "licence":
            yield Candidate(Evidence.CUED, _found(view, "licence", match, kept))
    for match in _matches(view, _OLD_LICENCE):
        yield Candidate(Evidence.TELLING, _found(view, "licence", match, match[1]))


def _accounts(view: View) -> Iterator[Candidate]:
    text = view.text
    for match in _matches(view, _ACCOUNT):
        start, end = match.span()
        if match["sep"] and match["sep"].strip() != "-":
            end = _without_sum(text, start, end, match["sep"])
        elif _UNIT.match(text, end):
            continue
        if not 10 <= sum(map(str.isdigit, text[start:end])) <= 14 or _DATE.match(text, start, end):
            continue
        place, stop = view.span(start, end)
        if labelled_otherwise(view.original, place):
            continue
        cue = nearest(view.original, place)
        if cue == "account" or (cue is None and _bank_follows(view.original, stop)):
            yield Candidate(Evidence.CUED, Finding("account", place, stop))


def _without_sum(text: str, start: int, end: int, separator: str) -> int:
    """Returns the end of space-separated groups without a last one that begins a sum: `123 45 6789012 50,000원`."""
    while _UNIT.match(text, end) and separator in text[start:end]:
        end = text.rindex(separator, start, end)
    return end


def _bank_follows(text: str, end: int) -> bool:
    return _BANK.search(text[end : end + 12]) is not None


def passports(view: View) -> Iterator[Candidate]:
    """Finds passport numbers of a window around the word for them."""
    for match in _PASSPORT.finditer(view.text):
        start, stop = view.span(*match.span())
        near = before(view.original, start), view.original[stop : stop + 15]
        told = PASSPORT_WORD.search(near[0]) or PASSPORT_WORD.search(near[1])
        if told and nearest(view.original, start) in (None, "passport", "rrn", "phone"):
            yield Candidate(Evidence.CUED, Finding("passport", start, stop))
