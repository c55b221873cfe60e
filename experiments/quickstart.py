"""From Korean text to a table in one command: tokenizer, training, few-shot accuracy, samples, plots.

python -m experiments.quickstart                      # the embedded, synthetic sample world
python -m experiments.quickstart --data DIR           # real text and the real NSMC
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper, tables
from clova_jax.common.options import option

PAPER = [
    {"model": row["model"], "task": "nsmc", "metric": "accuracy", "shots": 70}
    | {"value": row["NSMC acc"]}
    for row in paper.TABLE_3
    if row["model"] == "HyperCLOVA 137M"
]
OPENINGS = ("이 영화는", "오늘은 친구와 함께", "질문:")


@dataclass(frozen=True)
class Options(tables.MakingOptions):
    """Trains a small Korean language model from raw text and scores it; a first look at everything.

    Without --data the text is the embedded sample world: generated, synthetic, and called so.
    The same command again picks up where it was.
    """

    out: Path = tables.out_option("quickstart")
    shots: tuple[int, ...] = option((0, 2, 6), least=0)
    """examples in the prompt"""
    trials: int = option(3, least=1)
    """random sets of examples"""
    limit: int = option(500, least=1)
    """test reviews a trial"""


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each number of shots, then the last validation."""
    options = run.options
    scores = [tables.FewShot("nsmc", shots, options.trials) for shots in options.shots]
    return [*scores, validation_rows]


def validation_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns bits per byte of all held-out text, then by source."""
    metrics = tables.trainings.read_metrics(run.out)
    *_, (_, last) = [(0, {}), *tables.trainings.validations(metrics)]
    return [
        {"task": "held-out text", "source": source, "metric": "bits per byte", "value": value}
        for source, value in last.items()
    ]


def notes(run: tables.TableRun) -> list[str]:
    """Returns what a reader of the table must know."""
    data = run.options.data
    world = (
        f"text and NSMC are real, from {data.resolve().name}/"
        if data
        else "the embedded sample world: synthetic text and reviews; the score says nothing of the real NSMC"
    )
    return [
        f"Data: {world}.",
        "value, low, high: accuracy in percent and its 95% interval; baseline: the majority class.",
        "The paper's row is 137M parameters after 150B tokens, on the real NSMC.",
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the training loss, and accuracy by the number of examples in the prompt."""
    scores = [row for row in run.rows if row["task"] == "nsmc"]
    with tables.panels(path, 2, size=(5, 4.2)) as (left, right):
        tables.trainings.draw_loss(left, tables.trainings.read_metrics(run.out))
        tables.draw_lines(right, scores, "shots", lambda row: "this model")
        tables.draw_baseline(right, scores)
        right.set(xlabel="examples in the prompt", ylabel="accuracy, %", ylim=(40, 100))
        right.set(title="NSMC format, few-shot", xticks=[row["shots"] for row in scores])
        tables.legend(right)


TABLE = tables.Table(
    "quickstart",
    Options,
    cells,
    paper=PAPER,
    columns=("model", "task", "source", "metric", "shots", "value", "low", "high", "baseline"),
    notes=notes,
    figures={"quickstart.png": draw},
    extras=lambda run: tables.trainings.write_continuations(
        run.model, OPENINGS, run.out / "continuations.md", run.options.seed
    ),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
