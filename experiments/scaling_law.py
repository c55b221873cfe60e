"""How the held-out loss falls with size and tokens: a grid of models, two laws fitted to it, and what they predict.

    python -m experiments.scaling_law                            # the embedded sample world, minutes
    python -m experiments.scaling_law --data DIR --out runs/scaling_law-real --megabytes 30 --vocab-size 4096 \\
        --shapes 2x96,4x96,5x128,5x192,6x256,8x320 --tokens 2e5,4e5,8e5,1.6e6 --most-flops 4.8e13

The second command trains sizes of 0.2M to 10M parameters (without the tables) on real text: 4e14 operations with the
output layer and validation, some 2.5 hours of one core at 45 GFLOP/s. A finished model is never trained again, an
unfinished one is resumed, and more shapes, budgets or operations in the same --out add to the grid.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.GridOptions):
    """Trains a grid of sizes and budgets, fits the laws of Kaplan et al. and Chinchilla, and predicts the largest size.

    Every model is a training of its own, to the end of its own learning-rate schedule. Four sizes and
    three budgets are the least.
    """

    out: Path = tables.out_option("scaling_law")
    shapes: tuple[str, ...] = option(
        ("1x32", "2x32", "1x64", "2x64", "3x64", "2x96"), metavar="LAYERSxWIDTH"
    )
    """the sizes: Transformer blocks x width, such as 5x192; heads are 32 wide"""
    tokens: tuple[int, ...] = option((51_200, 102_400, 204_800), least=1)
    """the budgets: training tokens, each with a schedule of its own"""
    vocab_size: int = option(1_024, least=1)
    """ids of the tokenizer"""

    def inputs(self) -> tables.Inputs:
        """Checks the grid and trains it; the table needs no model loaded."""
        tables.scaling.check_grid(self)
        return tables.Inputs(tables.train_grid(self).data)


def fit(run: tables.TableRun) -> list[tables.Row]:
    """Returns the grid, the left-out size, the constants, the frontier, and the paper's sizes."""
    scaling, options = tables.scaling, run.options
    grid = scaling.grid_rows(tables.grid_trainings(options))
    fits = run.found["fits"] = scaling.fit_laws(grid, options.seed)
    return [
        *grid,
        *scaling.left_out_rows(grid, options.seed),
        *scaling.constant_rows(fits),
        *scaling.frontier_rows(fits, grid),
        *scaling.paper_rows(fits),
    ]


TABLE = tables.Table(
    "scaling_law",
    Options,
    cells=lambda run: [fit],
    columns=(
        *("part", "law", "model", "parameters", "tokens", "FLOPs", "metric"),
        *("value", "low", "high", "measured", "error %", "bits per byte"),
    ),
    notes=lambda run: tables.scaling.scaling_notes(run.rows),
    figures={
        "scaling_law.png": lambda run, path: tables.scaling.draw_scaling(
            run.rows, run.found["fits"], path
        )
    },
    extras=lambda run: tables.scaling.write_losses(run.rows, run.out / "losses.md"),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
