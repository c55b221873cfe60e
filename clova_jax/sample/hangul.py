"""Spells Korean: particles chosen by the last sound, endings joined to stems, romanisation.

Endings are written as grammars write them: `어` stands for 아/어/여 (vowel harmony and
contraction), a leading `으` falls after a vowel or ㄹ, and a leading ㄴ, ㄹ, ㅁ or ㅂ becomes the
stem's coda or takes its full form (은, 을, 음, 습) after a consonant.
"""

from functools import cache

from clova_jax.common.hangul import CODAS, ONSETS, VOWELS, compose, is_syllable, split

IRREGULAR = ("-", "ㅂ", "ㄷ", "ㅅ", "르", "러", "ㅎ", "이", "아니")
"""Conjugation classes. `-` is regular (with the automatic changes of 하, ㅡ and ㄹ); 이 the copula."""

_CONTRACT = {"ㅏ": "ㅏ", "ㅓ": "ㅓ", "ㅐ": "ㅐ", "ㅔ": "ㅔ", "ㅕ": "ㅕ"} | {
    "ㅗ": "ㅘ",
    "ㅜ": "ㅝ",
    "ㅣ": "ㅕ",
    "ㅚ": "ㅙ",
}
_DIGIT_CODAS = dict(zip("0123456789", "ㅇㄹ ㅁ  ㄱㄹㄹ ", strict=True))
_LETTER_CODAS = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "r": "ㄹ"}
_ROMAN_ONSETS = "g kk n d tt r m b pp s ss . j jj ch k t p h".replace(".", "").split(" ")
_ROMAN_VOWELS = [
    "a",
    "ae",
    "ya",
    "yae",
    "eo",
    "e",
    "yeo",
    "ye",
    "o",
    "wa",
    "wae",
    "oe",
    "yo",
    "u",
    "wo",
    "we",
    "wi",
    "yu",
    "eu",
    "ui",
    "i",
]
_ROMAN_CODAS = ". k k k n n n t l k m l l l p l m p p t t ng t t k t p t".replace(".", "").split(
    " "
)
_ROMAN = [
    dict(zip(letters, names, strict=True))
    for letters, names in (
        (ONSETS, _ROMAN_ONSETS),
        (VOWELS, _ROMAN_VOWELS),
        (CODAS, _ROMAN_CODAS),
    )
]


@cache
def coda(word: str) -> str:
    """Returns the last consonant as `word` is read aloud, `" "` where it ends in a vowel.

    Closing brackets and quotes are passed over; digits and Latin letters are read in Korean.
    """
    word = word.rstrip("》」』)\"'’”>〉 ")
    if not word:
        return " "
    last = word[-1]
    if is_syllable(last):
        return split(last)[2]
    return _DIGIT_CODAS.get(last, _LETTER_CODAS.get(last.lower(), " "))


PARTICLES = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "과": ("과", "와"),
    "이나": ("이나", "나"),
    "이라": ("이라", "라"),
    "이라는": ("이라는", "라는"),
    "이라고": ("이라고", "라고"),
    "이랑": ("이랑", "랑"),
    "이며": ("이며", "며"),
    "이고": ("이고", "고"),
    "이다": ("이다", "다"),
    "이야": ("이야", "야"),
    "이에요": ("이에요", "예요"),
    "이군요": ("이군요", "군요"),
    "이구나": ("이구나", "구나"),
    "이면": ("이면", "면"),
    "이요": ("이요", "요"),
    "이었다": ("이었다", "였다"),
    "이었는데": ("이었는데", "였는데"),
    "이었어요": ("이었어요", "였어요"),
}
"""Particles by their form after a consonant: (after a consonant, after a vowel)."""


@cache
def josa(word: str, particle: str) -> str:
    """Joins `word` and the form of `particle` that follows its last sound: `josa("길", "으로")` is 길로."""
    last = coda(word)
    if particle.startswith("으로"):
        return word + (particle[1:] if last in " ㄹ" else particle)
    forms = PARTICLES.get(particle)
    if forms is None:
        return word + particle
    return word + forms[last == " "]


