"""Queries that find nothing: how many find their page again after a model, or a rival, has rewritten them.

python -m experiments.null_queries                            # the embedded sample
python -m experiments.null_queries --model DIR --data DIR     # KorQuAD 1.0 over its own and KLUE-MRC's passages
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import tables
from clova_jax.common.options import option

Kind = Literal["neighbour", "spacing", "jamo", "latin", "fact"]
System = Literal[
    *("nothing", "kiwi", "symspell", "rules"),
    *("candidates", "few_shot", "few_shot_previous", "tuned"),
]


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Breaks queries, has them rewritten, and counts those that find their page again.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Rerun with
    the same --out, finished answers are not computed again and an unfinished tuning is resumed.
    """

    out: Path = tables.out_option("null_queries")
    kinds: tuple[Kind, ...] = ("neighbour", "spacing", "jamo", "latin", "fact")
    """damage: the key beside, a space, letters apart, the wrong keyboard, a wrong fact"""
    systems: tuple[System, ...] = (
        *("nothing", "kiwi", "symspell", "rules"),
        *("candidates", "few_shot", "few_shot_previous", "tuned"),
    )
    """who rewrites"""
    limit: int | None = option(100, least=1)
    """test queries of a kind"""
    shots: int = option(6, least=1)
    """pairs in the prompt of few_shot"""
    training: int = option(300, least=1)
    """training queries, each broken in every way"""
    method: str = "fine_tuning"
    """how tuned is tuned: fine_tuning, lora, p_tuning or prompt_tuning"""
    steps: int = option(400, least=1)
    """updates of it, at most"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each system, rivals first."""
    options = run.options
    made = tables.query_sets.QuerySets.make
    sets = made(run.data, options.kinds, options.limit, options.training, options.seed)
    run.found["sets"] = sets
    known = (*tables.null_queries.RIVALS, *tables.null_queries.REWRITERS)
    for name in sorted(options.systems, key=known.index):
        yield tables.null_queries.System(sets, name)


TABLE = tables.Table(
    "null_queries",
    Options,
    cells,
    columns=(
        *("kind", "system", "model", "metric", "value", "low", "high", "baseline", "queries"),
    ),
    notes=lambda run: tables.null_queries.notes(run, run.found["sets"]),
    figures={"null_queries.png": lambda run, path: tables.null_queries.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
