"""Table 5: rewriting a query so that it stands alone, with 0 and 3 examples, without and with p-tuning.

python -m experiments.query_modification                                   # the embedded sample
python -m experiments.query_modification --model DIR --data DIR --task sae4k   # utterance -> intent phrase, real

The paper's 1,326 dialogues are in-house. `sae4k` (warnikchow/sae4k: what a person says -> what they want, as a
phrase) is a real task of the same kind: text in, shorter text out, for a speaker.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import evaluate, paper, tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.TuneOptions):
    """Scores query modification in BLEU: 0- and 3-shot, without and with p-tuning (Table 5).

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Rerun with
    the same --out, finished rows are not computed again and an unfinished one is resumed.
    """

    out: Path = tables.out_option("query_modification")
    task: Literal["query_modification", "sae4k"] = "query_modification"
    """query_modification: the data folder's own dialogues; sae4k: commands to rewrite"""
    shots: tuple[int, ...] = option((0, 3), least=0)
    """examples in the prompt"""
    encoder: str = "lstm"
    """of p-tuning: lstm or mlp"""
    examples: int | None = option(None, least=1)
    """pairs to learn from, a fifth of them to stop by (all)"""
    seeds: int = option(2, least=1)
    """runs a row, and random sets of examples in the prompt"""
    steps: int = option(1500, least=1)
    """updates a run, at most"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields for each number of shots the frozen model, then the tuned one."""
    options = run.options
    task = evaluate.load_task(options.task)
    loaded = task.load(run.data)
    for shots in options.shots:
        recipe = tables.make_cell(
            "p_tuning",
            task,
            encoder=options.encoder,
            examples=options.examples,
            shots=shots,
            steps=options.steps,
            batch_size=options.batch_size,
        )
        yield tables.Prompted(task, shots, options.seeds)
        yield tables.Tuned(task, loaded, recipe, options.seeds, options.limit)


def notes(run: tables.TableRun) -> list[str]:
    """Returns how to read the rows, and what each of them notes."""
    return [
        "value, low, high: BLEU with a 95% interval (bootstrap over items, and Student's t over seeds); "
        "baseline: the query unchanged",
        "with p-tuning: virtual tokens before the examples and after the query, loss on the rewritten query only",
        *(f"{row['method']} {row['shots']}-shot: {row['note']}" for row in run.rows if row["note"]),
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws BLEU with and without p-tuning, by model and number of examples in the prompt."""
    frozen = [row for row in run.rows if row["method"] == "few_shot"]
    tuned = [row for row in run.rows if row["method"] == "p_tuning"]
    with tables.panels(path, size=(2 + 1.6 * len(frozen), 4)) as (axes,):
        groups = [f"{row['model']}\n{row['shots']}-shot" for row in frozen]
        tables.draw_bars(axes, groups, {"frozen model": frozen, "with p-tuning": tuned})
        tables.draw_baseline(axes, run.rows, "query unchanged")
        axes.set(ylabel="BLEU", title=run.rows[0]["task"])
        tables.legend(axes, 1)


TABLE = tables.Table(
    "query_modification",
    Options,
    cells,
    paper=lambda run: paper.TABLE_5 if run.options.task == "query_modification" else [],
    columns=(
        *("model", "task", "metric", "shots", "method", "encoder", "examples", "value", "low"),
        *("high", "baseline", "seeds", "seconds"),
    ),
    notes=notes,
    figures={"query_modification.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
