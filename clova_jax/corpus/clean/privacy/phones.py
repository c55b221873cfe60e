"""Finds telephone numbers: mobile, by area, from abroad."""

import re
from collections.abc import Iterator

from clova_jax.corpus.clean.privacy.cues import labelled_otherwise, nearest
from clova_jax.corpus.clean.privacy.findings import Candidate, Evidence, Finding
from clova_jax.corpus.clean.privacy.view import View

# 에: 공일공에 일이삼사에 오육칠팔, as a number is read out.
_JOINT = r"[ ]{0,2}[\-.~/,:;()\[\]에\n]{0,3}[ ]{0,2}"
_MOBILE_CODE = r"1[016789]"
_AREA_CODE = r"2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50[2-8]?|80"
_REST = rf"(?P<first>{_JOINT})(?P<middle>\d\d? ?\d\d)(?P<second>{_JOINT})(?P<last>\d\d ?\d\d)"
_HOME = re.compile(rf"0(?P<code>{_MOBILE_CODE}|{_AREA_CODE}){_REST}")
_ABROAD = re.compile(
    rf"(?P<sign>\+ ?|00)?82(?P<country>{_JOINT})\(?0?\)?(?: ?-)?(?P<code>{_MOBILE_CODE}|{_AREA_CODE}){_REST}"
)
# Of any other country, with the plus sign that such numbers begin with.
_FOREIGN = re.compile(r"\+(?!82)\d{1,3}(?:[ \-.]?\(?\d{1,5}\)?){2,5}")

_letter_before = re.compile(
    r"(?:[A-Za-z_]{2}|[^A-Za-z_][ABDEGIJKLNOQRSUVWXYZabdegijklnoqrsuvwxyz_])$"
)
_url_before = re.compile(r"(?:://|www\.|[?&]\w+=)\S*$").search


def phones(view: View) -> Iterator[Candidate]:
    """Finds the telephone numbers of a window."""
    for pattern in (_ABROAD, _HOME):
        free = 0  # where the number before ends: what is tied to it is tied to no other digits
        for match in _each(pattern, view.text):
            evidence = _evidence(view, match, free)
            if evidence is not None:
                yield Candidate(evidence, _finding(view, match))
                free = max(free, match.end())
    for match in _FOREIGN.finditer(view.text):
        digits = sum(map(str.isdigit, match[0]))
        before = view.text[max(0, match.start() - 2) : match.start()].rstrip()[-1:]
        if 10 <= digits <= 15 and not view.touched(*match.span()) and not _operand(before):
            yield Candidate(Evidence.TELLING, Finding("phone", *view.span(*match.span())))


_operand = re.compile(r"[\w)\]+*/%=]").match  # what stands before a plus that adds


