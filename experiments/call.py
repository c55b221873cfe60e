"""Calls led by scenarios: what is understood, what is said next, whole calls with simulated callers, and utterances written.

python -m experiments.call                            # the embedded sample
python -m experiments.call --model DIR --data DIR     # Chatbot_data: the next utterance; the calls are the sample world's
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option

Kind = Literal["branch", "turns", "calls", "next", "utterances"]
System = Literal[
    *("rules", "ngrams", "tuned", "bm25", "neighbours", "vectors", "model", "model_normalised")
]


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Leads calls by scenarios, and scores what is understood and recommended in them, by a model and by its rivals.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Transcripts are in
    predictions.jsonl, their analysis in calls.md, and a sheet for collectors in utterances.csv.
    """

    out: Path = tables.out_option("call")
    kinds: tuple[Kind, ...] = ("branch", "turns", "calls", "next", "utterances")
    """branch: yes or no; turns: intents and values; calls: complete ones; next: what is said next; utterances: written"""
    systems: tuple[System, ...] = (
        *("rules", "ngrams", "tuned", "bm25", "neighbours", "vectors", "model", "model_normalised"),
    )
    """rules, ngrams and model understand, tuned yes and no only; bm25, neighbours, vectors, model and model_normalised recommend"""
    scenario: tuple[Path, ...] = ()
    """scenario files in place of those that come with the package"""
    callers: int = option(5, least=1)
    """simulated callers of a scenario"""
    noise: float = option(0.08, least=0, most=0.5)
    """how often the recogniser takes a letter for one that sounds alike"""
    hypotheses: int = option(5, least=1)
    """of the recogniser"""
    limit: int | None = option(100, least=1)
    """questions of what is said next, of each set"""
    rows: int = option(2, least=1)
    """utterances written for a state, and rows of it in the sheet"""
    steps: int = option(100, least=1)
    """updates of tuned, at most"""
    collected: Path | None = None
    """a filled sheet: calls choose from its wordings too"""


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each kind and system, rivals first.

    Raises:
        ClovaError: a scenario, a sheet or the data are at fault; none of the systems does what is asked.
    """
    options = run.options
    sets = tables.call_sets.CallSets(
        run.data,
        tables.call_sets.find_scenarios(options),
        options.callers,
        options.limit,
        options.seed,
    )
    run.found["sets"] = sets
    if not (found := list(_cells(options, sets))):
        raise ClovaError(
            f"--systems {','.join(options.systems)}: none is measured by --kinds {','.join(options.kinds)}"
        )
    return found


def _cells(options: Options, sets: Any) -> Iterator[tables.Cell]:
    cell = tables.call_cells
    understanding = [name for name in cell.UNDERSTANDERS if name in options.systems]
    for name in (*understanding, "tuned"):
        if "branch" in options.kinds and name in options.systems:
            yield cell.branch(sets, name, options.steps)
    for name in understanding:
        if "turns" in options.kinds:
            yield from (cell.turns(sets, name, how, options) for how in cell.HEARD)
        if "calls" in options.kinds:
            yield cell.complete(sets, name, options)
    for asked in sets.next if "next" in options.kinds else ():
        for name in cell.RECOMMENDERS:
            if name in options.systems:
                yield cell.recommended(sets, asked, name)
    if "utterances" in options.kinds and "model" in options.systems:
        yield cell.written(sets, options.rows)


TABLE = tables.Table(
    "call",
    Options,
    cells,
    columns=(*("kind", "system", "model", "metric", "value", "low", "high", "baseline", "items"),),
    notes=lambda run: tables.call_notes.notes(run, run.found["sets"]),
    figures={"call.png": lambda run, path: tables.call_notes.draw(run, path)},
    extras=lambda run: tables.call_notes.write_extras(run, run.found["sets"]),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
