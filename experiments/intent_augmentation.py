"""Table 7: utterances that a model writes for intents known by name, and a classifier trained on them.

python -m experiments.intent_augmentation                           # the embedded sample
python -m experiments.intent_augmentation --model DIR --data DIR    # warnikchow/sae4k, the paper's two grids

The paper's intents are in-house. sae4k's stand in: phrases with ten different utterances or more. A model of ten
million parameters cannot write for them unprepared; `adapted` is trained further on lists of other intents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import paper, tables
from clova_jax.common.options import option

RIVALS = ("none", "eda")  # where there are originals


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores classifiers trained on written utterances, by originals (n) and written ones (k) a class.

    Without --model and --data the tiny model of the quickstart writes for its synthetic sample world. Rerun with
    the same --out, finished texts and answers are not computed again and an unfinished training is resumed.
    """

    out: Path = tables.out_option("intent_augmentation")
    n: tuple[int, ...] | None = option(None, least=0, most=5)
    """originals a class (0 to 5; on the sample 0 and 1)"""
    k: tuple[int, ...] | None = option(None, least=1)
    """written utterances a class (5, 10, 15, 25 and 125; on the sample 5 and 25)"""
    draws: int | None = option(None, least=1)
    """draws of targets, sources and originals (20; on the sample 3)"""
    writer: tuple[Literal["adapted", "prompt"], ...] | None = None
    """adapted: trained further on lists of other intents; prompt: the model as it is (both; on the sample adapted)"""
    keep: Literal["all", "relabelled"] = "all"
    """all: every accepted line; relabelled: only what the writer finds likeliest under its intent's name"""
    classifier: Literal["linear", "encoder"] = "linear"
    """linear: logistic regression on characters; encoder: the model, fine-tuned"""
    steps: int | None = option(None, least=1)
    """of the adaptation (1,000; on the sample 900)"""
    batch: int | None = option(None, least=1)
    """sequences a step of it (8; on the sample 4)"""
    length: int | None = option(None, least=1)
    """tokens a sequence of it, no fewer than a prompt has (768; on the sample 448)"""
    learning_rate: float | None = option(None, above=0)
    """the peak of it (0.001; on the sample 0.004)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        usual = SAMPLE if self.data is None else REAL
        for name, value in usual.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; adapted models are made here, or completed."""
        return tables.adapted_models(self)


REAL: dict[str, Any] = {"n": (0, 1, 2, 3, 4, 5), "k": (5, 10, 15, 25, 125), "draws": 20}
REAL |= {
    "writer": ("adapted", "prompt"),
    "steps": 1_000,
    "batch": 8,
    "length": 768,
    "learning_rate": 1e-3,
}
SAMPLE: dict[str, Any] = {"n": (0, 1), "k": (5, 25), "draws": 3}
SAMPLE |= {"writer": ("adapted",), "steps": 900, "batch": 4, "length": 448, "learning_rate": 4e-3}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields the rivals, each with one row, then for each writer and n a cell with a row for each k."""
    options = run.options
    draws = tables.intents.IntentDraws.read(run.data, options.draws, options.limit, options.seed)
    run.found["draws"] = draws
    yield tables.intent_cells.Rival(draws, "name", 0, 0)
    for k in options.k:
        yield tables.intent_cells.Rival(draws, "real", 0, k)
    for n in filter(None, options.n):
        yield tables.intent_cells.Rival(draws, "none", n, 0)
        for k in options.k:
            yield tables.intent_cells.Rival(draws, "eda", n, k)
    for writer in options.writer:
        for n in options.n:
            yield tables.intent_cells.Written(draws, writer, n, options.k)


TABLE = tables.Table(
    "intent_augmentation",
    Options,
    cells,
    paper=paper.TABLE_7,
    columns=(
        *("model", "method", "n", "k", "value", "low", "high", "baseline", "std", "draws"),
        *("accepted", "tried"),
    ),
    notes=lambda run: tables.intent_notes.intent_notes(run, run.found["draws"]),
    figures={
        "intent_augmentation.png": lambda run, path: tables.intent_notes.draw_intents(run, path)
    },
    extras=lambda run: tables.intent_notes.write_prompts(run, run.found["draws"]),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
