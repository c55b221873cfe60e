"""Drops spam and promotion, by verdicts that a service gave already and by a score over typical words.

The score is a sum of evidence per hundred characters; no labelled Korean spam was available, so its weights
are set by hand. `evidence` is what a trained model would take as features.
"""

import re
from typing import Any

from clova_jax.corpus.clean.step import Dropped, Step
from clova_jax.corpus.documents import Document

_KINDS = {
    "gambling": (3.0, r"카지노|바카라|토토 ?(?:사이트|추천|가입)|먹튀|슬롯 ?머신|배팅|릴게임|꽁머니|환전 ?가능"),
    "loans": (2.0, r"당일 ?대출|무직자 ?대출|대출 ?(?:상담|문의|가능)|신용 ?불량|개인 ?회생|급전|일수 ?대출|소액 ?결제 ?현금|휴대폰 ?소액"),
    "adult": (3.0, r"출장 ?(?:안마|마사지|샵)|조건 ?만남|오피 ?사이트|성인 ?용품|비아그라|시알리스|19금 ?채팅"),
    "contact": (1.5, r"카톡 ?(?:아이디|ID|문의|상담|친추)|오픈 ?카톡|텔레(?:그램)? ?(?:문의|상담|아이디)|(?:전화|문자) ?(?:상담|문의) ?(?:환영|주세요)|상담 ?문의|무료 ?상담|24시간 ?상담"),
    "urging": (1.0, r"지금 ?(?:바로|즉시) ?(?:클릭|신청|가입|구매|전화)|클릭하세요|최저가|특가|한정 ?수량|선착순|무료 ?(?:체험|증정|배송)|가입 ?(?:시|만 ?해도)|추천인 ?(?:코드|아이디)|수익 ?보장|고수익|재택 ?(?:알바|부업)|부업|100% ?(?:보장|환불|당첨)|할인 ?(?:쿠폰|이벤트|행사)"),
    "sponsored": (1.5, r"(?:원고료|소정의 ?(?:수수료|대가|고료)|업체(?:로부터|에서) ?(?:제품|지원)).{0,30}(?:작성|제공|지급)|파트너스 ?활동"),
    "links": (0.7, r"https?://|www\.|bit\.ly|goo\.gl"),
    "phones": (1.0, r"01[016-9][-. ]?\d{3,4}[-. ]?\d{4}|<\|phone\|>"),
    "tags": (0.3, r"#[가-힣A-Za-z0-9_]{2,}"),
}  # fmt: skip
_SPAM = re.compile("|".join(f"(?P<{name}>{words})" for name, (_, words) in _KINDS.items()))
_WEIGHTS = {name: weight for name, (weight, _) in _KINDS.items()}
_LIMIT = 4.0
_LEAST_CHARACTERS = 100


class Spam(Step):
    """Drops spam and promotion, but for sources of tier 1."""

    name = "spam"

    def one(self, document: Document) -> Document | Dropped:
        """Judges text and metadata."""
        if self.context.source(document).tier == 1:
            return document
        reason = spam(document.text, document.meta)
        return Dropped("spam", reason) if reason else document


def evidence(text: str) -> dict[str, int]:
    """Counts how often each kind of typical word occurs."""
    counts = dict.fromkeys(_WEIGHTS, 0)
    for match in _SPAM.finditer(text):
        counts[match.lastgroup or ""] += 1
    return counts


def spam(text: str, meta: dict[str, Any] | None = None) -> str | None:
    """Returns a reason when a text is spam or promotion, else None.

    Args:
        text: the text.
        meta: `spam`, `promotion` or `advertisement` set to true is a verdict of the service.
    """
    for verdict in ("spam", "promotion", "advertisement"):
        if meta and meta.get(verdict) is True:
            return f"verdict of the service: {verdict}"
    counts = evidence(text)
    # Links alone may be a bibliography and tags alone a photo caption, so sales wording is required. Sales wording
    # alone may be ordinary talk (a film about a casino), so a second kind of evidence is required too.
    pitch = [
        name
        for name in ("gambling", "loans", "adult", "contact", "urging", "sponsored")
        if counts[name]
    ]
    if not pitch or sum(map(bool, counts.values())) < 2:
        return None
    score = sum(_WEIGHTS[name] * min(count, 10) for name, count in counts.items())
    score *= 100 / max(len(text), _LEAST_CHARACTERS)
    return f"{'+'.join(pitch)} {score:.1f}" if score >= _LIMIT else None
