"""Runs `clova results`: the scores of finished runs go on one page, by model and task."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options:
    """Adds the scores of finished runs to a page, and to the .jsonl file beside it that the page is made of."""

    runs: tuple[Path, ...] = option((), metavar="RUN", positional=True)
    """folders with results.json: of few_shot, p_tuning, clova tune and their like"""
    out: Path = Path("scores.md")
    """the page; what stands on it already is kept"""
    by: str | None = None
    """who measured them, for the page"""


def run(options: Options) -> None:
    """Collects, and says how much."""
    if not options.runs:
        raise ClovaError("give folders of finished runs (try --help)")
    if options.out.suffix != ".md":
        raise ClovaError(f"--out: {options.out} is a page, NAME.md")
    new = [score for one in options.runs for score in tables.read_scores(one, options.by)]
    every = tables.add_scores(new, options.out)
    print(f"{options.out}: {len(new)} scores added or renewed, {len(every)} in all")