@cache
def conjugate(stem: str, ending: str, irregular: str = "-") -> str:
    """Joins `stem` and `ending` (both as the module says): `conjugate("춥", "어요", "ㅂ")` is 추워요.

    `irregular` is one of `IRREGULAR`. For the copula the stem is the bare noun.
    """
    if irregular in ("이", "아니"):
        return _copula(stem, ending, irregular)
    head, (onset, vowel, final) = stem[:-1], split(stem[-1])
    lead = ending[0]
    if lead == "어":
        return _harmony(head, onset, vowel, final, irregular, ending[1:], full=ending)
    if lead == "었":
        joined = _harmony(head, onset, vowel, final, irregular, "", full="어")
        o, v, _ = split(joined[-1])
        return joined[:-1] + compose(o, v, "ㅆ") + ending[1:]
    soft = lead in "으ㄴㄹㅁㅂ"
    if soft and irregular == "ㅂ" and lead != "ㅂ" and ending != "ㄴ다":
        stem, final = head + compose(onset, vowel) + "우", " "
    elif soft and irregular == "ㄷ" and lead != "ㅂ" and ending != "ㄴ다":
        return head + compose(onset, vowel, "ㄹ") + _full(ending)
    elif soft and irregular == "ㅅ" and lead != "ㅂ" and ending != "ㄴ다":
        return head + compose(onset, vowel) + _full(ending)
    elif soft and irregular == "ㅎ" and lead != "ㅂ":
        stem, final = head + compose(onset, vowel), " "
    if lead == "으":
        return stem + (ending[1:] if final in " ㄹ" else ending)
    if soft:
        if final == " " or (final == "ㄹ"):
            if final == "ㄹ" and lead == "ㅁ":
                return stem[:-1] + compose(onset, vowel, "ㄻ") + ending[1:]
            o, v, _ = split(stem[-1])
            return stem[:-1] + compose(o, v, lead) + ending[1:]
        return stem + _full(ending)
    if final == "ㄹ" and is_syllable(lead) and split(lead)[0] in "ㄴㅅ":
        return head + compose(onset, vowel) + ending
    return stem + ending


def _full(ending: str) -> str:
    """The form after a consonant of an ending that begins with a bare letter."""
    if ending == "ㄴ다":
        return "는다"
    full = {"ㄴ": "은", "ㄹ": "을", "ㅁ": "음", "ㅂ": "습"}.get(ending[0])
    return full + ending[1:] if full else ending


def _harmony(
    head: str, onset: str, vowel: str, final: str, irregular: str, rest: str, full: str
) -> str:
    """Joins 아/어/여."""
    bright = vowel in "ㅏㅗㅑ"
    if irregular == "ㅂ":
        base = head + compose(onset, vowel)
        # Only 돕다 and 곱다 keep harmony.
        return base + ("와" if head == "" and vowel == "ㅗ" and onset in "ㄷㄱ" else "워") + rest
    if irregular == "ㅎ":
        merged = "ㅒ" if vowel == "ㅑ" else "ㅖ" if vowel == "ㅕ" else "ㅐ"
        return head + compose(onset, merged) + rest
    if irregular == "ㄷ":
        return head + compose(onset, vowel, "ㄹ") + ("아" if bright else "어") + rest
    if irregular == "ㅅ":
        return head + compose(onset, vowel) + ("아" if bright else "어") + rest
    if irregular == "르":
        o, v, _ = split(head[-1])
        return head[:-1] + compose(o, v, "ㄹ") + ("라" if v in "ㅏㅗ" else "러") + rest
    if irregular == "러":
        return head + compose(onset, vowel) + "러" + rest
    if final != " ":
        return head + compose(onset, vowel, final) + ("아" if bright else "어") + rest
    if onset == "ㅎ" and vowel == "ㅏ":
        return head + "해" + rest
    if vowel == "ㅡ":
        bright = bool(head) and split(head[-1])[1] in "ㅏㅗ"
        return head + compose(onset, "ㅏ" if bright else "ㅓ") + rest
    merged = _CONTRACT.get(vowel)
    if merged is None:  # 쉬어, 띄어
        return head + compose(onset, vowel) + full
    return head + compose(onset, merged) + rest


def _copula(noun: str, ending: str, kind: str) -> str:
    open_ended = kind == "이" and coda(noun) == " "
    lead, rest = ending[0], ending[1:]
    base = noun if open_ended else noun + ("이" if kind == "이" else "")
    if ending == "ㄴ다":
        return base + "다"
    if ending == "어요":
        return noun + ("예요" if open_ended else "이에요" if kind == "이" else "에요")
    if ending == "어":
        return base + "야"
    if lead == "어":
        return base + "라" + rest
    if lead == "었":
        return noun + ("였" if open_ended else "이었" if kind == "이" else "었") + rest
    if lead == "으":
        return base + rest
    if lead in "ㄴㄹㅁㅂ":
        whole = noun + "이" if kind == "이" else noun
        o, v, _ = split(whole[-1])
        return whole[:-1] + compose(o, v, lead) + rest
    if ending.startswith("는"):  # 는데, 는지: the copula takes ㄴ데
        return _copula(noun, "ㄴ" + rest, kind)
    return base + ending


@cache
def romanize(word: str) -> str:
    """Romanises (Revised Romanisation) syllable by syllable, without assimilation across syllables, capitalised."""
    out = []
    for char in word:
        if is_syllable(char):
            out += [names[letter] for names, letter in zip(_ROMAN, split(char), strict=True)]
        else:
            out.append(char)
    return "".join(out).capitalize()


_FAMILIES = {
    "김": "Kim",
    "이": "Lee",
    "박": "Park",
    "최": "Choi",
    "우": "Woo",
    "오": "Oh",
    "노": "Noh",
}


def romanize_name(name: str) -> str:
    """Romanises a person's name, the family name first and as it is commonly spelled."""
    return f"{_FAMILIES.get(name[0]) or romanize(name[0])} {romanize(name[1:])}"
