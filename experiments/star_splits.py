"""Which stars stand for praise: the splits of the ten, compared on training reviews of NSMC only.

    python -m experiments.star_splits                              # the quickstart's model, the sample world
    python -m experiments.star_splits --model DIR --data DIR

A rated page ends a review with ` (별점 8점)`. The likelihood of some low stars against that of some high ones answers
NSMC; which ones is part of the template, and is chosen here without a look at the test file.
"""

from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from clova_jax import evaluate, tables
from clova_jax.common.options import option

STARS = range(1, 11)
SCORINGS: tuple[evaluate.Scoring, ...] = ("raw", "median")


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Compares the ways to split ten stars into low and high ones, on labelled training reviews."""

    out: Path = tables.out_option("star_splits")
    limit: int | None = option(3_000, least=1)
    """training reviews"""


def split_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns a row a split and scoring, the best first: stars up to `low_to` against those from `high_from`."""
    options, task = run.options, evaluate.load_task("nsmc_stars")
    pool = task.load(run.data).pool
    drawn = evaluate.generator(options.seed, "star_splits").permutation(len(pool))
    items = [pool[i] for i in sorted(drawn[: options.limit])]
    words = [task.answer.format(star) for star in STARS]
    prompts = [item.text for item in items for _ in words]
    logprobs = run.model.score(prompts, words * len(items)).reshape(len(items), len(words))
    good = np.array([item.answers[0] == "1" for item in items])
    rows = []
    for low_to, below_high in combinations_with_replacement(STARS[:-1], 2):
        shown = np.delete(logprobs, np.s_[low_to:below_high], axis=1)
        owners = [0] * low_to + [1] * (len(words) - below_high)
        about = {"model": run.model_name, "task": task.name, "metric": "accuracy"}
        about |= {"items": len(items), "low_to": low_to, "high_from": below_high + 1}
        for scoring in SCORINGS:
            scores = evaluate.label_scores(shown, np.ones(0), np.ones((0, 0)), scoring, owners)
            right = (scores[:, 1] > scores[:, 0]) == good
            rows.append(about | {"scoring": scoring} | _accuracy(right))
    return sorted(rows, key=lambda row: (row["scoring"] != "raw", -row["value"]))


def _accuracy(right: np.ndarray) -> dict[str, float]:
    statistics = np.stack([right.astype(np.float64), np.ones(len(right))], axis=1)
    return asdict(evaluate.interval([statistics], lambda total: 100 * float(total[0] / total[1])))


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the accuracy of each split of the last model, a panel a scoring."""
    rows = [row for row in run.rows if row["model"] == run.model_name]
    with tables.panels(path, len(SCORINGS), size=(5.2, 4.4)) as grid:
        for axes, scoring in zip(grid, SCORINGS, strict=True):
            table = np.full((9, 9), np.nan)
            for row in rows:
                if row["scoring"] == scoring:
                    table[row["low_to"] - 1, row["high_from"] - 2] = row["value"]
            axes.imshow(
                table, origin="lower", extent=(1.5, 10.5, 0.5, 9.5), vmin=50, cmap="viridis"
            )
            for (low, high), value in np.ndenumerate(table):
                if np.isfinite(value):
                    axes.text(
                        high + 2, low + 1, f"{value:.0f}", ha="center", va="center", fontsize=7
                    )
            axes.set(xlabel="high stars: from", ylabel="low stars: up to", title=f"{scoring}, %")


TABLE = tables.Table(
    "star_splits",
    Options,
    lambda run: [split_rows],
    columns=("model", "scoring", "items", "low_to", "high_from", "value", "low", "high"),
    figures={"star_splits.png": draw},
    notes=lambda run: [
        "value, low, high: percent of training reviews answered as they are labelled, with a 95% interval; raw: "
        "as the scores stand, median: the threshold at the median of the reviews' scores",
        "the best of all flatters itself a little: the test file has the last word",
        "reviews of NSMC's training file stand in corpus/reviews_movie with their stars: a model of that text has read them",
    ],
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
