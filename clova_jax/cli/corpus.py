"""Implements `clova corpus`: raw text to clean documents, with a report."""

import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from clova_jax import corpus, data, labelled
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.common.report import format_table
from clova_jax.common.stop import Stopped
from clova_jax.corpus import Cleaning, Job, RunSettings, Selection, Selector


@dataclass(frozen=True)
class _Folders:
    data: str = option("", metavar="PATH")
    """a folder (or its corpus/), a file or a glob"""
    out: Path = Path("runs/corpus")
    """where everything goes"""


@dataclass(frozen=True)
class Options(Selection, Cleaning, RunSettings, _Folders):  # their fields, last to first, then ours
    """Cleans a corpus: extraction, rules, language, spam, quality, toxicity, evaluation sets, privacy, duplicates.

    Reads .jsonl, .txt, .csv, .tsv and .html, each plain, .gz or .zst, and .parquet. Writes documents/, dropped/,
    matches.jsonl.zst, report.json and report.html under --out. The same command resumes where it was
    stopped or killed. With --executor stream it maps JSON Lines from standard input to standard
    output (a Hadoop streaming mapper), without the search for duplicates.
    """

    prefix: bool = False
    """begin documents with a line of source and category"""


def run(options: Options) -> int | None:
    """Runs the pipeline and prints what was kept of each source."""
    steps = options.steps or Cleaning.steps
    if options.prefix:
        steps = tuple(dict.fromkeys((*steps, "prefix")))
    cleaning = Cleaning(**_fields(Cleaning, options) | {"steps": steps})
    if options.executor == "stream":
        if options.forms:
            raise ClovaError(
                "--forms: a stream is not searched for duplicates, after which pages are made; "
                "give --forms to `clova serialize`"
            )
        corpus.map_stream(sys.stdin.buffer, sys.stdout.buffer, cleaning, sys.stderr)
        return None
    job = _job(options, cleaning)
    mixture = _mixture(options) if options.weights else ()
    start = time.monotonic()
    try:
        report = corpus.clean_corpus(job, *mixture)
    except Stopped as stopped:
        print(f"clova corpus: {stopped}: run the same command again to resume", file=sys.stderr)
        return 130
    _show(report, options.out, time.monotonic() - start)
    return None


def _fields(settings: type, options: Options) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in fields(settings)}


def _job(options: Options, cleaning: Cleaning) -> Job:
    """Finds the evaluation sets and labelled comments of the data where none are given."""
    if not options.data:
        raise ClovaError("--data is required: a folder, a file or a glob (try --help)")
    if "://" in options.data:
        raise ClovaError(f"--data: {options.data} is a URL; give a path on this machine")
    data, given = Path(options.data), _fields(RunSettings, options)
    if not options.evaluation and data.is_dir():
        given["evaluation"] = tuple(labelled.known_files(data))
    if options.safety is None and (data / "safety").is_dir():
        given["safety"] = data / "safety"
    return Job(data, options.out.resolve(), cleaning, **given)


def _mixture(options: Options) -> tuple[Selector, dict[str, Any]]:
    selection = Selection(**_fields(Selection, options))
    return data.selector(selection, corpus.read_sources(options.sources)), asdict(selection)


def _show(report: dict[str, Any], out: Path, seconds: float) -> None:
    from clova_jax.corpus import fit_sentences

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
    for sentence in fit_sentences(report.get("forms", {})):
        print(sentence)
    if report.get("idle_steps"):
        print(f"\nsteps that found nothing to do: {', '.join(report['idle_steps'])}")
    for warning in report["warnings"]:
        print(f"WARNING: {warning}", file=sys.stderr)
    read, kept = report["bytes"]["read"] / 1e6, report["bytes"]["kept"] / 1e6
    print(f"\n{out}: {kept:,.1f} of {read:,.1f} MB in {seconds:.0f} s; see {out}/report.html")
