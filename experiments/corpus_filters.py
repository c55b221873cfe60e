"""How good are the corpus filters: privacy by type, toxicity, near duplicates, core regions, quality.

python -m experiments.corpus_filters --data DIR
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Measures every filter of the corpus pipeline on labelled, planted or generated cases.

    Without --data, near duplicates are planted in the sample world and toxicity is left out.
    """

    sample_megabytes = 1.0
    out: Path = tables.out_option("corpus_filters")
    documents: int = option(2_000, least=1)
    """documents that near duplicates are planted for"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each filter; its rows are kept in a file of its name."""
    data, out, seed = run.data, run.out, run.options.seed
    filters = tables.filters
    measures = {
        "privacy": lambda: filters.privacy(seed, out / "privacy_mistakes.jsonl"),
        "near_duplicates": lambda: filters.near_duplicates(data, run.options.documents, seed),
        "core_region": lambda: filters.core_regions(seed),
        "quality": lambda: filters.quality_of_sources(data),
        "toxicity": lambda: filters.toxicity(data / "safety", out / "toxicity.safetensors"),
    }
    for name, measure in measures.items():
        yield tables.Kept(name, measure, column="filter")


TABLE = tables.Table("corpus_filters", Options, cells, show=False)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
