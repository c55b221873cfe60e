"""Twice the input takes at most 2.6 times the processor time: each operator on its worst shapes.

Privacy and profanity have tables of their own (`test_privacy_growth`, `test_profanity`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.clean.language import language
from clova_jax.corpus.clean.length import too_short
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.normalize import normalize
from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.quality import quality
from clova_jax.corpus.clean.repetition import repetition, word_list
from clova_jax.corpus.clean.spam import spam
from clova_jax.corpus.clean.title import drop_repeated_title
from clova_jax.corpus.dedup.signatures import signatures
from clova_jax.corpus.read.core_region import core_text
from clova_jax.corpus.read.dialogue import dialogue_text, number_speakers
from clova_jax.corpus.read.html import html_text, html_title
from clova_jax.corpus.read.kin import kin_text
from tests.worlds.growth import too_slow

NGRAMS = NgramModel(
    np.ones((1 << 18, 1), np.float32),
    np.zeros(1, np.float32),
    np.ones(1 << 18, np.float32),
    ("t",),
    (1, 2, 3, 4),
)

_INDEX = EvaluationIndex(
    ["강가를 걷던 저녁이 길고 길었다", "좋구나", " ".join(f"낱말{n}" for n in range(20))]
)

# A piece that is said over and over, or a function from a size to a text.
TEXTS: dict[str, str | Callable[[int], str]] = {
    "one letter": "가",
    "latin letters, then x://": lambda size: "a" * size + "x://",
    "links without a host": "a://",
    "blanks": " ",
    "blanks and letters": "가" + " " * 500,
    "blank lines": " \n",
    "line feeds": "\n",
    "short lines": "1. 참 좋구나\n",
    "equal lines": "같은 줄이 여기에 또 있습니다\n",
    "no blank": "다람쥐헌쳇바퀴에",
    "full stops": ".",
    "full stops after a letter": "다....,,,!!!",
    "brackets": "은)",
    "quotes": "'\"",
    "marks": "e\u0301\u0323",
    "marks on one letter": lambda size: "e" + "\u0301\u0323\u0316\u0327" * (size // 4),
    "letters that come apart": "\u0958\u0344",
    "jamo": "\u1100\u1161\u11a8\u1160",
    "invisible": "\u200b\u3164",
    "carriage returns": "\r",
    "entities": "&amp;lt; &#44032;",
    "half entities": "&#9",
    "digits in an entity": lambda size: "&#" + "9" * size + ";",
    "tags without an end": "<b ",
    "surrounded": "카지노 100% 당첨 #태그 원고료 ",
    "evaluation text": "강가를 걷던 저녁이 길고 길었다. ",
    "evaluation text on a line": "강가를 걷던 저녁이 길고 길었다\n",
    "speakers": "철수: 밥 먹었어? 영희: 아니\n영희: 그래\n",
    "colons": "가:",
}

_thread = [{"text": "식후에 한 알씩 드시면 됩니다.", "adopted": True}]
TEXT_OPERATORS: dict[str, Callable[[str], Any]] = {
    "normalize": normalize,
    "profile": profile.__wrapped__,
    "too short": lambda text: too_short(text, 20),
    "repetition": repetition,
    "word list": word_list,
    "title": drop_repeated_title,
    "title given": lambda text: drop_repeated_title("첫 줄\n" + text, text[:1_000]),
    "language": language,
    "spam": spam,
    "quality": quality,
    "evaluation": _INDEX.remove,
    "question": lambda text: kin_text(text, [{"text": text, "adopted": True}, *_thread], text),
    "speakers": number_speakers,
    "signatures": lambda text: signatures([text]),
    "n-grams": lambda text: NGRAMS([text]),
}

PAGES: dict[str, str | Callable[[int], str]] = {
    "line breaks": "가나다<br>",
    "paragraphs": "<p>가나다</p>",
    "paragraphs without an end": "<p>가",
    "nested lists": "<ul><li>가",
    "nested numbered lists": "<ol><li>",
    "nested divisions": "<div>가",
    "nested bold": "<b>가",
    "crossed formatting": "<b><i>가</b>나</i>",
    "fonts around paragraphs": "<font><p>가",
    "nested tables": "<table><tr><td>가",
    "rows": "<tr><td>가</td><td>나</td></tr>",
    "one row": "<td><p>가</p>",
    "links": "<a href=x>가",
    "headings": "<h1>가",
    "ends without a beginning": "</p></b>",
    "attributes": lambda size: "<p " + "".join(f"a{n}=1 " for n in range(size // 8)) + ">가</p>",
    "attributes without blanks": lambda size: (
        "<p " + "".join(f"a{n}='>'" for n in range(size // 8)) + ">가"
    ),
    "tags inside a tag": "<a <a ",
    "tags inside quotes": "<a x='<a y=\"",
    "a long class": lambda size: (
        f"<div class='{'가 ' * (size // 4)}'>" + "<p>가</p>" * (size // 20) + "</div>"
    ),
    "a long style": lambda size: (
        f"<div style='{'a:b;' * (size // 8)}'>" + "<p>가</p>" * (size // 20) + "</div>"
    ),
    "comments": "<!-- 가 --><p>나",
    "half comments": "<!--",
    "titles": "<title>가",
    "entities": "&#44032;&nbsp;&amp",
    "preformatted": lambda size: "<pre>" + "가\n" * (size // 2) + "</pre>",
    "forms": "<form><p>가",
    "choices": "<select><option>가",
    "drawings": "<svg><g>",
    "angles": "<",
}
PAGE_OPERATORS: dict[str, Callable[[str], Any]] = {
    "whole page": html_text,
    "core region": core_text,
    "title of a page": html_title,
}


@pytest.mark.parametrize("name", TEXT_OPERATORS)
def test_operators_on_texts(name):
    operator = TEXT_OPERATORS[name]
    operator("가나다 라마바")  # what is loaded once
    slow = {kind: too_slow(operator, made, 15_000) for kind, made in TEXTS.items()}
    assert not any(slow.values()), slow


@pytest.mark.parametrize("name", PAGE_OPERATORS)
def test_operators_on_pages(name):
    operator = PAGE_OPERATORS[name]
    operator("<p>가")
    # Features of blocks take longer, and grow with them: the size tells of the walk over the page.
    size = 4_000 if operator is core_text else 16_000
    slow = {kind: too_slow(operator, made, size) for kind, made in PAGES.items()}
    assert not any(slow.values()), slow


def test_dialogues_and_threads_of_many():
    def turns(count: int) -> Any:
        return [{"speaker": f"{n % 7}", "text": "밥 먹었어?"} for n in range(count)]

    def answers(count: int) -> Any:
        return [
            {"text": "식후에 한 알씩 드시면 됩니다.", "adopted": True, "votes": n}
            for n in range(count)
        ]

    for operator, make in (
        (dialogue_text, turns),
        (lambda given: kin_text("약은 언제 먹나요?", given), answers),
    ):
        assert not too_slow(operator, make, 10_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGE_OPERATORS)
def test_long_pages(name):
    slow = {kind: too_slow(PAGE_OPERATORS[name], made, 100_000) for kind, made in PAGES.items()}
    assert not any(slow.values()), slow


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXT_OPERATORS)
def test_long_texts(name):
    slow = {kind: too_slow(TEXT_OPERATORS[name], made, 300_000) for kind, made in TEXTS.items()}
    assert not any(slow.values()), slow
