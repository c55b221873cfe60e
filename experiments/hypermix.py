"""HyperMix: texts that a model writes between labelled examples, with soft labels, and a classifier trained on them.

python -m experiments.hypermix                                             # the embedded sample
python -m experiments.hypermix --model DIR --data DIR --tasks nsmc,3i4k    # real NSMC and 3i4K

Yoo et al. 2021 (GPT3Mix). Two examples of different classes stand in a prompt; the model writes a third, and how likely it finds
each label behind it is the soft label. Compared are the examples alone, the texts with hard and with soft labels, variants of
the examples (EDA), and as many true examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores classifiers trained on mixed texts, by labelled examples a class.

    Without --model and --data the tiny model of the quickstart writes for its synthetic sample world. Rerun with
    the same --out, finished texts and answers are not computed again.
    """

    out: Path = tables.out_option("hypermix")
    tasks: tuple[str, ...] | None = option(None, metavar="TASK")
    """tasks with labels in brackets, such as nsmc_stars (nsmc and 3i4k; on the sample nsmc and ynat)"""
    per_class: tuple[int, ...] | None = option(None, least=1)
    """labelled examples a class (5, 20 and 100; on the sample 5 and 20)"""
    k: int | None = option(None, least=1)
    """written texts a class (100; on the sample 20)"""
    draws: int | None = option(None, least=1)
    """draws of examples (10; on the sample 3)"""
    limit: int | None = option(None, least=1)
    """test items, the same for all draws (2,000; on the sample 1,000)"""
    form: Literal["task", "published"] = "task"
    """task: prompts are worded as the task's examples are; published: as GPT3Mix words them, in Korean"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (SAMPLE if self.data is None else REAL).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)


REAL: dict[str, Any] = {"tasks": ("nsmc", "3i4k"), "per_class": (5, 20, 100)}
REAL |= {"k": 100, "draws": 10, "limit": 2_000}
SAMPLE: dict[str, Any] = {"tasks": ("nsmc", "ynat"), "per_class": (5, 20)}
SAMPLE |= {"k": 20, "draws": 3, "limit": 1_000}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each task and number of examples, with a row for each method."""
    options = run.options
    for task in options.tasks:
        draws = tables.mixes.MixDraws.read(
            run.data,
            task,
            max(options.per_class),
            options.form,
            count=options.draws,
            limit=options.limit,
            seed=options.seed,
        )
        for n in options.per_class:
            yield tables.mix_cells.Mixed(draws, n, options.k)


TABLE = tables.Table(
    "hypermix",
    Options,
    cells,
    columns=(
        *("model", "task", "method", "n", "k", "value", "low", "high", "baseline", "std"),
        *("draws", "accepted", "tried"),
    ),
    notes=lambda run: tables.mix_notes.mix_notes(run),
    figures={"hypermix.png": lambda run, path: tables.mix_notes.draw_mixes(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
