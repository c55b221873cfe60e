"""Open questions: how often the right passage is found, and what a model answers with it, with the gold one, and with none.

python -m experiments.open_qa                            # the embedded sample
python -m experiments.open_qa --model DIR --data DIR     # KorQuAD 1.0 among its own and KLUE-MRC's passages
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from clova_jax import retrieve, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option

PASSAGES = ("retrieved", "gold", "wrong", "none")
RANKINGS = (*retrieve.FEATURES, "vectors")


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores retrieval for KorQuAD's questions, and answers with the passages that were found.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world.
    """

    out: Path = tables.out_option("open_qa")
    by: tuple[str, ...] = ("bigrams", "morphemes", "words", "bigrams+morphemes", "vectors")
    """rankings: bigrams, morphemes, words, vectors (the model's); a+b fuses the ranks of two"""
    passages: tuple[Literal["retrieved", "gold", "wrong", "none"], ...] = PASSAGES
    """what stands above a question that is answered: retrieved (by bigrams), gold, wrong (without the answer), none"""
    limit: int | None = option(None, least=1)
    """questions to answer (all); retrieval takes all"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for by in self.by:
            names = by.split("+")
            if not set(names) <= set(RANKINGS) or len(set(names)) < len(names):
                raise ClovaError(f"--by {by}: wants {', '.join(RANKINGS)}, or some joined by +")


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each ranking, then one for each kind of passage."""
    asked = tables.open_qa.OpenQuestions.read(run.data)
    run.notes += notes(asked)
    for by in run.options.by:
        yield partial(retrieval, asked, by)
    for passage in run.options.passages:
        yield partial(tables.open_qa.answer_rows, asked, passage)


def retrieval(asked: Any, by: str, run: tables.TableRun) -> list[tables.Row]:
    """Returns the rows of a ranking; one that needs no model is computed once, with the first model."""
    measured = tables.open_qa.retrieval_rows
    if "vectors" in by.split("+"):
        rows = [{"by": by} | row for row in measured(asked, by, run.model)]
        return [{"model": run.model_name, "measure": "retrieval"} | row for row in rows]
    if run.model_name != run.inputs.names[0]:
        return []
    rows = tables.Kept(by, partial(measured, asked, by), column="by")(run)
    return [{"model": "", "measure": "retrieval"} | row for row in rows]


def notes(asked: Any) -> list[str]:
    """Returns how to read the table."""
    counts = ", ".join(f"{count:,} of {name}" for name, count in asked.counts.items())
    return [
        f"{len(asked.items):,} questions of KorQuAD among {len(asked.texts):,} passages ({counts}), each indexed as it is",
        "value, low, high: per cent with a 95% interval (bootstrap over questions); MRR: mean reciprocal rank",
        "answers: zero-shot, greedy, KorQuAD's exact match and F1; baseline: the commonest answer to every question; "
        "left out: questions whose prompt is longer than the model's context with one of the passages",
        "f1 of the surest N%: a model that answers only where the log-probability of its answer is among the highest N%; "
        "evidence: the sentence of the passage that fits question and answer best holds an accepted answer (baseline: "
        "the sentence that fits the question)",
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws retrieval by ranking, and answers by passage."""
    parts = [
        [row for row in run.rows if row["measure"] == measure]
        for measure in ("retrieval", "answers")
    ]
    parts = [rows for rows in parts if rows]
    with tables.panels(path, len(parts), size=(6.5, 4)) as axes:
        for panel, rows in zip(axes, parts, strict=True):
            groups = list(dict.fromkeys(f"{row['model']}\n{row['by']}".strip() for row in rows))
            metrics = list(dict.fromkeys(row["metric"] for row in rows))
            metrics = [name for name in metrics if name != "evidence"]  # none has no passage
            series = {name: [row for row in rows if row["metric"] == name] for name in metrics}
            tables.draw_bars(panel, groups, series)
            panel.tick_params("x", labelsize=7)
            panel.set(ylabel="%", title=rows[0]["measure"])
            tables.legend(panel)


TABLE = tables.Table(
    "open_qa",
    Options,
    cells,
    columns=(
        *("model", "measure", "by", "metric", "value", "low", "high", "baseline", "questions"),
        *("left out", "passages", "seconds to index", "ms a query"),
    ),
    figures={"open_qa.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
