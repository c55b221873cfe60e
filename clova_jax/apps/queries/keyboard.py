"""Types Korean on a 두벌식 keyboard: text to keystrokes and back, the same keys read as Latin letters, keys side by side.

A keystroke is written as the letter on its key: ㄱ, or ㄲ with shift. A compound vowel or coda is two of them
(ㅘ is ㅗㅏ). Characters that are on no key of the Korean layout are keystrokes of their own.
"""

from clova_jax.common.hangul import CODAS, VOWELS, compose, is_syllable, split

_ROWS = {"qwertyuiop": 0.0, "asdfghjkl": 0.25, "zxcvbnm": 0.75}  # keys, and how far to the right
_PLACES = {
    key: (at + offset, row)
    for row, (keys, offset) in enumerate(_ROWS.items())
    for at, key in enumerate(keys)
}
_NEAR = 1.6  # squared distance of neighbours, in keys
_HANGUL = dict(
    zip("".join(_ROWS), "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", strict=True)
)
_SHIFTED = dict(zip("QWERTOP", "ㅃㅉㄸㄲㅆㅒㅖ", strict=True))
_OF_KEY = _HANGUL | {key.upper(): letter for key, letter in _HANGUL.items()} | _SHIFTED
_KEY_OF = {letter: key for key, letter in (_HANGUL | _SHIFTED).items()}
_COMPOUND = dict(
    zip("ㅘㅙㅚㅝㅞㅟㅢ", ["ㅗㅏ", "ㅗㅐ", "ㅗㅣ", "ㅜㅓ", "ㅜㅔ", "ㅜㅣ", "ㅡㅣ"], strict=True)
) | dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
        ["ㄱㅅ", "ㄴㅈ", "ㄴㅎ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ", "ㄹㅎ", "ㅂㅅ"],
        strict=True,
    )
)
_JOINED = {both: letter for letter, both in _COMPOUND.items()}


_NEIGHBOURS = {
    key: "".join(
        other
        for other, (right, down) in _PLACES.items()
        if other != key and (right - x) ** 2 + (down - y) ** 2 <= _NEAR
    )
    for key, (x, y) in _PLACES.items()
}


def strokes(text: str) -> str:
    """Returns the keystrokes that type a text; those of `값과` are ㄱㅏㅂㅅㄱㅗㅏ."""
    letters = (
        letter
        for char in text
        for letter in (split(char) if is_syllable(char) else char)
        if letter != " " or char == " "
    )
    return "".join(_COMPOUND.get(letter, letter) for letter in letters)


def typed(keys: str) -> str:
    """Returns the text that the input method makes of keystrokes; letters that fit nowhere stay apart.

    The inverse of `strokes` on texts without stray letters.
    """
    method = _InputMethod()
    for key in keys:
        method.press(key)
    method.end()
    return "".join(method.text)


class _InputMethod:
    """Puts keystrokes together to syllables: the automaton of a 두벌식 input method."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.onset = self.vowel = self.coda = ""

    def press(self, key: str) -> None:
        """Takes a keystroke in."""
        if key not in _KEY_OF:
            self.end()
            self.text.append(key)
        elif key in VOWELS:
            self._vowel(key)
        else:
            self._consonant(key)

    def end(self) -> None:
        """Finishes the syllable that is being written."""
        whole = self.onset and self.vowel
        coda = self.coda or " "
        self.text.append(
            compose(self.onset, self.vowel, coda) if whole else self.onset + self.vowel
        )
        self.onset = self.vowel = self.coda = ""

    def _vowel(self, key: str) -> None:
        if self.coda:  # its last consonant begins the next syllable
            both = _COMPOUND.get(self.coda, self.coda)
            self.coda, onset = both[:-1], both[-1]
            self.end()
            self.onset, self.vowel = onset, key
        elif self.vowel + key in _JOINED:
            self.vowel = _JOINED[self.vowel + key]
        else:
            if self.vowel:
                self.end()
            self.vowel = key

    def _consonant(self, key: str) -> None:
        joined = _JOINED.get(self.coda + key, key if not self.coda else "")
        if self.onset and self.vowel and joined and joined in CODAS:
            self.coda = joined
        else:
            self.end()
            self.onset = key


def to_latin(text: str) -> str:
    """Returns what the keystrokes of a text write while the keyboard is switched to Latin: 안녕 is dkssud."""
    return "".join(_KEY_OF.get(key, key) for key in strokes(text))


def from_latin(text: str) -> str:
    """Returns what Latin letters write while the keyboard is switched to Korean: dkssud is 안녕."""
    return typed("".join(_OF_KEY.get(key, key) for key in text))


def neighbours(key: str) -> str:
    """Returns the keystrokes on the keys around one, with shift where it has shift; none where it is on no key."""
    latin = _KEY_OF.get(key, key)
    near = _NEIGHBOURS.get(latin.lower(), "")
    if latin.isupper():
        near = near.upper()
    return "".join(_OF_KEY[one] for one in near) if key in _KEY_OF else near
