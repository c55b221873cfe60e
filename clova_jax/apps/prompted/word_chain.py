"""Knows the rule of the word chain: with which syllables a word may begin after another one, and which words there are."""

import re
from collections import Counter
from pathlib import Path

from clova_jax.common.hangul import compose, is_syllable, split
from clova_jax.corpus import read_documents

_Y_LIKE = "ㅑㅒㅕㅖㅛㅠㅣ"  # before these, ㄴ and ㄹ fall away at the beginning of a word
_WORD = re.compile("[가-힣]{2,6}")
MEGABYTES = 20  # of text that words are collected from


def heads_of(syllable: str) -> set[str]:
    """Returns the syllables that a word may begin with after one that ends in `syllable`: itself, and what the initial
    sound rule (두음 법칙, 한글 맞춤법 제10-12항) makes of it."""
    if not is_syllable(syllable):
        return {syllable}
    onset, vowel, coda = split(syllable)
    heads = {syllable}
    if onset in "ㄴㄹ" and vowel in _Y_LIKE:
        heads.add(compose("ㅇ", vowel, coda))
    elif onset == "ㄹ":
        heads.add(compose("ㄴ", vowel, coda))
    return heads


def seen_words(folder: Path, least: int = 2) -> frozenset[str]:
    """Collects the words of a corpus's first 20 megabytes: what stands between spaces and marks, `least` times or more.

    Forms with a particle are words of their own here, so that it is a wide net: it refuses strings that nobody writes.
    """
    counts: Counter[str] = Counter()
    read = 0
    for document in read_documents(folder):
        counts.update(_WORD.findall(document.text))
        read += len(document.text.encode())
        if read > MEGABYTES * 1e6:
            break
    return frozenset(word for word, count in counts.items() if count >= least)
