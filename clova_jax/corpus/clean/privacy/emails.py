"""Finds e-mail addresses, as they are written and as they are spelled out."""

import re
from collections.abc import Iterator

from clova_jax.corpus.clean.privacy.findings import Candidate, Evidence, Finding
from clova_jax.corpus.clean.privacy.view import View, plain_view

_AT = re.compile(r"[@＠﹫]|골뱅이|[\[(<{ ](?:at|AT)[\])>} ]")
_BEFORE, _AFTER = 90, 130  # characters that an address may have on either side of the sign

_sign = re.compile(
    r"(?P<at>\n?@\n?| @ | ?[\[(<{] ?(?:at|AT|@|골뱅이) ?[\])>}] ?| ?골뱅이 ?| at | AT | @|@ )"
).match
_local = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._%+\-]{0,62}[A-Za-z0-9_\-])?$").search
_hangul_local = re.compile(
    r"(?<![가-힣A-Za-z0-9._%+\-])[가-힣A-Za-z0-9._%+\-]{0,20}[가-힣]$"
).search
_DOT = r"(?:\.\n?| ?[\[(] ?(?:dot|DOT|점|닷|\.) ?[\])] ?| ?(?:닷|점|쩜) ?| (?:dot|DOT) )"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_domain = re.compile(
    rf"(?:{_LABEL}|네이버|다음|한메일|지메일|구글|네이트|핫메일|카카오)(?:{_DOT}{_LABEL}){{0,5}}{_DOT}(?:[A-Za-z]{{2,24}}|컴|넷|한국)"
).match
_hangul_domain = re.compile(r"(?:[가-힣]{1,20}\.){1,4}(?:한국|kr|com|net|org)").match
_plain_dots = re.compile(_DOT)
_KNOWN = re.compile(r"(?:com|net|org|edu|gov|kr|jp|cn|us|uk|컴|넷|한국)$", re.IGNORECASE)
_MAIL = re.compile(
    r"(?:naver|gmail|daum|hanmail|nate|kakao|hotmail|outlook|yahoo|네이버|다음|한메일|지메일|네이트)\b",
    re.IGNORECASE,
)
_FILES = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "bmp",
        "ico",
        "css",
        "scss",
        "js",
        "mjs",
        "ts",
        "jsx",
        "tsx",
        "json",
        "xml",
        "yml",
        "yaml",
        "html",
        "htm",
        "md",
        "txt",
        "py",
        "java",
        "rb",
        "go",
        "rs",
        "c",
        "h",
        "cpp",
        "hpp",
        "cs",
        "sh",
        "bat",
        "exe",
        "dll",
        "so",
        "zip",
        "gz",
        "tar",
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "mp3",
        "mp4",
        "avi",
        "mov",
        "service",
    ]
)


def emails(text: str) -> Iterator[Candidate]:
    """Finds the e-mail addresses of a text."""
    last = 0  # where the address before ends: no character is looked at for ever
    for match in _AT.finditer(text):
        if match.start() == last or text[match.start() - 1] in "@＠﹫":
            continue  # nothing before the sign
        start = max(last, match.start() - _BEFORE)
        view = plain_view(text, start, min(len(text), match.end() + _AFTER))
        found = _at(view, match.start())
        if found is not None:
            last = found.finding.end
            yield found


def may_have_emails(text: str) -> bool:
    """Returns whether one of the signs that stand for @ may occur."""
    return (
        "@" in text
        or "골뱅이" in text
        or "＠" in text
        or "﹫" in text
        or (("at" in text or "AT" in text) and _AT.search(text) is not None)
    )


def _at(view: View, sign: int) -> Candidate | None:
    """The address around the sign at that place of the text."""
    text = view.text
    near = next((i for i, place in enumerate(view.places) if place >= sign), len(text))
    for back in (2, 1, 0):  # the space and the bracket before it
        at = _sign(text, max(0, near - back)) if near >= back else None
        if at and at.end() > near:
            break
    else:
        return None
    mark = at["at"].strip()
    local = _local(text, 0, at.start())
    domain = _domain(text, at.end())
    if local is None and at["at"] == "@":
        local = _hangul_local(text, 0, at.start())
    if local is None:
        return None
    if domain is None and mark == "@":
        domain = _hangul_domain(text, at.end())
    if domain is None:
        return None
    name = ".".join(part for part in _plain_dots.split(domain[0]) if part)
    if not _is_address(text, local, at, domain, name):
        return None
    start, end = view.span(local.start(), domain.end())
    return Candidate(Evidence.UNMISTAKABLE, Finding("email", start, end, name))


def _is_address(
    text: str, local: re.Match[str], at: re.Match[str], domain: re.Match[str], name: str
) -> bool:
    ending, sign, rest = name.rpartition(".")[2].lower(), at["at"], text[domain.end() :]
    known = _KNOWN.search(ending) is not None
    if rest[:1] == "@" or (
        rest[:1].isascii() and (rest[:1].isalpha() or (rest[:1].isdigit() and not known))
    ):
        return False
    if "\n" in sign:
        return known
    if sign in (" at ", " AT "):  # a word: online at docs.python.org
        return known and ("." not in domain[0] or _MAIL.match(name) is not None)
    if sign in (" @", "@ "):  # a mention
        return _MAIL.match(name) is not None
    if sign == " @ " and not known:  # a product of matrices
        return False
    if text[: local.start()].endswith("://"):  # the user of an address: ssh://me@host.org/
        return False
    if ending in _FILES:  # icon@2x.png
        return False
    # git@host:path
    return local[0] != "git" and not re.match(r":[^\s:@]*[A-Za-z_~][^\s:@]*/", rest)
