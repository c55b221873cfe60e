"""Runs `clova download`: NSMC, KorQuAD and KLUE from their official addresses."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.options import option
from clova_jax.common.run_folder import holds_out
from clova_jax.labelled import BASE_URL, DATA_SETS, download


@dataclass(frozen=True)
class Options:
    """Gets labelled data sets, pinned by commit and checked, laid out as --data wants them.

    A transfer that is cut resumes where it stopped; run the same command again after a failure.
    """

    out: Path
    """the data folder"""
    names: tuple[str, ...] = option(
        (), help=f"which: {', '.join(DATA_SETS)}; all by default", metavar="NAME", positional=True
    )
    base_url: str = BASE_URL
    """a mirror laid out like it: owner/name/commit/path"""
    timeout: float = option(30.0, above=0)
    """seconds without a byte before a transfer is tried again"""


@holds_out
def run(options: Options) -> int:
    """Downloads; returns the exit status."""
    paths = download(options.out, options.names, base_url=options.base_url, timeout=options.timeout)
    print(f"{len(paths)} files under {options.out}; use it with --data {options.out}")
    return 0
