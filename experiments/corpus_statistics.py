"""Table 1: what a corpus is made of, by the paper's kinds, beside the paper's own.

python -m experiments.corpus_statistics --data DIR --tokenizer DIR
"""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import Report, format_table
from clova_jax.common.run_folder import holds_out
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.report.statistics import SCRIPTS, count_corpus
from clova_jax.corpus.sources import DESCRIPTIONS, KINDS, read_sources, source_of
from clova_jax.data.mixture import TABLE_1
from clova_jax.sample import is_sample, write_sample

SAMPLE_MEGABYTES = 2.0
TRAINING_BYTES = 4_000_000
VOCAB_SIZE = 8_192


@dataclass(frozen=True)
class Options:
    """Counts documents, bytes, tokens and languages of a corpus by the kinds of Table 1.

    Without --data it counts the sample world. Without --tokenizer a morpheme-aware byte BPE is trained
    on the corpus first.
    """

    data: Path | None = option(None, "a corpus folder", metavar="DIR")
    tokenizer: Path | None = option(None, "folder of a tokenizer", metavar="DIR")
    sources: Path | None = option(None, "JSON registry of sources: name to kind and tier")
    seed: int = seed_option("of the sample world")
    workers: int | None = option(None, "processes (default: one a CPU)", least=1)
    out: Path = option(Path("runs/corpus_statistics"), "result folder", metavar="DIR")


@holds_out
def run(options: Options) -> None:
    """Counts, prints the table and draws the shares."""
    data = options.data
    if data is None:
        data = write_sample(options.out / "sample", SAMPLE_MEGABYTES, options.seed)
    _same_input(options, data)
    folder = str(options.tokenizer or _trained(data, options.out / "tokenizer"))
    workers = options.workers or os.cpu_count() or 1
    counts = count_corpus(data, options.out / "counts", folder, workers)
    registry = read_sources(options.sources)
    by_kind: dict[str, Counter] = {}
    for source, count in counts.items():
        by_kind.setdefault(source_of(source, registry).kind, Counter()).update(count)
    total = sum(by_kind.values(), Counter())
    rows = [
        _row(kind, by_kind[kind], total) | {"paper_percent": 100 * share / sum(TABLE_1.values())}
        for kind, share in TABLE_1.items()
        if kind in by_kind
    ]
    rows.append(_row("total", total, total) | {"paper_percent": 100.0})
    paper = [
        {"kind": kind, "description": DESCRIPTIONS[kind], "tokens_billion": TABLE_1[kind]}
        for kind in KINDS
    ]
    paper.append({"kind": "total", "tokens_billion": 561.8})
    letters = sum(total[f"script/{name}"] for name in SCRIPTS) or 1
    korean = 100 * total["language/ko"] / max(total["bytes"], 1)
    notes = [
        f"Tokens by {folder}: {total['bytes'] / max(total['tokens'], 1):.2f} bytes a token.",
        f"Korean documents hold {korean:.1f}% of the bytes; Hangul is "
        f"{100 * total['script/hangul'] / letters:.1f}% of the letters. GPT-3's corpus is less than 0.02% "
        "Korean by characters (the paper).",
        "WikiEn and WikiJp are one row of the paper (5.2 billion); this table counts any Wikipedia there.",
    ]
    report = Report("corpus_statistics", as_json(options), rows, paper, notes)
    report.write(options.out)
    languages = _languages(counts)
    write_json(options.out / "languages.json", languages)
    print(format_table(languages))
    _plot(rows[:-1], options.out / "kinds.png", is_sample(data))


def _row(kind: str, count: Counter, total: Counter) -> dict[str, Any]:
    return {
        "kind": kind,
        "documents": count["documents"],
        "megabytes": count["bytes"] / 1e6,
        "tokens": count["tokens"],
        "token_percent": 100 * count["tokens"] / max(total["tokens"], 1),
        "korean_percent": 100 * count["language/ko"] / max(count["bytes"], 1),
    }


def _languages(counts: dict[str, Counter]) -> list[dict[str, Any]]:
    """Bytes by language and letters by script, of each source, in per cent."""
    rows = []
    for source, count in sorted(counts.items()):
        letters = sum(count[f"script/{name}"] for name in SCRIPTS) or 1
        row: dict[str, Any] = {"source": source, "documents": count["documents"]}
        row |= {name: 100 * count[f"script/{name}"] / letters for name in SCRIPTS}
        others = {
            key.removeprefix("language/"): 100 * value / max(count["bytes"], 1)
            for key, value in count.items()
            if key.startswith("language/")
        }
        top = sorted(others.items(), key=lambda item: -item[1])[:3]
        row["languages"] = ", ".join(f"{name} {share:.1f}" for name, share in top)
        rows.append(row)
    return rows


def _same_input(options: Options, data: Path) -> None:
    """Counts of another corpus or tokenizer must not be mixed in."""
    told = f"{data} {options.tokenizer}"
    path, value = options.out / "counts" / "input.json", hashlib.sha256(told.encode()).hexdigest()
    if path.is_file() and read_json(path) != value:
        raise ClovaError(
            f"{options.out}: holds counts of another corpus or tokenizer; choose another --out"
        )
    write_json(path, value)


def _trained(data: Path, folder: Path) -> Path:
    from clova_jax.tokenizers import train_tokenizer

    if not folder.is_dir():

        def texts():
            size = 0
            for document in read_documents(data):
                yield document.text
                size += len(document.text.encode("utf-8", "surrogatepass"))
                if size > TRAINING_BYTES:
                    return

        train_tokenizer(texts(), kind="morpheme_byte", vocab_size=VOCAB_SIZE).save(folder)
    return folder


def _plot(rows: list[dict[str, Any]], path: Path, synthetic: bool) -> None:
    with figure(path, size=(7, 3.8)) as axes:
        places = range(len(rows))
        axes.bar(
            [p - 0.2 for p in places], [r["token_percent"] for r in rows], 0.4, label="this corpus"
        )
        if not synthetic:
            paper = [row["paper_percent"] for row in rows]
            axes.bar([place + 0.2 for place in places], paper, 0.4, label="the paper")
        axes.set_xticks(list(places), [row["kind"] for row in rows])
        axes.set_ylabel("share of tokens (%)")
        legend(axes)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
