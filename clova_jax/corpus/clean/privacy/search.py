"""Compares the candidates of every rule with each other, until nothing more is found."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from clova_jax.corpus.clean.privacy.addresses import addresses4, addresses6, may_have_addresses6
from clova_jax.corpus.clean.privacy.emails import emails, may_have_emails
from clova_jax.corpus.clean.privacy.findings import TYPES, Candidate, Evidence, Finding
from clova_jax.corpus.clean.privacy.numbers import PASSPORT_WORD, numbers, passports
from clova_jax.corpus.clean.privacy.phones import phones
from clova_jax.corpus.clean.privacy.view import View, digit_view, plain_view
from clova_jax.corpus.clean.privacy.windows import merged, windows

_ORDER = {name: place for place, name in enumerate(TYPES)}
_LONGEST = 300  # characters of a finding, at most
_PASSPORT_REACH = 60
# A number cut by a line's end, and one written digit by digit, are also read as one number.
_BROKEN = re.compile(r"(?<=\d)\s*\n\s*(?=\d)")
_SINGLES = re.compile(r"(?<!\d)\d(?:[ .,\-]{1,3}\d(?!\d)){8,}")


def find(text: str) -> list[Finding]:
    """Finds all places of a text that identify somebody, in order, without overlaps."""
    return _search(text, False)


def mask(text: str, keep_parts: bool = False) -> tuple[str, list[Finding]]:
    """Replaces each finding by a typed tag such as `<|phone|>`.

    Args:
        text: any text.
        keep_parts: keep what identifies nobody beside the tag: an e-mail's domain, a dialling
            code, the birth year and sex of a registration number, the region of a licence.
    """
    found = _search(text, keep_parts)
    return (_masked(text, found, keep_parts)[0] if found else text), found


def excerpt(text: str, length: int) -> str:
    """Returns the first `length` characters of a text, masked; no finding is cut in two."""
    window = text[: length + _LONGEST]
    end, parts, at = length, [], 0
    for finding in find(window):
        if finding.start >= length:
            break
        parts += [window[at : finding.start], _tag(finding, False)]
        at = finding.end
        end = max(end, at)
    return "".join([*parts, window[at:end]])


def _tag(finding: Finding, keep_parts: bool) -> str:
    tag = f"<|{finding.type}|>"
    if not keep_parts or not finding.kept:
        return tag
    return {
        "email": f"{tag}@{finding.kept}",
        "phone": f"{finding.kept}-{tag}",
        "rrn": f"{tag}({finding.kept})",
        "licence": f"{finding.kept} {tag}",
    }[finding.type]


def _search(text: str, keep_parts: bool) -> list[Finding]:
    """The findings of a text and of what it becomes, so that masking twice is masking once.

    What is masked may set free what it overlapped, and a part that is kept may go together with
    what stands before it: such a part is not kept.
    """
    found = _pass(text)
    changed = bool(found)
    while changed:
        changed = False
        masked, tags = _masked(text, found, keep_parts)
        ends = [end for _, end in tags]
        for finding in _pass(masked):
            before = bisect_right(ends, finding.start)
            touched = before
            while touched < len(tags) and tags[touched][0] < finding.end:
                changed |= bool(found[touched].kept)
                found[touched] = replace(found[touched], kept="")
                touched += 1
            if touched == before:
                shift = found[before - 1].end - ends[before - 1] if before else 0
                start, end = finding.start + shift, finding.end + shift
                found.append(replace(finding, start=start, end=end))
                changed = True
        found.sort(key=lambda finding: finding.start)
    return found


def _masked(text: str, found: list[Finding], keep_parts: bool) -> tuple[str, list[tuple[int, int]]]:
    """The masked text, and where its tags stand."""
    parts, at, length, tags = [], 0, 0, []
    for finding in found:
        tag = _tag(finding, keep_parts)
        parts += [text[at : finding.start], tag]
        length += finding.start - at + len(tag)
        tags.append((length - len(tag), length))
        at = finding.end
    return "".join([*parts, text[at:]]), tags


def _pass(text: str) -> list[Finding]:
    candidates: list[Candidate] = []
    if may_have_emails(text):
        candidates += emails(text)
    if "여권" in text or "assport" in text or "ASSPORT" in text:
        candidates += _passports(text)
    if may_have_addresses6(text):
        candidates += addresses6(text)
    for start, end in windows(text):
        candidates += _in_window(digit_view(text, start, end))
    return _best(candidates) if candidates else []


def _passports(text: str) -> Iterator[Candidate]:
    spans = [
        (max(0, match.start() - _PASSPORT_REACH), match.end() + _PASSPORT_REACH)
        for match in PASSPORT_WORD.finditer(text)
    ]
    for start, end in merged(spans):
        yield from passports(plain_view(text, start, end))


def _in_window(view: View) -> Iterator[Candidate]:
    if sum(map(view.text.count, "0123456789")) < 6:
        return
    yield from phones(view)
    yield from numbers(view)
    yield from addresses4(view)
    singles = view.without(_SINGLES, " ,-")
    if singles is not None:
        yield from phones(singles)
        yield from numbers(singles)
    joined = view.without(_BROKEN, " \n") if "\n" in view.text else None
    if joined is not None:
        for candidate in (*phones(joined), *numbers(joined)):
            if candidate.evidence is Evidence.UNMISTAKABLE:
                yield candidate


def _best(candidates: list[Candidate]) -> list[Finding]:
    """Of candidates that overlap, the one with more evidence; then by type; then the longer."""
    findings = sorted(
        (candidate.finding for candidate in candidates), key=lambda finding: finding.start
    )
    if all(one.end <= two.start for one, two in pairwise(findings)):
        return findings
    candidates.sort(
        key=lambda candidate: (
            -candidate.evidence,
            _ORDER[candidate.finding.type],
            candidate.finding.start - candidate.finding.end,
            candidate.finding.start,
        )
    )
    first = findings[0].start
    taken = bytearray(max(finding.end for finding in findings) - first)
    kept = []
    for finding in (candidate.finding for candidate in candidates):
        place = slice(finding.start - first, finding.end - first)
        if not any(taken[place]):
            taken[place] = b"\x01" * (finding.end - finding.start)
            kept.append(finding)
    return sorted(kept, key=lambda finding: finding.start)
