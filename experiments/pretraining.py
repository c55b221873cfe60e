"""What came of a training: its curve, its pace, bits per byte by source, and what the model writes.

python -m experiments.pretraining                          # the quickstart's training on the embedded sample
python -m experiments.pretraining --run DIR                # what `clova pretrain --out DIR` left
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import seed_option


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Reads a training's metrics and its model: a table by source, a plot, and continuations.

    Without --run it is the quickstart's on its synthetic sample world, which is trained first if need be.
    """

    out: Path = tables.out_option("pretraining")
    run: Path | None = None
    """what `clova pretrain --out` names"""
    openings: tuple[str, ...] = (
        "이 영화는",
        "대한민국의 수도는",
        "서버를 다시 시작하려면",
        "존경하는 국민 여러분,",
    )
    """texts to continue"""
    seed: int = seed_option()
    """of the continuations"""

    def inputs(self) -> tables.Inputs:
        """Returns the folder of the training and its model."""
        folder = self.run or tables.sample_run()
        return tables.Inputs(folder, (folder / "model",), (folder.name,))


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the one cell, after a check that there are metrics."""
    metrics = tables.trainings.read_metrics(run.data)
    return [lambda run: tables.trainings.by_source(metrics)]


def notes(run: tables.TableRun) -> list[str]:
    """Returns the size of the model, where its text is from, and how its training went."""
    found = tables.trainings.training_notes(tables.trainings.read_metrics(run.data))
    sample = ["the embedded sample world: synthetic text"] if run.options.run is None else []
    return [f"{run.model.config.num_params:,} parameters", *sample, *found]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the training loss, and bits per byte by source."""
    metrics = tables.trainings.read_metrics(run.data)
    with tables.panels(path, 2, size=(5.5, 4)) as (left, right):
        tables.trainings.draw_loss(left, metrics)
        tables.trainings.draw_sources(right, metrics)


TABLE = tables.Table(
    "pretraining",
    Options,
    cells,
    notes=notes,
    figures={"pretraining.png": draw},
    extras=lambda run: tables.trainings.write_continuations(
        run.model, run.options.openings, run.out / "continuations.md", run.options.seed
    ),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
