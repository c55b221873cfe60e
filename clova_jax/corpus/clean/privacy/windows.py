"""Finds where in a text numbers may stand: windows to examine closely, found in one linear search."""

import re

from clova_jax.corpus.clean.privacy.view import INVISIBLE, LIKE

_CIRCLED = "①-⑨⑴-⑼❶-❾➀-➈➊-➒⓵-⓽⓪⓿"
SEPARATORS = (
    r"\s\-.~/()\[\]+,:;|=^\"'`*_·…" + "\u2010-\u2015⁃−⋯ㅡ─━│ㆍ・･•∙⋅‧᛫●○◦∗ー﹘﹣、。､｡→“”‘’"
    "！-／：-＠［-｀｛-～" + INVISIBLE
)
# Six characters are the shortest that matters: an address such as 8.8.8.8 identifies nobody.
_RUN = re.compile(rf"\d[\d{SEPARATORS}{_CIRCLED}{LIKE}]{{6,}}")
_CIRCLED_RUN = re.compile(rf"[{_CIRCLED}][\d{SEPARATORS}{_CIRCLED}{LIKE}]{{6,}}")
has_circled = re.compile(rf"[{_CIRCLED}]").search

# The beginning of a mobile number in any writing: 010, O1O, ㅇ1ㅇ, 공1공, 零一零.
_BETWEEN = rf"[{SEPARATORS}]{{0,4}}"
_HEAD = re.compile(
    rf"[0Oo공영ㅇ〇零０]{_BETWEEN}[1lI일ㅣ一１]{_BETWEEN}[016-9Oo공영ㅇ〇零일一육륙六칠七팔八구九０１６-９]"
    rf"{_BETWEEN}에?{_BETWEEN}[\d{_CIRCLED}{LIKE}]"
)
_HEAD_REACH = 90  # longer than a number with spaces, marks and invisible characters

_SPELLED = "공영일이삼사오육륙칠팔구〇零一二三四五六七八九"
has_spelled = re.compile(rf"[{_SPELLED}][ .\-]{{0,3}}[{_SPELLED}][ .\-]{{0,3}}[{_SPELLED}]").search
_SPELLED_RUN = re.compile(rf"(?<![가-힣])[{_SPELLED}](?:[{SEPARATORS}]{{0,3}}[{LIKE}\d]){{7,}}")

_has_digits = re.compile(r"\d").search
_digits = re.compile(r"\d").findall
_HARMLESS = re.compile(
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?[\s.,:;)\]~\-'\"]*"  # a sum
    r"|(?:19|20)\d\d[\-./]\s?\d\d?[\-./]\s?\d\d?[\s.,:;)\]~(\[\-'\"]*(?:\d\d?:\d\d(?::\d\d)?[\s.,:;)\]~(\[\-'\"]*)?"
)


def windows(text: str) -> list[tuple[int, int]]:
    """Stretches of a text that may hold a number of seven digits or more, in order, apart from each other."""
    spelled, circled = has_spelled(text), has_circled(text)
    if not (spelled or circled or _has_digits(text)):
        return []
    spans = [
        match.span()
        for match in _RUN.finditer(text)
        if len(_digits(match[0])) >= 6 and not _HARMLESS.fullmatch(match[0])
    ]
    for match in _HEAD.finditer(text):
        spans.append((match.start(), match.start() + _HEAD_REACH))
    if spelled:
        spans += [match.span() for match in _SPELLED_RUN.finditer(text)]
    if circled:
        spans += [match.span() for match in _CIRCLED_RUN.finditer(text)]
    # A bracket, a sign, the neighbours.
    return merged([(max(0, start - 6), min(len(text), end + 6)) for start, end in spans])


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the windows in order, those that touch joined."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart
