"""Telephone numbers: mobile, by area, from abroad."""

import re
from collections.abc import Iterator

from clova_jax.corpus.privacy.cues import labelled_otherwise, nearest
from clova_jax.corpus.privacy.findings import Candidate, Evidence, Finding
from clova_jax.corpus.privacy.view import View

# 에: 공일공에 일이삼사에 오육칠팔, as a number is read out.
_JOINT = r"[ ]{0,2}[\-.~/,:;()\[\]에\n]{0,3}[ ]{0,2}"
_MOBILE_CODE = r"1[016789]"
_AREA_CODE = r"2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?|80"
_REST = rf"(?P<first>{_JOINT})(?P<middle>\d\d? ?\d\d)(?P<second>{_JOINT})(?P<last>\d\d ?\d\d)"
_HOME = re.compile(rf"0(?P<code>{_MOBILE_CODE}|{_AREA_CODE}){_REST}")
_ABROAD = re.compile(
    rf"(?P<sign>\+ ?|00)?82(?:{_JOINT})\(?0?\)?(?: ?-)?(?P<code>{_MOBILE_CODE}|{_AREA_CODE}){_REST}"
)

_letter_before = re.compile(
    r"(?:[A-Za-z_]{2}|[^A-Za-z_][ABDEGIJKLNOQRSUVWXYZabdegijklnoqrsuvwxyz_])$"
)
_url_before = re.compile(r"(?:://|www\.|[?&]\w+=)\S*$").search


def phones(view: View) -> Iterator[Candidate]:
    """The telephone numbers of a stretch."""
    for match in _each(_ABROAD, view.text):
        yield from _candidate(view, match, True)
    for match in _each(_HOME, view.text):
        yield from _candidate(view, match, False)


def _each(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches at every place, overlapping ones too: the first to begin may be the wrong one."""
    place = 0
    while match := pattern.search(text, place):
        yield match
        place = match.start() + 1


def _candidate(view: View, match: re.Match[str], abroad: bool) -> Iterator[Candidate]:
    start, end = match.span()
    text = view.text
    if view.touched(start, end):
        return
    place = view.places[start]
    evidence = (
        _abroad_evidence(view, match, place)
        if abroad
        else _mobile_evidence(view, match, place)
        if match["code"][0] == "1"
        else _area_evidence(view, match, place)
    )
    if evidence is None:
        return
    if (
        start
        and text[start - 1] in "(["
        and text.count(text[start - 1], start, end)
        < sum(text.count(mark, start, end) for mark in ")]")
    ):
        start -= 1  # (010) 1234-5678
    kept = "0" + match["code"]
    yield Candidate(evidence, Finding("phone", *view.span(start, end), kept))


def _mobile_evidence(view: View, match: re.Match[str], place: int) -> Evidence | None:
    first, second = match["first"], match["second"]
    middle, last = match["middle"].replace(" ", ""), match["last"].replace(" ", "")
    spaced = " " in match["middle"] or " " in match["last"]
    if set(middle + last) <= {"0", "1"} or (spaced and "\n" in first + second):  # binary, a table
        return None
    if match["code"][-1] == "0" and len(middle) == 3 and not (first and second):
        return None
    if not first and not second and not spaced:
        return _unseparated_mobile(view, match, place)
    marked = first and (second or (len(middle) == 4 and first.strip()))
    weak = not (first + second).strip(" ,:;/[]") and first.strip() + second.strip() != ""
    if not marked or spaced or weak or _chained(view, match):
        return None if labelled_otherwise(view.original, place) else Evidence.TELLING
    return Evidence.UNMISTAKABLE


def _unseparated_mobile(view: View, match: re.Match[str], place: int) -> Evidence | None:
    original, start, end = view.original, match.start(), match.end()
    if match["code"][-1] == "0" and len(match["middle"]) != 4:
        return None
    around = view.text[max(0, start - 2) : start], view.text[end : end + 1]
    if _letter_before.search(" " + around[0]) or (around[1].isascii() and around[1].isalpha()):
        return None
    if _digit_then(around[0], ".-,") or re.match(r"[.,\-]\d", view.text[end : end + 2]):
        return None
    if _url_before(original, max(0, place - 200), place):
        return None
    if labelled_otherwise(original, place) or nearest(original, place) == "account":
        return None
    return Evidence.TELLING


def _digit_then(text: str, marks: str) -> bool:
    return len(text) == 2 and text[0].isdigit() and text[1] in marks


_chain_before = re.compile(r"\d{3}[\-.]$")
_chain_after = re.compile(r"-(?!0\d{1,2}[\-.)])\d{3}").match


def _chained(view: View, match: re.Match[str]) -> bool:
    """Whether more groups of digits are tied to it: `1234-010-1234-5678`; a list number is not."""
    start = match.start()
    return bool(
        _chain_before.search(view.text[max(0, start - 4) : start])
        or _chain_after(view.text, match.end())
    )


def _area_evidence(view: View, match: re.Match[str], place: int) -> Evidence | None:
    text, start, end = view.text, match.start(), match.end()
    first, second = match["first"], match["second"]
    before = text[max(0, start - 2) : start]
    if _digit_then(before, "-.,:") or re.match(r"-\d{2}|[.,]\d", text[end : end + 3]):
        return None
    if before[-1:].isascii() and before[-1:].isalpha() and not first:
        return None
    if match["code"] == "2" and len(match["middle"].replace(" ", "")) < 3:
        return None
    digits = sum(map(str.isdigit, match[0]))
    signs = [bool(joint.strip()) and set(joint) <= set(" -.)\n") for joint in (first, second)]
    spaced = " " in match["middle"] or " " in match["last"]
    if not spaced and second.strip() and (all(signs) or (")" in first and "-" in second)):
        return None if labelled_otherwise(view.original, place) else Evidence.TELLING
    if digits < 9 or nearest(view.original, place) != "phone":
        return None
    if not first and _url_before(view.original, max(0, place - 200), place):
        return None
    return Evidence.CUED


def _abroad_evidence(view: View, match: re.Match[str], place: int) -> Evidence | None:
    start = match.start()
    signed = bool(match["sign"])
    mobile = match["code"][0] == "1"
    separated = bool(match["first"]) and bool(match["second"])
    if signed and match["sign"][0] == "+":
        return Evidence.UNMISTAKABLE
    if _digit_then(view.text[max(0, start - 2) : start], "-.,"):
        return None
    if (mobile and separated) or nearest(view.original, place) == "phone":
        return None if labelled_otherwise(view.original, place) else Evidence.TELLING
    return None
