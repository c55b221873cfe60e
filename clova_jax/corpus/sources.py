"""The registry of sources: the paper's kinds, how far each is trusted, and what the prefix says.

Kinds are the rows of the paper's Table 1. A tier tells how informative and trusted a source is
(a talk of the authors ranks sites so): 1 encyclopedias, laws, manuals, edited press; 2 what people
publish under a name; 3 what is jotted down in passing. Of duplicates, the better tier's is kept.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json

KINDS = ("blog", "cafe", "news", "comments", "kin", "modu", "wiki", "others")
DESCRIPTIONS = {
    "blog": "blog corpus",
    "cafe": "online community",
    "news": "news",
    "comments": "crawled comments and reviews",
    "kin": "question and answer site",
    "modu": "National Institute of Korean Language",
    "wiki": "Wikipedia",
    "others": "others",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a source.

    Args:
        kind: one of `KINDS`.
        tier: 1 (best) to 3.
    """

    kind: str
    tier: int = 2


SOURCES = {
    "blogs": Source("blog"),
    "dialogue_qa": Source("others", 3),
    "docs_business": Source("others", 1),
    "docs_microsoft": Source("others", 1),
    "law": Source("others", 1),
    "literature": Source("others", 1),
    "magazines_1920s": Source("others", 1),
    "news_comments": Source("comments", 3),
    "news_headlines": Source("news", 1),
    "petitions": Source("cafe"),
    "reviews_game": Source("comments", 3),
    "reviews_movie": Source("comments", 3),
    "software_help": Source("others", 1),
    "tutorials": Source("others", 1),
    "wiki_news_passages": Source("wiki", 1),
}
# Words that tell the kind of a source nobody registered.
_TELLING = (
    ("comment", "comments", 3),
    ("review", "comments", 3),
    ("blog", "blog", 2),
    ("cafe", "cafe", 2),
    ("community", "cafe", 2),
    ("kin", "kin", 2),
    ("qna", "kin", 2),
    ("modu", "modu", 1),
    ("nikl", "modu", 1),
    ("wiki", "wiki", 1),
    ("news", "news", 1),
)


def source_of(name: str, registered: dict[str, Source] | None = None) -> Source:
    """The source of that name; by a word in it where nobody registered it, else `others`, tier 2."""
    known = (registered or {}).get(name) or SOURCES.get(name)
    if known:
        return known
    for word, kind, tier in _TELLING:
        if word in name.lower():
            return Source(kind, tier)
    return Source("others")


def read_sources(path: str | Path) -> dict[str, Source]:
    """A registry from JSON: `{"my_blog": {"kind": "blog", "tier": 2}, …}`.

    Raises:
        ClovaError: not such a mapping, an unknown kind, a tier out of 1 to 3.
    """
    table = read_json(path)
    if not isinstance(table, dict):
        raise ClovaError(f"{path}: expected an object of sources")
    sources = {}
    for name, row in table.items():
        kind = row.get("kind") if isinstance(row, dict) else None
        tier = row.get("tier", 2) if isinstance(row, dict) else None
        if kind not in KINDS:
            raise ClovaError(f"{path}: {name}: kind is {kind!r}; one of {', '.join(KINDS)}")
        if tier not in (1, 2, 3):
            raise ClovaError(f"{path}: {name}: tier is {tier!r}; 1, 2 or 3")
        sources[name] = Source(kind, tier)
    return sources


_LABELS = {
    "blog": "블로그",
    "cafe": "카페",
    "news": "뉴스",
    "comments": "댓글",
    "kin": "지식인",
    "modu": "모두의 말뭉치",
    "wiki": "위키백과",
    "others": "문서",
}


def prefix(kind: str, meta: dict[str, Any]) -> str:
    """The line that tells source and category: `[블로그 | 여행 | 제주의 봄]`.

    The paper says that such a prefix exists; its wording is ours.
    """
    parts = [_LABELS[kind]]
    for key in ("name", "blog", "cafe", "magazine", "category", "genre", "title"):
        value = meta.get(key)
        if isinstance(value, str) and value.strip() and value.strip() not in parts:
            parts.append(" ".join(value.split()))
    return "[" + " | ".join(parts) + "]"
