"""Which stars stand for praise: the splits of the ten, compared on training reviews of NSMC only.

    python -m experiments.star_splits                              # the quickstart's model, the sample world
    python -m experiments.star_splits --model DIR --data DIR

A rated page ends a review with ` (별점 8점)`. The likelihood of some low stars against that of some high ones answers
NSMC; which ones is part of the template, and is chosen here without a look at the test file.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from clova_jax import evaluate, tables
from clova_jax.common.options import option

STARS = range(1, 11)


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Compares the ways to split ten stars into low and high ones, on labelled training reviews."""

    out: Path = tables.out_option("star_splits")
    limit: int | None = option(3_000, least=1)
    """training reviews"""


def split_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns a row a split, the best first: the lowest stars up to `low_to` against the highest from `high_from`."""
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
        high = np.logaddexp.reduce(logprobs[:, below_high:], axis=1)
        low = np.logaddexp.reduce(logprobs[:, :low_to], axis=1)
        right = ((high > low) == good).astype(np.float64)
        score = evaluate.interval(
            [np.stack([right, np.ones_like(right)], axis=1)], lambda s: 100 * s[0] / s[1]
        )
        rows.append(
            {"model": run.model_name, "task": task.name, "metric": "accuracy", "items": len(items)}
            | {"low_to": low_to, "high_from": below_high + 1}
            | {"value": score.value, "low": score.low, "high": score.high}
        )
    return sorted(rows, key=lambda row: -row["value"])


TABLE = tables.Table(
    "star_splits",
    Options,
    lambda run: [split_rows],
    columns=("model", "items", "low_to", "high_from", "value", "low", "high"),
    notes=lambda run: [
        "value, low, high: percent of training reviews answered as they are labelled, as the scores stand, with a 95% "
        "interval; the best of all flatters itself a little, so the test file has the last word",
        "reviews of NSMC's training file stand in corpus/reviews_movie with their stars: a model of that text has read them",
    ],
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
