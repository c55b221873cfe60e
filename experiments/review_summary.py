"""Reviews in a line: clusters and their representatives, lines that a model writes, and meters that say whether they are true.

python -m experiments.review_summary                            # the embedded sample
python -m experiments.review_summary --model DIR --data DIR     # film reviews; KorNLI and KLUE-NLI for the meters
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import tables
from clova_jax.common.options import option

Meter = Literal["rouge1", "rouge2", "rougeL", "overlap", "nli"]
Group = Literal["cluster", "film", "documents"]


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Clusters film reviews, has a line written about each cluster, and tests what finds lines that are not true.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Rerun with
    the same --out, finished answers are not computed again and an unfinished tuning is resumed.
    """

    out: Path = tables.out_option("review_summary")
    meters: tuple[Meter, ...] = ("rouge1", "rouge2", "rougeL", "overlap", "nli")
    """what judges whether a sentence follows: shared words, a regression on their shares, the tuned model"""
    groups: tuple[Group, ...] = ("cluster", "film", "documents")
    """what lines are written about: a cluster of reviews, a film, similar documents"""
    limit: int | None = option(None, least=1)
    """premises that the meters are tested on, three sentences each (all)"""
    films: int = option(20, least=1)
    """films to cluster and summarise, and groups of documents"""
    least: int = option(20, least=1)
    """reviews that such a film has"""
    clusters: int = option(3, least=1)
    """of a film that is summarised"""
    samples: int = option(3, least=0)
    """lines drawn beside the two likeliest ones; the truest of all is taken"""
    steps: int = option(600, least=1)
    """updates of the NLI head, at most"""
    learning_rate: float = option(1e-3, above=0)
    """its peak"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each way to cluster, each meter, and each kind of group."""
    options, made = run.options, tables.review_cells
    sets = tables.review_sets.ReviewSets.read(
        run.data, films=options.films, least=options.least, limit=options.limit, seed=options.seed
    )
    run.found["sets"] = sets
    for system in made.CLUSTERERS:
        yield made.Clusters(sets, system)
    for system in sorted(options.meters, key=made.METERS.index):
        yield made.Detector(sets, system)
    for kind in options.groups:
        yield made.Lines(sets, kind)
    yield made.forget_head


TABLE = tables.Table(
    "review_summary",
    Options,
    cells,
    columns=(
        *("kind", "system", "model", "metric", "value", "low", "high", "baseline", "items"),
        *("task", "training"),
    ),
    notes=lambda run: tables.review_notes.notes(run, run.found["sets"]),
    figures={"review_summary.png": lambda run, path: tables.review_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
