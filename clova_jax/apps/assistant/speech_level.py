"""Detects the speech level of Korean by how its last sentence ends: 해요체, 합쇼체 or 반말."""

import re

from clova_jax.common.hangul import is_syllable, split

LEVELS = ("해요체", "합쇼체", "반말")

_TAIL = re.compile(r"[^가-힣]+$|[ㅋㅎㅠㅜ]+$")
_SENTENCE = re.compile(r"(?<=[.!?~…])\s+|\n+")
_NOUNS = ("필요", "중요", "수요", "주요", "소요", "고요", "가요", "동요", "강요")
_POLITE = ("요", "죠")
_FORMAL = ("다", "까")  # behind 니, after a coda ㅂ
_PLAIN = tuple("지네자다냐니군걸게데까마")
_PLAIN_VOWELS = (
    "ㅏㅐㅑㅓㅔㅕㅘㅙㅝㅞ"  # 어 and 아, also as they join a stem: 가, 해, 마셔, 와, 돼, 줘
)


def speech_level(text: str) -> str:
    """Returns one of `LEVELS`, or an empty text where the last sentence ends in none of their endings.

    It looks at letters, not at words: a noun that ends as a verb may (서해) is taken for one. 해라체 (간다) counts as 반말.
    """
    last = next((one for one in reversed(_SENTENCE.split(text)) if _TAIL.sub("", one)), "")
    word = _TAIL.sub("", last).rpartition(" ")[2]
    if not word:
        return ""
    if word.endswith(("십시오", "시오")) or _is_formal(word):
        return "합쇼체"
    if word.endswith(_POLITE) and word not in _NOUNS:
        return "해요체"
    _, vowel, coda = split(word[-1])
    return "반말" if word.endswith(_PLAIN) or (vowel in _PLAIN_VOWELS and coda == " ") else ""


def _is_formal(word: str) -> bool:
    """Returns whether a word ends in ㅂ니다 or ㅂ니까; 아니다 and 다니까 do not."""
    if len(word) < 3 or word[-2] != "니" or not word.endswith(_FORMAL):
        return False
    return is_syllable(word[-3]) and split(word[-3])[2] == "ㅂ"
