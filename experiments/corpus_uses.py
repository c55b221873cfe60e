"""What the texts of a corpus are good for: search, dialogue, questions and answers, summaries.

python -m experiments.corpus_uses --data DIR --tokenizer DIR
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option
from clova_jax.corpus import NO_USE, RULES, USES, count_uses


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Counts documents, bytes and tokens of a corpus by use, by source, and by the rule that decided.

    Without --data it counts the sample world. Without --tokenizer a morpheme-aware byte BPE is trained
    on the corpus first.
    """

    sample_megabytes = 2.0
    out: Path = tables.out_option("corpus_uses")
    tokenizer: Path | None = None
    """folder of a tokenizer"""
    sources: Path | None = None
    """JSON registry of sources: name to kind and tier"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU)"""


def count(run: tables.TableRun) -> list[tables.Row]:
    """Returns the rows by use, then by source and use, then by use and rule."""
    options = run.options
    workers = options.workers or os.cpu_count() or 1
    how = {"count": count_uses, "sources": options.sources}
    counts, folder = tables.corpora.count_sources(
        run.data, options.tokenizer, run.out, workers, **how
    )
    total = sum(counts.values(), Counter())
    run.notes += [
        f"Tokens by {folder.name}. token_percent: of the corpus; in rows by source, of the source.",
        "A text may be good for several uses, so percentages add up to more than 100; rules see a part: lower bounds.",
    ]
    uses = (*USES, NO_USE)
    rows = [row("use", use, "", total, f"use/{use}/", total) for use in uses]
    for name, of_source in sorted(counts.items()):
        rows += [row("source", use, name, of_source, f"use/{use}/", of_source) for use in uses]
    for use in USES:
        rows += [row("rule", use, rule, total, f"rule/{use}/{rule}/", total) for rule in RULES[use]]
    return [row for row in rows if row["by"] != "source" or row["documents"]]


def row(by: str, use: str, name: str, counts: Counter, key: str, whole: Counter) -> tables.Row:
    """Returns what is good for a use, by a source or a rule."""
    return {
        "by": by,
        "use": use,
        "name": name,
        "documents": counts[f"{key}documents"],
        "megabytes": counts[f"{key}bytes"] / 1e6,
        "tokens": counts[f"{key}tokens"],
        "token_percent": 100 * counts[f"{key}tokens"] / max(whole["tokens"], 1),
    }


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the share of tokens by source and use, the corpus at the top."""
    uses = (*USES, NO_USE)
    shares = {("all", r["use"]): r["token_percent"] for r in run.rows if r["by"] == "use"}
    shares |= {(r["name"], r["use"]): r["token_percent"] for r in run.rows if r["by"] == "source"}
    names = list(dict.fromkeys(name for name, _ in shares))
    table = [[shares.get((name, use), 0.0) for use in uses] for name in names]
    with tables.panels(path, size=(7, 1.2 + 0.32 * len(names))) as (axes,):
        axes.imshow(table, vmin=0, vmax=100, cmap="Blues", aspect="auto")
        axes.set_xticks(range(len(uses)), uses)
        axes.set_yticks(range(len(names)), names)
        for y, line in enumerate(table):
            for x, share in enumerate(line):
                color = "white" if share > 60 else "black"
                axes.text(x, y, f"{share:.0f}", ha="center", va="center", color=color)
        axes.set_title("share of a source's tokens that is good for a use (%)")


TABLE = tables.Table("corpus_uses", Options, cells=lambda run: [count], figures={"uses.png": draw})

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
