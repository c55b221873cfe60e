"""Runs `clova media`: documents with images, speech and video, prepared beside their files."""

import sys
from dataclasses import dataclass
from pathlib import Path

from clova_jax import corpus
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.common.report import format_table


@dataclass(frozen=True)
class Options:
    """Keeps images, speech and video beside their documents, in order, with alt texts, captions and transcripts.

    Reads pages of HTML (img, figure, audio, video, track) and JSON Lines whose documents list files in meta.media. Writes
    documents/ with a marker where each medium stands, media/ with the files by hash, and manifest.jsonl, under --out.
    Nothing is decoded or fetched; personal data in the words are masked. The same command resumes where it was stopped.
    """

    data: str = option("", metavar="PATH")
    """a folder (or its corpus/), a file or a glob"""
    out: Path = Path("runs/media")
    """where everything goes"""
    core: bool = True
    """cut web pages to their core region"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU)"""
    check: Path | None = None
    """a folder that was prepared: hash its files and compare with its manifest, nothing else"""


def run(options: Options) -> None:
    """Prepares, or checks, and says what was kept."""
    if options.check is not None:
        print(f"{options.check}: {corpus.check_media(options.check):,} media are as they were kept")
        return
    if not options.data:
        raise ClovaError("--data is required: a folder, a file or a glob (try --help)")
    report = corpus.prepare_media(Path(options.data), options.out, options.core, options.workers)
    counts = report["counts"]
    rows = [
        {
            "type": name,
            "number": counts[name],
            "MB": counts.get(f"{name} bytes", 0) / 1e6,
            **{
                what: counts.get(f"{name} with {what}", 0)
                for what in ("alt", "caption", "transcript")
            },
        }
        for name in ("image", "audio", "video")
        if counts.get(name)
    ]
    if rows:
        print(format_table(rows))
    for message in report["bad"]["messages"][:10]:
        print(f"clova media: {message}", file=sys.stderr)
    if count := report["bad"]["count"]:
        print(
            f"clova media: {count:,} could not be kept; see {options.out}/report.json",
            file=sys.stderr,
        )
    documents, having = counts.get("documents", 0), counts.get("with media", 0)
    print(f"{options.out}: {documents:,} documents, {having:,} of them with media")
