"""Finds internet addresses that lead to a person."""

import ipaddress
import re
from collections.abc import Iterator

from clova_jax.corpus.clean.privacy.cues import follows, nearest
from clova_jax.corpus.clean.privacy.findings import Candidate, Evidence, Finding
from clova_jax.corpus.clean.privacy.view import View

_IP4 = re.compile(r"(?<![\d.A-Za-z])(?<![A-Za-z]-)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_VISIT = re.compile("접속|로그인|댓글|차단|포트")
_IP6 = re.compile(
    r"(?<![A-Za-z0-9_:.])(?!3[Ff][Ff][Ee])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3,34}(?![A-Za-z0-9_:/])"
)


def addresses4(view: View) -> Iterator[Candidate]:
    """Finds public addresses of four numbers in a window."""
    if view.text.count(".") < 3:
        return
    for match in _IP4.finditer(view.text):
        if not _is_public(match[0]):
            continue
        start, end = view.span(*match.span())
        cue = nearest(view.original, start)
        if cue is None and follows(view.original, end, _VISIT):
            cue = "ip"
        largest = max(map(int, match[0].split(".")))  # 1.2.3.4 is a section or an example
        if cue != "none" and (largest >= 100 or (cue == "ip" and largest >= 10)):
            yield Candidate(Evidence.CUED, Finding("ip", start, end))


def may_have_addresses6(text: str) -> bool:
    """Returns whether there are colons enough."""
    return "::" in text or text.count(":") >= 7


def addresses6(text: str) -> Iterator[Candidate]:
    """Finds public addresses of sixteen bytes in a text, but not the prefixes of networks."""
    for match in _IP6.finditer(text):
        if _is_public(match[0]):
            yield Candidate(Evidence.TELLING, Finding("ip", *match.span()))


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast
