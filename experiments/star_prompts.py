"""Ways to ask a model for the stars of a review: after several page openings, and the other way round, by the review's likelihood.

    python -m experiments.star_prompts                              # the quickstart's model, the sample world
    python -m experiments.star_prompts --model DIR --data DIR

A page of rated reviews can be asked in two directions. Direct: which stars follow the review. Channel (Min et al. 2022): is the review
likelier below one that praises the film or below one that blames it. Which way, stars and weight are taken is chosen on training
reviews of NSMC; the test file is asked by that way alone, and by the template of `nsmc_stars` beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from clova_jax import evaluate, tables
from clova_jax.common.options import option

STARS = range(1, 11)
SPLITS = ((5, 10), (5, 6))  # low stars up to, high ones from; the first is that of nsmc_stars
OPENINGS = (
    "",
    "재밌다 (별점 8점)\n별로 (별점 3점)\n",
    "별로 (별점 3점)\n재밌다 (별점 8점)\n",
    "그냥 그래요 (별점 6점)\n",
)
PRAISE = (
    "정말 재미있어요 (별점 10점)\n",
    "최고의 영화! (별점 10점)\n",
    "감동적이었다 (별점 10점)\n",
    "역시 명작 (별점 10점)\n",
)
BLAME = (
    "정말 재미없어요 (별점 1점)\n",
    "최악의 영화 (별점 1점)\n",
    "돈 아깝다 (별점 1점)\n",
    "쓰레기 (별점 1점)\n",
)
WEIGHTS = (0.05, 0.1, 0.2, 0.4)  # of the channel beside the direct log-odds
SCORINGS = ("raw", "median")


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Compares ways to ask for the stars of a review on training reviews, and tests the best beside the usual template."""

    out: Path = tables.out_option("star_prompts")
    training: int = option(3_000, least=10)
    """training reviews that the way is chosen on"""


@dataclass(frozen=True)
class Way:
    """Names a way to ask.

    Args:
        name: `direct`, after the review alone; `openings`, the mean over page openings; `channel`; `both`, openings and channel.
        low_to, high_from: stars that count as low and as high; none of the channel.
        weight: of the channel.
    """

    name: str
    low_to: int | None = None
    high_from: int | None = None
    weight: float | None = None


@dataclass(frozen=True)
class Asked:
    """Holds what a model says of reviews.

    Args:
        stars: log-probabilities of each number of stars after each opening.
        channel: log-likelihood of each review below praise less that below blame.
        good: what they are labelled.
    """

    stars: Float64[np.ndarray, "openings n 10"]
    channel: Float64[np.ndarray, "n"]
    good: Bool[np.ndarray, "n"]

    def odds(self, way: Way) -> Float64[np.ndarray, "n"]:
        """Returns what is above 0 where the way says that a review is positive, as the scores stand."""
        if way.name == "channel":
            return self.channel
        asked = self.stars[:1] if way.name == "direct" else self.stars
        low, high = asked[..., : way.low_to], asked[..., way.high_from - 1 :]
        odds = (np.logaddexp.reduce(high, -1) - np.logaddexp.reduce(low, -1)).mean(axis=0)
        return odds if way.weight is None else odds + way.weight * self.channel

    def right(self, way: Way, scoring: str) -> Bool[np.ndarray, "n"]:
        """Returns which reviews are answered as they are labelled; `median` takes the threshold at the median."""
        odds = self.odds(way)
        return (odds > (np.median(odds) if scoring == "median" else 0.0)) == self.good


WAYS = (
    *(Way("direct", *split) for split in SPLITS),
    *(Way("openings", *split) for split in SPLITS),
    Way("channel"),
    *(Way("both", *split, weight) for split in SPLITS for weight in WEIGHTS),
)
USUAL = WAYS[0]


def ask(model: Any, items: Sequence[evaluate.Item]) -> Asked:
    """Asks a model in both directions."""
    texts = [item.text for item in items]
    words = [evaluate.load_task("nsmc_stars").answer.format(star) for star in STARS]
    stars = [_stars(model, [opening + text for text in texts], words) for opening in OPENINGS]
    praise, blame = (
        np.mean([model.score([page] * len(texts), texts) for page in pages], axis=0)
        for pages in (PRAISE, BLAME)
    )
    return Asked(
        np.stack(stars),
        praise - blame,
        np.array([item.answers[0] == "1" for item in items]),
    )


def _stars(model: Any, pages: Sequence[str], words: Sequence[str]) -> Float64[np.ndarray, "n 10"]:
    """Returns the log-probability of each number of stars after each page, which is computed once for all of them."""
    from clova_jax.inference import score_choices, split_ids

    shown = [page for page in pages for _ in words]
    cut = split_ids(model.tokenizer, shown, list(words) * len(pages))
    pages_ids = [context for context, _ in cut[:: len(words)]]
    choices = [
        [ids for _, ids in cut[at : at + len(words)]] for at in range(0, len(cut), len(words))
    ]
    return np.stack(score_choices(model, [], pages_ids, choices))


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the cell of a model."""
    return [rows]


def rows(run: tables.TableRun) -> Iterator[tables.Row]:
    """Yields each way on training reviews, the best first, then the usual and the best one on those of the test."""
    options, task = run.options, evaluate.load_task("nsmc_stars")
    data = task.load(run.data)
    drawn = evaluate.generator(options.seed, "star_prompts").permutation(len(data.pool))
    learned = ask(run.model, [data.pool[i] for i in sorted(drawn[: options.training])])
    ways = sorted(WAYS, key=lambda way: -learned.right(way, "median").mean())
    for way in ways:
        yield from _rows(run, "training", way, learned)
    run.stop.check()
    asked = ask(run.model, evaluate.draw_items(data, task, options.limit, options.seed))
    best = ways[0]
    for way in dict.fromkeys((USUAL, best)):
        yield from _rows(run, "test", way, asked)
    for scoring in SCORINGS:
        gain = _accuracy(asked.right(best, scoring), asked.right(USUAL, scoring))
        found = f"{run.model_name}, {scoring}: {_words(best)} above {_words(USUAL)} on test reviews"
        run.notes.append(tables.judged(found, gain))


def _rows(run: tables.TableRun, part: str, way: Way, asked: Asked) -> Iterator[tables.Row]:
    about = {"model": run.model_name, "task": "nsmc_stars", "part": part, **vars(way)}
    about["way"] = about.pop("name")
    for scoring in SCORINGS:
        score = vars(_accuracy(asked.right(way, scoring)))
        yield about | {"scoring": scoring, "metric": "accuracy", "items": len(asked.good)} | score


def _words(way: Way) -> str:
    stars = f" {way.high_from}-10 against 1-{way.low_to}" if way.low_to else ""
    return f"{way.name}{stars}" + (f", weight {way.weight:g}" if way.weight else "")


def _accuracy(right: np.ndarray, other: np.ndarray | None = None) -> "evaluate.Interval":
    """Returns the share in per cent, or how far it lies above another of the same reviews."""
    columns = [right, np.zeros(len(right)) if other is None else other, np.ones(len(right))]
    bounds = (0.0, 100.0) if other is None else (-100.0, 100.0)
    return evaluate.interval(
        [np.stack(columns, axis=1).astype(np.float64)],
        lambda total: 100 * float((total[0] - total[1]) / total[2]),
        bounds=bounds,
    )


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws what each way of the last model gets on training reviews, the threshold at the median."""
    found = [
        row
        for row in run.rows
        if (row["model"], row["part"], row["scoring"]) == (run.model_name, "training", "median")
    ][::-1]
    names = [
        _words(Way(row["way"], row["low_to"], row["high_from"], row["weight"])) for row in found
    ]
    with tables.panels(path, size=(6.5, 4.5)) as (axes,):
        values = np.array([row["value"] for row in found])
        reach = [values - [row["low"] for row in found], [row["high"] for row in found] - values]
        axes.barh(names, values, xerr=reach)
        axes.set(xlabel="accuracy on training reviews, %", xlim=(50, 100))


TABLE = tables.Table(
    "star_prompts",
    Options,
    cells,
    columns=(
        *("model", "part", "way", "low_to", "high_from", "weight"),
        *("scoring", "items", "value", "low", "high"),
    ),
    figures={"star_prompts.png": draw},
    notes=lambda run: [
        "value, low, high: percent of reviews answered as they are labelled, with a 95% interval; raw: as the scores stand, median: "
        "the threshold at the median of the reviews' scores, which sees no label",
        f"direct: stars after the review; openings: the mean of their log-odds after {len(OPENINGS)} beginnings of a page; channel: the "
        f"review's log-likelihood below {len(PRAISE)} reviews of 10 stars less that below {len(BLAME)} of one; both: openings and "
        "channel, weighted",
        "way, stars and weight are chosen on training reviews, at the median; a model of corpus/reviews_movie has read those with their stars",
    ],
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
