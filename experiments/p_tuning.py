"""Table 4: p-tuning on NSMC beside few-shot prompting, a probe, prompt tuning, AutoPrompt, LoRA and fine-tuning.

python -m experiments.p_tuning --model DIR --data DIR --limit 2000
python -m experiments.p_tuning --model small/model large/model --methods p_tuning,few_shot --examples 70,2000
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.sample import is_sample


@dataclass(frozen=True)
class Options(tables.MethodOptions):
    """Tunes prompts for a frozen model, and its rivals, on a few labelled reviews (Table 4).

    Without --model and --data the tiny model of the quickstart learns on its synthetic sample world. Rerun
    with the same --out, finished rows are not computed again and an unfinished one is resumed.
    """

    out: Path = tables.out_option("p_tuning")
    methods: tuple[str, ...] = option(
        ("few_shot", "p_tuning"), help=f"of few_shot, probe, {', '.join(tables.METHODS)}; or all"
    )
    encoder: tuple[str, ...] = option(
        ("lstm",), help=f"of p-tuning: {', '.join(tables.ENCODERS)}, or both"
    )
    examples: tuple[str, ...] = ("70", "2000", "4000", "all")
    """labelled reviews to learn from; a fifth of them to stop by"""


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the row of prompting, and one for each method, encoder and number of examples."""
    options = run.options
    methods = (
        ("few_shot", "probe", *tables.METHODS) if options.methods == ("all",) else options.methods
    )
    examples = [None if word == "all" else _count(word) for word in options.examples]
    return tables.method_cells(run, methods, options.encoder, examples)


def _count(word: str) -> int:
    if not word.isdigit() or int(word) < 1:
        raise ClovaError(f"--examples: {word!r} is neither a number of reviews nor all")
    return int(word)


def paper_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns Table 4, which is of NSMC."""
    return paper.TABLE_4 if run.options.task == "nsmc" else []


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws accuracy against examples, a panel a model, a line a method; the paper's 137M behind real data."""
    behind = sorted(
        (row["examples"], row["value"])
        for row in ([] if is_sample(run.data) else paper_rows(run))
        if row["model"] == "HyperCLOVA 137M" and row["method"] == "p_tuning"
    )
    models = list(dict.fromkeys(row["model"] for row in run.rows))
    with tables.panels(path, len(models), size=(5.6, 4.4)) as grid:
        for axes, model in zip(grid, models, strict=True):
            rows = [row for row in run.rows if row["model"] == model]
            tables.draw_lines(
                axes, rows, "examples", lambda row: f"{row['method']} {row['encoder']}".strip()
            )
            if behind:
                places = zip(*behind, strict=True)
                axes.plot(*places, "s:", color="0.6", label="paper, 137M, p-tuning")
            tables.draw_baseline(axes, rows)
            axes.set(xscale="log", xlabel="labelled examples", ylabel=f"{rows[0]['metric']}, %")
            axes.set_title(f"{rows[0]['task']}, {model}")
            tables.legend(axes, 3)


TABLE = tables.Table(
    "p_tuning",
    Options,
    cells,
    paper=paper_rows,
    columns=(
        *("model", "task", "metric", "method", "encoder", "examples", "value", "low", "high"),
        *("baseline", "seeds", "trained", "seconds"),
    ),
    notes=lambda run: tables.method_notes(run),
    figures={"p_tuning.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