def _each(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches at every place, overlapping ones too: the first to begin may be the wrong one."""
    place = 0
    while match := pattern.search(text, place):
        yield match
        place = match.start() + 1


def _evidence(view: View, match: re.Match[str], free: int) -> Evidence | None:
    if view.touched(*match.span()):
        return None
    before = view.text[max(free, match.start() - 4) : match.start()]
    if match.re is _ABROAD:
        return _abroad_evidence(view, match, before)
    rule = _mobile_evidence if match["code"][0] == "1" else _area_evidence
    return rule(view, match, before)


def _finding(view: View, match: re.Match[str]) -> Finding:
    (start, end), text = match.span(), view.text
    opened = text[start - 1] if start else ""
    if (
        opened
        and opened in "(["
        and text.count(opened, start, end) < sum(text.count(mark, start, end) for mark in ")]")
    ):
        start -= 1  # (010) 1234-5678
    return Finding("phone", *view.span(start, end), "0" + match["code"])


def _mobile_evidence(view: View, match: re.Match[str], before: str) -> Evidence | None:
    first, second = match["first"], match["second"]
    middle, last = match["middle"].replace(" ", ""), match["last"].replace(" ", "")
    spaced = " " in match["middle"] or " " in match["last"]
    current = match["code"] == "10" and len(middle) == 4
    if set(middle + last) <= {"0", "1"} or (spaced and "\n" in first + second):  # binary, a table
        return None
    if not first and not second and not spaced:
        return _unseparated_mobile(view, match, before)
    chained = bool(_chain_before(before) or _chain_after(view.text, match.end()))
    sure = bool(first and second) and not chained
    if not (first and second):  # 010-12345678, 0101234-5678
        if not current or chained or "\n" in first + second:
            return None
        sure = bool(first.strip())
    marks = first.strip(), second.strip()
    if match["code"] != "10" and marks[0] != marks[1] and ")" not in marks[0]:  # 5,017,748 | 2028
        return None
    if "".join(marks) and not (first + second).strip(" ,:;/[]"):  # as in lists of figures
        if first != second or not current or _digit_then(before, ".,:/"):
            return None
        sure = False
    if sure and not spaced:
        return Evidence.UNMISTAKABLE
    return (
        None if labelled_otherwise(view.original, view.places[match.start()]) else Evidence.TELLING
    )


def _unseparated_mobile(view: View, match: re.Match[str], before: str) -> Evidence | None:
    original, place = view.original, view.places[match.start()]
    if match["code"] == "10" and len(match["middle"]) != 4:
        return None
    after = view.text[match.end() : match.end() + 2]
    if _letter_before.search(" " + before[-2:]) or (after[:1].isascii() and after[:1].isalpha()):
        return None
    if _digit_then(before, ".-") or re.match(r"-\d", after):
        return None
    if _url_before(original, max(0, place - 200), place):
        return None
    if labelled_otherwise(original, place) or nearest(original, place) == "account":
        return None
    return Evidence.TELLING


def _digit_then(text: str, marks: str) -> bool:
    return text[-2:-1].isdigit() and text[-1] in marks


# More groups of digits are tied to it: `1234-010-1234-5678`; a list number is not.
_chain_before = re.compile(r"\d{3}[\-.]$").search
_chain_after = re.compile(r"-(?!0\d{1,2}[\-.)])\d{3}").match


def _area_evidence(view: View, match: re.Match[str], before: str) -> Evidence | None:
    first, second = match["first"], match["second"]
    place = view.places[match.start()]
    hyphened = ("-" in first or ")" in first) and "-" in second
    listed = hyphened and re.search(r"(?:^|\D)\d\.$", before)
    if not listed and _digit_then(before, "-." if hyphened else "-.,:"):
        return None
    if re.match(
        r"-\d{2}" if hyphened else r"-\d{2}|[.,]\d", view.text[match.end() : match.end() + 3]
    ):
        return None
    if before[-1:].isascii() and before[-1:].isalpha() and not hyphened:
        return None
    spaced = " " in match["middle"] or " " in match["last"]
    signs = [bool(joint.strip()) and set(joint) <= set(" -.)\n") for joint in (first, second)]
    if not spaced and (all(signs) or hyphened):
        return None if labelled_otherwise(view.original, place) else Evidence.TELLING
    if sum(map(str.isdigit, match[0])) < 9 or nearest(view.original, place) != "phone":
        return None
    if _url_before(view.original, max(0, place - 200), place):
        return None
    return Evidence.CUED


def _abroad_evidence(view: View, match: re.Match[str], before: str) -> Evidence | None:
    signed = bool(match["sign"])
    mobile = match["code"][0] == "1"
    separated = bool(match["first"]) and bool(match["second"])
    if signed and match["sign"][0] == "+":
        return Evidence.UNMISTAKABLE
    if _digit_then(before, "-.,"):
        return None
    if separated and not match["country"]:  # 82 18 5386 4490, in groups of its own
        return None
    if (mobile and separated) or nearest(view.original, view.places[match.start()]) == "phone":
        return (
            None
            if labelled_otherwise(view.original, view.places[match.start()])
            else Evidence.TELLING
        )
    return None
