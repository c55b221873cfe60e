"""Counts a corpus by what its texts are good for: search, dialogue, questions and answers, summaries.

The talk of the authors speaks of coverage by use and says no rule. Ours are plain, each with a name that the report
shows, so that a count can be traced; one is a classifier, the quality model of cleaning. A text can be good for
several uses, or for none that a rule sees: what stands here is a lower bound.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from clova_jax.corpus.clean.quality import is_long_enough, quality
from clova_jax.corpus.documents import Document, parse_block
from clova_jax.corpus.report.statistics import CountTask, loaded_tokenizer
from clova_jax.corpus.sources import Source, read_sources, source_of

USES = ("search", "dialogue", "questions and answers", "summary")
NO_USE = "none"
_SAMPLE = 20_000  # characters at the beginning that the rules read
_QUALITY = 0.9  # from which a text is written as an encyclopedia is
_LONG = 200  # characters from which a text tells about something
_REFERENCE = ("wiki", "expert", "open")
_SUMMARIES = ("summary", "abstract", "subtitle", "lead", "요약", "초록")
_TITLES = ("title", "headline")

_HEADING = re.compile(
    r"^(?:#{1,6} \S|제\d+[장절조]\b|\d+(?:\.\d+)*\.? [가-힣A-Za-z])", re.MULTILINE
)
_DEFINES = re.compile(r"[은는] [^.\n]{4,150}(?:이다|말한다|뜻한다|가리킨다|일컫는다|의미한다)\.")
_SPEAKER = re.compile(r"^\s*([^\s:：#|]{1,12})\s*[:：]\s*\S", re.MULTILINE)
_QUOTED = re.compile(r"[“\"「『][^“”\"「」『』\n]{2,200}[.?!…][”\"」』]")
_SENTENCE = re.compile(r"[^.!?…~\n]+(?:[.!?…~]+|$|\n)")
_SPOKEN = re.compile(r"(?:요|죠|네|거든|잖아|는데|더라|ㅋ+|ㅎ+|ㅠ+|ㅜ+)[\s.!?…~^]*$")
_QUESTION = re.compile(r"^\s*(?:질문|문|Q|Question)\s*\d*\s*[.:：)]", re.MULTILINE | re.IGNORECASE)
_ANSWER = re.compile(r"^\s*(?:답변|답|A|Answer)\s*\d*\s*[.:：)]", re.MULTILINE | re.IGNORECASE)
_ASKS = re.compile(r"(?:\?|까요|나요|가요|인가요|하죠)\s*$")
_SUMMED = re.compile(
    r"^#*\s*(?:\d+[.)]\s*)?(?:요약|결론|초록|맺음말|마치며|정리|한 ?줄 ?요약|Abstract|Summary|Conclusions?)\s*:?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_SUMS_UP = re.compile(r"(?:요약하면|요약하자면|정리하면|정리하자면|결론적으로|한마디로)")


@dataclass(frozen=True)
class Seen:
    """Holds a document as the rules see it.

    Args:
        text: its beginning.
        meta: what else is known of it.
        source: kind and tier of its source.
    """

    text: str
    meta: dict[str, Any]
    source: Source


def _headings(seen: Seen) -> bool:
    return len(seen.text) >= _LONG and len(_HEADING.findall(seen.text)) >= 2


def _reference(seen: Seen) -> bool:
    return seen.source.kind in _REFERENCE and seen.source.tier == 1 and len(seen.text) >= _LONG


def _like_an_encyclopedia(seen: Seen) -> bool:
    return seen.source.tier < 3 and is_long_enough(seen.text) and quality(seen.text) >= _QUALITY


def _speakers(seen: Seen) -> bool:
    names = _SPEAKER.findall(seen.text)
    lines = sum(bool(line.strip()) for line in seen.text.split("\n"))
    return len(names) >= 4 and 2 <= len(set(names)) <= len(names) // 2 and 2 * len(names) >= lines


def _quotes(seen: Seen) -> bool:
    quoted = _QUOTED.findall(seen.text)
    return len(quoted) >= 4 and 5 * sum(map(len, quoted)) >= len(seen.text)


def _spoken(seen: Seen) -> bool:
    sentences = [part for part in _SENTENCE.findall(seen.text) if part.strip()]
    spoken = sum(bool(_SPOKEN.search(part)) for part in sentences)
    return spoken > 0 and 2 * spoken >= len(sentences)


def _asked(seen: Seen) -> bool:
    first, _, rest = seen.text.strip().partition("\n")
    title = seen.meta.get("title")
    heads = [first, title] if isinstance(title, str) else [first]
    asks = any(len(head) <= 150 and _ASKS.search(head) for head in heads)
    return asks and len(rest.strip()) >= _LONG / 2


def _titled(seen: Seen) -> bool:
    titles = (seen.meta.get(name) for name in _TITLES)
    words = [len(title.split()) for title in titles if isinstance(title, str)]
    return len(seen.text) >= _LONG and max(words, default=0) >= 3


def _has(keys: tuple[str, ...], seen: Seen) -> bool:
    return any(isinstance(seen.meta.get(key), str) and seen.meta[key].strip() for key in keys)


RULES: dict[str, dict[str, Callable[[Seen], bool]]] = {
    "search": {
        "reference source of tier 1": _reference,
        "two headings": _headings,
        "defines its subject": lambda seen: bool(_DEFINES.search(seen.text[:300])),
        f"quality model, {_QUALITY} or more": _like_an_encyclopedia,
    },
    "dialogue": {
        "lines of two speakers": _speakers,
        "quoted speech": _quotes,
        "spoken endings": _spoken,
    },
    "questions and answers": {
        "kind kin": lambda seen: seen.source.kind == "kin",
        "marks of question and answer": lambda seen: bool(
            _QUESTION.search(seen.text) and _ANSWER.search(seen.text)
        ),
        "title or first line asks": _asked,
    },
    "summary": {
        "summary in meta": partial(_has, _SUMMARIES),
        "title of three words over a text": _titled,
        "section that sums up": lambda seen: (
            len(seen.text) >= _LONG and bool(_SUMMED.search(seen.text))
        ),
        "phrase that sums up": lambda seen: (
            len(seen.text) >= _LONG and bool(_SUMS_UP.search(seen.text))
        ),
    },
}


def uses_of(document: Document, source: Source) -> list[tuple[str, str]]:
    """Returns what a document is good for: each use with a rule that says so; empty where none does."""
    seen = Seen(document.text[:_SAMPLE], document.meta, source)
    return [
        (use, name) for use, rules in RULES.items() for name, rule in rules.items() if rule(seen)
    ]


def count_uses(task: CountTask) -> dict[str, dict[str, int]]:
    """Counts a block by source: `documents`, `bytes`, `tokens`, and each of these as `use/…` and `rule/USE/NAME/…`."""
    tokenizer = loaded_tokenizer(task.tokenizer) if task.tokenizer else None
    documents = list(parse_block(task.block))
    encoded = (
        tokenizer.encode_batch([d.text for d in documents]) if tokenizer else [()] * len(documents)
    )
    registry = _registry(task.sources)
    counts: dict[str, Counter] = {}
    for document, ids in zip(documents, encoded, strict=True):
        found = uses_of(document, source_of(document.source, registry))
        names = ["", *(f"use/{use}/" for use in dict.fromkeys(use for use, _ in found) or [NO_USE])]
        names += [f"rule/{use}/{rule}/" for use, rule in found]
        size = len(document.text.encode("utf-8", "surrogatepass"))
        count = counts.setdefault(document.source, Counter())
        for name in names:
            count.update({f"{name}documents": 1, f"{name}bytes": size, f"{name}tokens": len(ids)})
    return {source: dict(count) for source, count in counts.items()}


@cache
def _registry(path: str | None) -> Any:
    return read_sources(path)
