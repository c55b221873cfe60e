"""Reads the words before a number that speak for a type, or name another kind of number."""

import re

# The nearest of these words before a number decides where its form alone does not. 국민, 우리, 하나
# are banks only where they stand alone: 국민신문고, 우리보다.
CUES = {
    "none": r"주문|송장|운송|배송|등기|바코드|상품|제품|모델|시리얼|일련|품번|접수|예약 ?번호|관리|사업자|법인|도서|코드|사건|문서|허가|인증|특허|출원|등록 ?번호|신청 ?번호|고유|학번|사번|수험|티켓|항공권|영수증|승인|거래 ?번호|회원 ?번호|좌표|버전|판본|릴리스|빌드|펌웨어|업데이트|절\b|항목|목차|챕터|[§]|(?i:\b(?:order|isbn|issn|sku|model|serial|s/n|version|ver|build|release|v|doi)\b|[#№])",
    "phone": r"전화|연락|핸드폰|휴대|폰|(?:제|내|저희|우리) ?번호|문의|상담|예약|문자|통화|카톡|☎|☏|📞|콜|팩스|직통|(?i:\b(?:tel|fax|phone|mobile|cell|call|hp|h\.p|c\.p)\b)|[TMFtmf][.:)]",
    "account": r"계좌|입금|송금|예금주|이체|은행|뱅크|농협|신협|수협|우체국|새마을|(?:국민|신한|기업|토스)(?![가-힣])|(?:우리|하나)[ :)]*$|카뱅|보내 ?주|후원|(?i:\baccount\b)",
    "card": r"카드|신용|체크|결제|(?i:\bcard|visa|master)",
    "passport": r"여권|(?i:passport)",
    "licence": r"면허",
    "ip": r"(?i:\bip)|아이피|접속|서버|호스트|로그인|주소|차단|작성자|댓글|(?i:ping|host|server|client|dns)",
    "rrn": r"주민 ?(?:등록)? ?번호|주민|외국인 ?등록 ?번호|생년월일",
}
_CUE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in CUES.items()))
_REACH = 28  # characters before a number that speak for it

# Numbers, addresses and tags say nothing, so that a text reads the same before and after masking.
_SILENT = re.compile(r"<\|[a-z]+\|>|\d(?:[\d.\-~/,:()]*\d)?|[A-Za-z0-9._%+\-]*@[A-Za-z0-9.\-]*")

_LABEL = re.compile(
    r"(?:(?:주문|송장|운송장?|배송|택배|등기|상품|제품|모델|시리얼|일련|접수|예약|관리|사업자|법인|도서|사건|문서|허가|인증|특허|출원"
    r"|등록|신청|고유|수험|티켓|항공권|영수증|승인|거래|회원|고객|식별|우편|차량|청구|계약|증권|참조|처리|발급|고유|신고|품목|물품)"
    r" ?(?:등록)? ?(?:번호|코드|(?i:no\b\.?|id\b))|바코드|품번|학번|사번|(?i:\b(?:isbn|issn|sku|doi|s/n|(?:order|model|serial)(?: ?(?:no|number|id))?)\b\.?))"
    r"(?:은|는|이|가|의)?[\s:：=#(\[【<'\"\-]*$"
)


def before(text: str, start: int) -> str:
    """Returns the words before a place, without numbers, addresses and tags."""
    return _SILENT.sub(" ", text[max(0, start - 3 * _REACH) : start])[-_REACH:]


def nearest(text: str, start: int) -> str | None:
    """Returns the type that the nearest word before a place speaks for; `none`: another kind of number."""
    name = None
    for match in _CUE.finditer(before(text, start)):
        name = match.lastgroup
    return name


def labelled_otherwise(text: str, start: int) -> bool:
    """Checks whether a label right before a place names a kind of number that identifies nobody."""
    return _LABEL.search(text[max(0, start - _REACH) : start]) is not None


def follows(text: str, end: int, words: re.Pattern[str]) -> bool:
    """Checks whether one of the words follows within ten characters, before any other number or tag."""
    near = re.split(r"[\d<@\n]", text[end : end + 10 + 8], maxsplit=1)[0][:18]
    return words.search(near) is not None
