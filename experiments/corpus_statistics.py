"""Table 1: what a corpus is made of, by the paper's kinds, beside the paper's own.

python -m experiments.corpus_statistics --data DIR --tokenizer DIR
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper, tables
from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import option
from clova_jax.common.report import format_table
from clova_jax.corpus import DESCRIPTIONS, KINDS, read_sources, source_of
from clova_jax.sample import is_sample

PAPER = [
    {"kind": kind, "description": DESCRIPTIONS[kind], "tokens_billion": paper.TABLE_1[kind]}
    for kind in paper.TABLE_1
]


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Counts documents, bytes, tokens and languages of a corpus by the kinds of Table 1.

    Without --data it counts the sample world. Without --tokenizer a morpheme-aware byte BPE is trained
    on the corpus first.
    """

    sample_megabytes = 2.0
    out: Path = tables.out_option("corpus_statistics")
    tokenizer: Path | None = None
    """folder of a tokenizer"""
    sources: Path | None = None
    """JSON registry of sources: name to kind and tier"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU)"""


def count(run: tables.TableRun) -> list[tables.Row]:
    """Returns a row for each kind, and their sum; the counts of an earlier run are taken over."""
    options = run.options
    workers = options.workers or os.cpu_count() or 1
    counts, folder = tables.corpora.count_sources(run.data, options.tokenizer, run.out, workers)
    registry = read_sources(options.sources)
    by_kind: dict[str, Counter] = {}
    for source, of_source in counts.items():
        by_kind.setdefault(source_of(source, registry).kind, Counter()).update(of_source)
    total = sum(by_kind.values(), Counter())
    run.notes += notes(total, folder)
    write_json(run.out / "languages.json", tables.corpora.language_rows(counts))
    shares = {kind: 100 * n / sum(paper.TABLE_1.values()) for kind, n in paper.TABLE_1.items()}
    rows = [
        kind_row(kind, by_kind[kind], total, shares.get(kind)) for kind in KINDS if kind in by_kind
    ]
    return [*rows, kind_row("total", total, total, 100.0)]


def kind_row(kind: str, count: Counter, total: Counter, paper_percent: float | None) -> tables.Row:
    """Returns what a kind of text has."""
    return {
        "kind": kind,
        "documents": count["documents"],
        "megabytes": count["bytes"] / 1e6,
        "tokens": count["tokens"],
        "token_percent": 100 * count["tokens"] / max(total["tokens"], 1),
        "korean_percent": 100 * count["language/ko"] / max(count["bytes"], 1),
        "paper_percent": paper_percent,
    }


def notes(total: Counter, tokenizer: Path) -> list[str]:
    """Returns compression, the share of Korean, and how the kinds compare with the paper's."""
    korean = 100 * total["language/ko"] / max(total["bytes"], 1)
    hangul = tables.corpora.script_shares(total)["hangul"]
    return [
        f"Tokens by {tokenizer}: {total['bytes'] / max(total['tokens'], 1):.2f} bytes a token.",
        f"Korean documents hold {korean:.1f}% of the bytes; Hangul is {hangul:.1f}% of the letters. "
        "GPT-3's corpus is less than 0.02% Korean by characters (the paper).",
        "Web documents, open resources and expert knowledge are kinds of their own here, a part of Others in the paper.",
        "WikiEn and WikiJp are one row of the paper (5.2 billion); this table counts any Wikipedia there.",
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the shares of the kinds, beside the paper's where the text is real."""
    *rows, _ = run.rows
    series = {"this corpus": [row["token_percent"] for row in rows]}
    if not is_sample(run.data):
        series["the paper"] = [row["paper_percent"] or 0.0 for row in rows]
    with tables.panels(path, size=(7, 3.8)) as (axes,):
        tables.draw_bars(axes, [row["kind"] for row in rows], series)
        axes.set_ylabel("share of tokens (%)")
        tables.legend(axes)


TABLE = tables.Table(
    "corpus_statistics",
    Options,
    cells=lambda run: [count],
    paper=[*PAPER, {"kind": "total", "tokens_billion": paper.TOKENS_BILLION}],
    figures={"kinds.png": draw},
    extras=lambda run: print(format_table(read_json(run.out / "languages.json"))),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
