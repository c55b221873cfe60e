"""Takes Hangul syllables apart and puts them together, by arithmetic on U+AC00..U+D7A3.

A syllable is onset x 588 + vowel x 28 + coda after U+AC00.
"""

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"


def is_syllable(char: str) -> bool:
    """Checks whether `char` is one complete Hangul syllable."""
    return "가" <= char <= "힣"


def split(char: str) -> tuple[str, str, str]:
    """Splits a syllable into `(onset, vowel, coda)`; no coda is `" "`."""
    code = ord(char) - 0xAC00
    return ONSETS[code // 588], VOWELS[code // 28 % 21], CODAS[code % 28]


def compose(onset: str, vowel: str, coda: str = " ") -> str:
    """Composes the syllable of three letters."""
    return chr(0xAC00 + ONSETS.index(onset) * 588 + VOWELS.index(vowel) * 28 + CODAS.index(coda))
