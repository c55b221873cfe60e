"""The talk's chart: prompt design, prompt tuning and model tuning, by model size.

python -m experiments.prompt_methods --model small/model large/model --data DIR

AutoPrompt's tokens are also carried to every later model, and notes say how BLEU, in which the paper measures text,
depends on its references. The talk's claim (after Lester et al. 2021, on T5): model tuning and prompt tuning come together at about 10B
parameters, and prompt design stays below.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper, tables
from clova_jax.common.options import option

LABELS = {
    "few_shot": "prompt design (few-shot)",
    "autoprompt": "prompt design (AutoPrompt)",
    "prompt_tuning": "prompt tuning",
    "p_tuning": "p-tuning",
    "fine_tuning": "model tuning",
}


@dataclass(frozen=True)
class Options(tables.MethodOptions):
    """Scores prompt design, prompt tuning, p-tuning and model tuning on the same examples, by model size.

    Give several models, small to large. Without --model and --data the tiny model of the quickstart is the only
    point, on its synthetic sample world. Rerun with the same --out, finished rows are not computed again.
    """

    out: Path = tables.out_option("prompt_methods")
    seeds: int = option(2, least=1)
    """runs a point"""
    examples: int = option(2000, least=1)
    """labelled examples to learn from; a fifth of them to stop by"""


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each method, and one that carries AutoPrompt's tokens from the models before."""
    made = tables.method_cells(run, tuple(LABELS), ("lstm",), [run.options.examples])
    tuned = (cell for cell in made if isinstance(cell, tables.Tuned))
    found = next(cell for cell in tuned if cell.method.method == "autoprompt")
    return [*made, tables.Carried(found)]


def label(row: tables.Row) -> str:
    """Returns what a line of the figure is called."""
    if row["method"] in LABELS:
        return LABELS[row["method"]]
    return f"AutoPrompt's tokens of {row['carried from']}"


def notes(run: tables.TableRun) -> list[str]:
    """Returns how to read the rows, what carries over, and how far BLEU, the other tables' metric, can be trusted."""
    carried = [row for row in run.rows if row["method"] == "carried"]
    own = {row["model"]: row for row in run.rows if row["method"] == "autoprompt"}
    found = [
        f"AutoPrompt's tokens of {row['carried from']} on {row['model']}: {row['value']:.2f} ({row['low']:.2f} to "
        f"{row['high']:.2f}), its own {own[row['model']]['value']:.2f}, majority class {row['baseline']:.2f}"
        for row in carried
    ]
    if not carried:
        found = ["AutoPrompt's tokens are carried to every later --model; there is one model only"]
    return [*tables.method_notes(run), *found, *tables.reference_notes(run.data)]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the score against parameters, a line a method."""
    rows = run.rows
    with tables.panels(path) as (axes,):
        tables.draw_lines(axes, rows, "num_params", label)
        tables.draw_baseline(axes, rows)
        axes.set(xscale="log", xlabel="parameters", ylabel=f"{rows[0]['metric']}, %")
        axes.set_title(f"{rows[0]['task']}, {rows[-1]['examples']:,} examples")
        tables.legend(axes)


TABLE = tables.Table(
    "prompt_methods",
    Options,
    cells,
    paper=lambda run: paper.TABLE_4 if run.options.task == "nsmc" else [],
    columns=(
        *("model", "task", "metric", "method", "encoder", "carried from", "examples"),
        *("value", "low", "high"),
        *("baseline", "seeds", "trained", "seconds"),
    ),
    notes=notes,
    figures={"prompt_methods.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
