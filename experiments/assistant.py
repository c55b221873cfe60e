"""An assistant of three responders: its encoder, its choice, rewriting of follow-ups, states, speech levels, and talks.

python -m experiments.assistant                            # the embedded sample
python -m experiments.assistant --model DIR --data DIR     # paraKQC, sae4k, KorQuAD 1.0 and Chatbot_data
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import tables
from clova_jax.common.options import option

Kind = Literal["encoder", "choice", "faq", "rewriting", "state", "style", "talk"]


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Measures the parts of an assistant, and holds talks with it.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Give --model
    several sizes to see what size does to rewriting. Rerun with the same --out, finished answers are not computed again.
    """

    out: Path = tables.out_option("assistant")
    kinds: tuple[Kind, ...] = ("encoder", "choice", "faq", "rewriting", "state", "style", "talk")
    """parts to measure"""
    limit: int | None = option(100, least=1)
    """test items of a row (of choice: of each kind); the encoder takes all"""
    known: int = option(300, least=10)
    """texts of each kind that the selector and the responders know"""
    shots: int = option(3, least=0)
    """examples in a prompt"""
    steps: int = option(200, least=1)
    """updates of the encoder"""
    batch: int = option(32, least=2)
    """groups of paraphrases an update"""
    talks: int = option(10, least=1)
    """talks of six turns"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each system of each part."""
    options = run.options
    sets = tables.assistant_sets.AssistantSets(run.data, options.known, options.limit, options.seed)
    run.found["sets"] = sets
    yield tables.assistant_notes.note_size
    for kind in options.kinds:
        if kind == "state" and sets.reservations is None:
            continue
        for system in tables.assistant_cells.SYSTEMS[kind]:
            yield tables.assistant_cells.Part(sets, kind, system)


TABLE = tables.Table(
    "assistant",
    Options,
    cells,
    columns=("kind", "system", "model", "metric", "value", "low", "high", "baseline", "items"),
    notes=lambda run: tables.assistant_notes.notes(run, run.found["sets"]),
    figures={"assistant.png": lambda run, path: tables.assistant_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
