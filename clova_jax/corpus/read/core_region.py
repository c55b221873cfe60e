"""Chooses the blocks of a web page that are its core: a trainable model over simple features of each block.

HyperCLOVA's corpus took only the core region of a page, by a learned model. Ours is logistic
regression. The weights in the package come from generated pages (`core_region_pages`); train on
your own with `clova corpus-model --kind core_region --data PAGES.jsonl`, where each line has the
`html` and, as `text`, what of it is the core.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.corpus.clean.linear_model import DenseModel
from clova_jax.corpus.read.html import HtmlBlock, blocks_text, html_blocks

FEATURES = (
    "length", "link_share", "sentences", "sentence_end", "place", "depth", "paragraph", "heading",
    "item", "row", "preformatted", "core_hint", "boilerplate_hint", "length_before", "length_after",
    "links_before", "links_after", "boilerplate_words", "bars",
)  # fmt: skip
_CORE = re.compile(
    r"\b(?:article|main|content|post|entry|body-?text|view|se-main|text|read)\b|article|post|content|entry"
)
_BOILERPLATE = re.compile(
    r"nav|menu|foot|side|comment|reply|banner|\bads?\b|advert|promo|relat|recommend|share|sns|social|login|search|copyright|widget|tag|categor|breadcrumb|popup|rank|header|gnb|lnb|paging|prev|next"
)
_SENTENCE = re.compile(r"[다요죠까네음함][.!?…]+(?=\s|$)|[.!?]\s")
_WORDS = re.compile(
    r"저작권|무단|전재|재배포|Copyright|ⓒ|©|이용약관|개인정보|로그인|회원가입|구독|공유하기|댓글|이전 ?글|다음 ?글|목록|관련 ?기사|많이 본|추천|광고|더 ?보기|바로가기|고객센터|사업자|좋아요|페이스북|트위터|카카오톡|인기|최신|홈\b|맨 위로|메뉴|검색",
    re.IGNORECASE,
)
_WEIGHTS = Path(__file__).with_name("core_region.json")


def block_features(blocks: list[HtmlBlock]) -> np.ndarray:
    """Computes the features of each block, float[blocks, features]."""
    lengths = [np.log1p(len(block.text)) for block in blocks]
    links = [min(block.linked / max(len(block.text), 1), 1.0) for block in blocks]
    rows = []
    for at, block in enumerate(blocks):
        text = block.text
        rows.append(
            (
                lengths[at],
                links[at],
                min(len(_SENTENCE.findall(text)), 10),
                float(text.rstrip("\"'”’) ").endswith((".", "!", "?", "…"))),
                block.place,
                min(block.depth, 20),
                float(block.tag in ("p", "blockquote")),
                float(block.tag[0] == "h" and block.tag[1:].isdigit()),
                float(block.tag in ("li", "dt", "dd")),
                float(block.tag == "tr"),
                float(block.tag == "pre"),
                float(bool(_CORE.search(block.hints))),
                float(bool(_BOILERPLATE.search(block.hints))),
                lengths[at - 1] if at else 0.0,
                lengths[at + 1] if at + 1 < len(blocks) else 0.0,
                links[at - 1] if at else 0.0,
                links[at + 1] if at + 1 < len(blocks) else 0.0,
                min(len(_WORDS.findall(text)), 3) / np.sqrt(max(len(text), 1)),
                min(text.count("|") + text.count("›") + text.count(">"), 5),
            )
        )
    return np.array(rows, float).reshape(len(rows), len(FEATURES))


@cache
def core_model(path: str | None = None) -> DenseModel:
    """Loads the model at `path`, or the one in the package."""
    return DenseModel.load(path or _WEIGHTS, FEATURES)


def core_blocks(blocks: list[HtmlBlock], model: DenseModel | None = None) -> list[HtmlBlock]:
    """Chooses the blocks that the model calls core; a single gap between two core blocks is filled."""
    if not blocks:
        return []
    model = model or core_model()
    keep = [model(row) >= 0.5 for row in block_features(blocks)]
    filled = [
        kept or (0 < at < len(keep) - 1 and keep[at - 1] and keep[at + 1])
        for at, kept in enumerate(keep)
    ]
    return [block for block, kept in zip(blocks, filled, strict=True) if kept]


def core_text(html: str | Any, model: DenseModel | None = None) -> str:
    """Returns the core region of a page (or of its tree) as text that keeps its form."""
    return blocks_text(core_blocks(html_blocks(html), model))


_LETTERS = re.compile(r"[\W_]+")


def label_blocks(blocks: list[HtmlBlock], core: str) -> np.ndarray:
    """Returns which blocks occur in the core text, compared by letters alone, bool[blocks]."""
    core = _LETTERS.sub("", core)
    letters = [_LETTERS.sub("", block.text) for block in blocks]
    return np.array([bool(text) and text in core for text in letters], bool)


def train_core_region(pages: Iterable[tuple[str, str]], note: str = "") -> DenseModel:
    """Trains on (html, core text) pairs."""
    rows, labels = [], []
    for html, core in pages:
        blocks = html_blocks(html)
        rows.append(block_features(blocks))
        labels.append(label_blocks(blocks, core))
    return DenseModel.fit(
        np.concatenate(rows),
        np.concatenate(labels),
        FEATURES,
        {"data": note, "pages": len(rows), "blocks": int(sum(map(len, rows)))},
    )


def core_scores(pages: Iterable[tuple[str, str]], model: DenseModel) -> dict[str, float]:
    """Computes precision, recall and F1 over blocks, in per cent, weighted by characters."""
    right = wrong = missed = 0
    for html, core in pages:
        blocks = html_blocks(html)
        kept = {id(block) for block in core_blocks(blocks, model)}
        for block, true in zip(blocks, label_blocks(blocks, core), strict=True):
            size = len(block.text)
            if id(block) in kept:
                right, wrong = right + size * true, wrong + size * (not true)
            else:
                missed += size * true
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    return {
        "precision": 100 * precision,
        "recall": 100 * recall,
        "f1": 200 * precision * recall / max(precision + recall, 1e-9),
    }
