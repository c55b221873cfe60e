"""`clova corpus`: raw text to clean documents, with a report."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clova_jax.common.command import option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.report import format_table


@dataclass(frozen=True)
class Options:
    """Cleans a corpus: extraction, rules, language, spam, quality, toxicity, evaluation sets, privacy, duplicates.

    Reads .jsonl, .txt, .csv, .tsv and .html, each plain, .gz or .zst. Writes documents/, dropped/,
    matches.jsonl.zst, report.json and report.html under --out. The same command resumes where it was
    stopped or killed. With --executor stream it maps JSON Lines from standard input to standard
    output (a Hadoop streaming mapper), without the search for duplicates.
    """

    data: str = option("", "a folder (or its corpus/), a file or a glob", metavar="PATH")
    out: Path = option(Path("runs/corpus"), "where everything goes")
    executor: Literal["local", "spark", "stream"] = option(
        "local",
        "where the steps run. local: worker processes; spark: PySpark; stream: stdin to stdout",
    )
    workers: int | None = option(None, "processes (default: one a CPU)", least=1)
    steps: tuple[str, ...] = option(
        (),
        "which map steps run: extract, normalize, title, length, repetition, language, spam, quality, "
        "evaluation, toxicity, privacy, prefix (default: all but prefix)",
    )
    languages: tuple[str, ...] = option(
        ("ko",), "languages to keep, as ISO codes; und: too few letters to decide"
    )
    sources: Path | None = option(None, "JSON registry of your sources: name to kind and tier")
    lowest_tier: int = option(
        3,
        "drop sources of a higher tier number: 1 edited, 2 published under a name, 3 casual",
        least=1,
        most=3,
    )
    min_letters: int = option(20, "letters that a document must have", least=0)
    min_letters_short: int = option(6, "the same for comments, headlines and answers", least=0)
    core: bool = option(True, "cut web pages to their core region")
    prefix: bool = option(False, "begin documents with a line of source and category")
    min_quality: float = option(
        0.0,
        "least quality of documents below tier 1, 0 to 1 (train a model on your own crawl)",
        least=0,
        most=1,
    )
    toxicity: Literal["drop", "soften", "keep"] = option(
        "drop",
        "toxic documents. drop: drop them; soften: write milder words first; keep: leave them as they are",
    )
    safety: Path | None = option(
        None, "labelled comments to train the toxicity model on (default: safety/ in --data)"
    )
    toxicity_model: Path | None = option(None, "a trained toxicity model (clova corpus-model)")
    quality_model: Path | None = option(None, "a trained quality model (clova corpus-model)")
    core_model: Path | None = option(None, "a trained core-region model (clova corpus-model)")
    evaluation: tuple[Path, ...] = option(
        (), "evaluation files to keep out (default: the official ones found in --data)"
    )
    keep_parts: bool = option(
        False,
        "mask only what identifies: keep domains, dialling codes, birth years and sexes, regions",
    )
    similarity: float = option(
        0.6,
        "similarity from which documents are near duplicates, 0 to 1; 2: exact ones only",
        least=0,
    )
    against: Path | None = option(
        None, "an existing corpus; drop the documents that it has already"
    )
    weights: tuple[str, ...] = option(
        (),
        "mix the sources. natural: by size; table1: the paper's shares; auto: by tier and size; or source=number … "
        "(default: all, once)",
    )
    megabytes: float | None = option(
        None, "size of the mixture (default: that of what was kept)", above=0
    )
    max_epochs: float | None = option(None, "no source is repeated more often than this", above=0)
    seed: int = seed_option("seed of the mixture")


def run(options: Options) -> int | None:
    """Runs the pipeline and prints what stayed of each source."""
    from clova_jax.corpus.run.pipeline import Job, Stopped
    from clova_jax.corpus.run.pipeline import run as run_pipeline

    cleaning = _cleaning(options)
    if options.executor == "stream":
        from clova_jax.corpus.run.stream import map_stream

        map_stream(sys.stdin.buffer, sys.stdout.buffer, cleaning, sys.stderr)
        return None
    if not options.data:
        raise ClovaError("--data is required: a folder, a file or a glob (try --help)")
    if "://" in options.data:
        raise ClovaError(f"--data: {options.data} is a URL; give a path on this machine")
    data = Path(options.data)
    evaluation = options.evaluation
    if not evaluation and data.is_dir():
        from clova_jax.labelled.evaluation_sets import known_files

        evaluation = tuple(known_files(data))
    safety = options.safety
    if safety is None and (data / "safety").is_dir():
        safety = data / "safety"
    job = Job(
        data,
        options.out.resolve(),
        cleaning,
        options.similarity,
        options.against,
        evaluation,
        safety,
        options.executor,
        options.workers or os.cpu_count() or 1,
    )
    selection = None
    if options.weights:
        names = ("weights", "megabytes", "max_epochs", "seed")
        selection = {name: getattr(options, name) for name in names}
    start = time.monotonic()
    try:
        report = run_pipeline(job, _mixer(options) if selection else None, selection)
    except Stopped as stopped:
        print(f"clova corpus: {stopped}: run the same command again to go on", file=sys.stderr)
        return 130
    _show(report, options.out, time.monotonic() - start)
    return None


def _cleaning(options: Options):
    from clova_jax.corpus.clean.cleaner import STEPS, Cleaning

    steps = options.steps or tuple(name for name in STEPS if name != "prefix" or options.prefix)
    return Cleaning(
        steps=steps,
        languages=options.languages,
        lowest_tier=options.lowest_tier,
        min_letters=options.min_letters,
        min_letters_short=options.min_letters_short,
        min_quality=options.min_quality,
        toxicity=options.toxicity,
        keep_parts=options.keep_parts,
        core=options.core,
        quality_model=_text(options.quality_model),
        core_model=_text(options.core_model),
        toxicity_model=_text(options.toxicity_model),
        sources=_text(options.sources),
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


_TIER_FACTOR = {1: 1.5, 2: 1.0, 3: 0.5}


def _mixer(options: Options):
    """A selector for the pipeline: shares by the one mixer, documents drawn to fill them exactly."""
    from clova_jax.corpus.sources import read_sources, source_of
    from clova_jax.data import mix, parse_weights

    registry = read_sources(options.sources)

    def select(sources: np.ndarray, sizes: np.ndarray, names: list[str]) -> np.ndarray:
        have = np.bincount(sources, sizes, minlength=len(names))
        by_name = {name: float(size) for name, size in zip(names, have, strict=True) if size}
        weights: Any = parse_weights(options.weights)
        if weights == "auto":
            # Quality and size: trusted tiers more, large sources less than in proportion.
            weights = {
                name: size**0.7 * _TIER_FACTOR[source_of(name, registry).tier]
                for name, size in by_name.items()
            }
        total = sum(by_name.values()) if options.megabytes is None else 1e6 * options.megabytes
        shares = mix(
            by_name, weights, registered=registry, total=total, max_epochs=options.max_epochs
        )
        copies = np.zeros(len(sources), np.int32)
        for share in shares:
            mine = np.flatnonzero(sources == names.index(share.source))
            rng = np.random.default_rng([options.seed, *share.source.encode()])
            copies[mine] = exact_copies(sizes[mine], share.epochs or 0.0, rng)
        return copies

    return select


def exact_copies(sizes: np.ndarray, epochs: float, rng: np.random.Generator) -> np.ndarray:
    """int32[n]: how often each document is taken, so that the bytes are `epochs` times those there are.

    All are taken as often as the whole part of `epochs` says; of the rest, a random order is filled up
    to the last document that brings the sum nearest to what is wanted.
    """
    whole, rest = int(epochs), epochs % 1
    copies = np.full(len(sizes), whole, np.int32)
    order = rng.permutation(len(sizes))
    filled = np.concatenate([[0], np.cumsum(sizes[order])])
    count = int(np.abs(filled - rest * filled[-1]).argmin())
    copies[order[:count]] += 1
    return copies


def _show(report: dict[str, Any], out: Path, seconds: float) -> None:
    rows = [
        {
            "source": row["source"],
            "kind": row["kind"],
            "read": row["read"],
            "kept": row["kept"],
            "MB read": row["read_bytes"] / 1e6,
            "MB kept": row["kept_bytes"] / 1e6,
            "kept %": row["kept_share"],
        }
        for row in report["sources"]
    ]
    print(format_table(rows))
    total = max(report["bytes"]["read"], 1)
    drops = [
        {
            "dropped for": name,
            "documents": row["documents"],
            "% of bytes": 100 * row["bytes"] / total,
        }
        for name, row in report["drops"].items()
    ]
    if drops:
        print()
        print(format_table(drops))
    if report.get("idle_steps"):
        print(f"\nsteps that found nothing to do: {', '.join(report['idle_steps'])}")
    for warning in report["warnings"]:
        print(f"WARNING: {warning}", file=sys.stderr)
    read, kept = report["bytes"]["read"] / 1e6, report["bytes"]["kept"] / 1e6
    print(f"\n{out}: {kept:,.1f} of {read:,.1f} MB in {seconds:.0f} s; look at {out}/report.html")
