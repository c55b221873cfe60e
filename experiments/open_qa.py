"""Open questions: how often the right passage is found, what a model answers with it, with the gold one, and with none.

python -m experiments.open_qa                            # the embedded sample: questions by type, and expansions of answers
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
    """Scores retrieval, and answers with the passages that were found; on the sample world also expansions of answers.

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world, after some steps on
    training questions.
    """

    out: Path = tables.out_option("open_qa")
    by: tuple[str, ...] = ("bigrams", "morphemes", "words", "bigrams+morphemes", "vectors")
    """rankings: bigrams, morphemes, words, vectors (the model's); a+b fuses the ranks of two"""
    passages: tuple[Literal["retrieved", "gold", "wrong", "none"], ...] = PASSAGES
    """what stands above a question that is answered: retrieved (by bigrams), gold, wrong (without the answer), none"""
    limit: int | None = option(100, least=1)
    """questions to answer, and expansions of a kind; retrieval takes all"""
    steps: int | None = option(None, least=0)
    """of training on training questions and expansions before the test (0; on the sample 900)"""
    batch: int = option(4, least=1)
    """sequences a step of it"""
    length: int = option(384, least=1)
    """tokens a sequence of it"""
    learning_rate: float = option(4e-3, above=0)
    """the peak of it"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for by in self.by:
            names = by.split("+")
            if not set(names) <= set(RANKINGS) or len(set(names)) < len(names):
                raise ClovaError(f"--by {by}: wants {', '.join(RANKINGS)}, or some joined by +")
        if self.steps is None:
            object.__setattr__(self, "steps", 0 if self.model or self.data else STEPS)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; adapted models are made here, or completed."""
        return tables.adapted_to_questions(self)


STEPS = 900  # on the sample


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each ranking, one for each kind of passage, then one for each kind of expansion."""
    splits = tables.open_questions.Splits.read(run.data, run.options.seed)
    run.found["splits"] = splits
    for by in run.options.by:
        yield partial(retrieval, splits, by)
    if run.options.passages:
        yield partial(tables.open_qa.sentence_rows, splits)
    for passage in run.options.passages:
        yield partial(tables.open_qa.answer_rows, splits, passage)
    yield from tables.expansion_rows.expansion_cells(run.data)


def retrieval(splits: Any, by: str, run: tables.TableRun) -> list[tables.Row]:
    """Returns the rows of a ranking; one that needs no model is computed once, with the first model."""
    measured = tables.open_qa.retrieval_rows
    if "vectors" in by.split("+"):
        rows = [{"system": by} | row for row in measured(splits.every, by, run.model)]
        return [{"model": run.model_name, "measure": "retrieval"} | row for row in rows]
    if run.model_name != run.inputs.names[0]:
        return []
    rows = tables.Kept(by, partial(measured, splits.every, by), column="system")(run)
    return [{"model": "", "measure": "retrieval"} | row for row in rows]


TABLE = tables.Table(
    "open_qa",
    Options,
    cells,
    columns=(
        *(
            "measure",
            "kind",
            "system",
            "reader",
            "model",
            "metric",
            "value",
            "low",
            "high",
            "baseline",
        ),
        *("questions", "left out", "passages", "seconds to index", "ms a query"),
    ),
    notes=lambda run: tables.open_qa_notes.notes(run, run.found["splits"]),
    figures={"open_qa.png": lambda run, path: tables.open_qa_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
