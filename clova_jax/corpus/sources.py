"""Registers sources, in one place: the paper's kinds, how far each is trusted, and what the prefix says.

The corpus report, both mixtures (documents, tokens) and the statistics take kinds and tiers from here; the user's
registry (`--sources FILE`) comes first.

Kinds are the rows of the paper's Table 1, and three that a talk of the authors names beside them and the table counts
under Others: web documents, open resources (manuals and the like that anybody may use), expert knowledge (laws,
patents, papers). A tier says how informative and trusted a source is
(the talk ranks sites so): 1 encyclopedias, laws, manuals, edited press; 2 what people
publish under a name; 3 casual text such as comments and chat. Of two duplicates, the one from the better tier is kept.
Tiers of many sources can be learned (`corpus.tiers`).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json

WITHIN_OTHERS = ("web", "open", "expert")  # rows of their own here, a part of Others in Table 1
KINDS = ("blog", "cafe", "news", "comments", "kin", "modu", "wiki", *WITHIN_OTHERS, "others")
DESCRIPTIONS = {
    "blog": "blog corpus",
    "cafe": "online community",
    "news": "news",
    "comments": "crawled comments and reviews",
    "kin": "question and answer site",
    "modu": "National Institute of Korean Language",
    "wiki": "Wikipedia",
    "web": "web documents",
    "open": "open resources",
    "expert": "expert knowledge",
    "others": "others",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Holds what is known of a source.

    Args:
        kind: one of `KINDS`.
        tier: 1 (best) to 3.
    """

    kind: str
    tier: int = 2


SOURCES = {
    "blogs": Source("blog"),
    "dialogue_qa": Source("others", 3),
    "docs_business": Source("open", 1),
    "docs_microsoft": Source("open", 1),
    "law": Source("expert", 1),
    "literature": Source("others", 1),
    "magazines_1920s": Source("others", 1),
    "news_comments": Source("comments", 3),
    "news_headlines": Source("news", 1),
    "petitions": Source("cafe"),
    "reviews_game": Source("comments", 3),
    "reviews_movie": Source("comments", 3),
    "software_help": Source("open", 1),
    "tutorials": Source("open", 1),
    "wiki_news_passages": Source("wiki", 1),
}
# The first of these words found in a name decides the kind of a source that nobody registered; short ones
# must stand alone ("kin", not "kindergarten").
_BY_WORD = (
    (("comment", "댓글"), Source("comments", 3)),
    (("review", "리뷰", "후기"), Source("comments", 3)),
    (("blog", "블로그"), Source("blog")),
    (("cafe", "카페", "community", "커뮤니티"), Source("cafe")),
    (("kin", "qna", "qa", "지식인", "지식in"), Source("kin")),
    (("modu", "nikl", "모두의", "국립국어원"), Source("modu", 1)),
    (("wiki", "위키"), Source("wiki", 1)),
    (("news", "뉴스", "신문"), Source("news", 1)),
    (
        ("expert", "전문지식", "전문 지식", "law", "법령", "판례", "patent", "특허", "논문"),
        Source("expert", 1),
    ),
    (("open", "public", "공개자료", "공개 자료", "공공"), Source("open", 1)),
    (("web", "crawl", "웹"), Source("web")),
)
_ALONE = frozenset(("kin", "qna", "qa", "law", "open", "public", "web"))

Registry = Mapping[str, Source]
Value = TypeVar("Value")


def source_name(name: str) -> str:
    """Returns a source's name in composed letters (NFC); macOS decomposes those of files."""
    return unicodedata.normalize("NFC", name)


def by_source(pairs: Iterable[tuple[str, Value]], place: str | Path) -> dict[str, Value]:
    """Collects values by source, under the composed spelling of each name.

    Args:
        pairs: a name, in any Unicode form, and its value.
        place: where they were given, for the message.

    Raises:
        ClovaError: a source is given twice.
    """
    values: dict[str, Value] = {}
    for name, value in pairs:
        name = source_name(name)
        if name in values:
            raise ClovaError(f"{place}: source {name!r} stands there twice; give it once")
        values[name] = value
    return values


def source_of(name: str, registered: Registry | None = None) -> Source:
    """Returns the source of a name: registered, else by a word in the name, else `others` of tier 2.

    Args:
        name: of a source, in any Unicode form.
        registered: the user's sources, which come before ours (`read_sources`).
    """
    name = source_name(name)
    known = (registered or {}).get(name) or SOURCES.get(name)
    if known:
        return known
    lower = name.lower()
    words = set("".join(letter if letter.isalnum() else " " for letter in lower).split())
    for known_words, source in _BY_WORD:
        if any(word in (words if word in _ALONE else lower) for word in known_words):
            return source
    return Source("others")


def kinds_of(names: Iterable[str], registered: Registry | None = None) -> dict[str, str]:
    """Returns the kind of each source by its name (`source_of`)."""
    return {name: source_of(name, registered).kind for name in names}


def table_1_row(kind: str) -> str:
    """Returns the row of the paper's Table 1 that a kind is counted under."""
    return "others" if kind in WITHIN_OTHERS else kind


def read_sources(path: str | Path | None) -> Registry:
    """Reads the user's registry from JSON: `{"my_blog": {"kind": "blog", "tier": 2}, …}`; empty without a file.

    Raises:
        ClovaError: not such a mapping, an unknown kind or field, a tier that is not 1, 2 or 3, a
            name that is given twice.
    """
    if path is None:
        return {}
    table = read_json(path)
    if not isinstance(table, dict):
        raise ClovaError(f"{path}: expected an object of sources, like {_EXAMPLE}")
    for name, row in table.items():
        if not isinstance(row, dict) or not set(row) <= {"kind", "tier"}:
            raise ClovaError(f"{path}: {name}: is {row!r}; expected kind and tier, like {_EXAMPLE}")
        kind, tier = row.get("kind"), row.get("tier", 2)
        if kind not in KINDS:
            raise ClovaError(f"{path}: {name}: kind is {kind!r}; one of {', '.join(KINDS)}")
        if type(tier) is not int or tier not in (1, 2, 3):
            raise ClovaError(f"{path}: {name}: tier is {tier!r}; 1, 2 or 3")
    return by_source(((name, Source(**row)) for name, row in table.items()), path)


_EXAMPLE = '{"my_blog": {"kind": "blog", "tier": 2}}'
_LABELS = {
    "blog": "블로그",
    "cafe": "카페",
    "news": "뉴스",
    "comments": "댓글",
    "kin": "지식인",
    "modu": "모두의 말뭉치",
    "wiki": "위키백과",
    "web": "웹 문서",
    "open": "공개 자료",
    "expert": "전문 지식",
    "others": "문서",
}


def prefix(kind: str, meta: dict[str, Any]) -> str:
    """Writes the line of source and category: `[블로그 | 여행 | 제주의 봄]`.

    The paper says that such a prefix exists; its wording is ours.
    """
    parts = [_LABELS[kind]]
    for key in ("name", "blog", "cafe", "magazine", "category", "genre", "title"):
        value = meta.get(key)
        if isinstance(value, str) and value.strip() and value.strip() not in parts:
            parts.append(" ".join(value.split()))
    return "[" + " | ".join(parts) + "]"
