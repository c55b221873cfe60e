"""Says how to read the table of the sentiment neuron, and what its claims came to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from clova_jax.evaluate import Interval
from clova_jax.tables.claims import difference, judged
from clova_jax.tables.neuron_cells import LEVELS, hits, judge
from clova_jax.tables.neuron_sets import NeuronSet
from clova_jax.tables.table import TableRun


def notes(run: TableRun, texts: NeuronSet) -> list[str]:
    """Returns how to read the rows, then the claims with their verdicts."""
    options = run.options
    judged_right = (judge(run, texts)(list(texts.test.texts))[:, 0] >= 0.5) == texts.test.positive
    found = [
        f"a character model ({options.kind}, {options.units} units) of {len(texts.texts):,} reviews without labels, "
        f"{options.epochs} epochs, the state of the cell reset between reviews; {last_bits(run)} bits a character of "
        f"{len(texts.held_out):,} held-out reviews; the labelled training reviews may stand among them, without their labels "
        "(NSMC's do on real data)",
        f"find: accuracy on {len(texts.test.texts):,} test reviews, per cent with an exact 95% interval; regressions learn from "
        f"{len(texts.learn.texts):,} labelled reviews, and unit, sign, threshold and penalty are chosen on "
        f"{len(texts.dev.texts):,} others; n-grams learn from all these; units: how many decide",
        "all units: L1 regression on tanh of the cell after the last character, or on a decoder's residual stream at the last token "
        "(layer 0: embeddings)",
        f"clamp: the unit is held after each update and before the output, so many deviations from its mean towards positive; "
        f"{options.texts} texts each, drawn with the same random numbers; positive: share of them, per cent, by a judge that learned "
        f"from {len(texts.judged.texts):,} other labelled reviews (character n-grams) and saw no text of a model; it is right on "
        f"{100 * judged_right.mean():.1f}% of the test; other units: the mean of {options.controls}, held alike",
        "low, high of clamp: 95% interval (bootstrap over texts, Student's t over units)"
        + (
            f"; of find: over {options.seeds} trainings by Student's t, and over reviews; n-grams, majority and the decoder are one each"
            if options.seeds > 1
            else ""
        ),
    ]
    return found + found_claims(run, texts) + clamp_claims(run)


def last_bits(run: TableRun) -> str:
    """Returns bits a character of held-out text after each training."""
    return ", ".join(f"{one.validations()[-1][1]:.3f}" for one in run.found["benches"])


def found_claims(run: TableRun, texts: NeuronSet) -> list[str]:
    """Returns whether the unit beats its rivals on the same test reviews."""
    search, kind = run.found["search"], run.options.kind
    said: dict[str, list[np.ndarray]] = {
        f"{name}{suffix}": [
            np.array([row[key] for row in rows]) for _, rows in search[kind + suffix]
        ]
        for suffix in ("", ", untrained")
        for name, key in (("one unit", "one"), ("all units", "all"))
    }
    said |= {name: [one] * run.options.seeds for name, one in run.found["rivals"].items()}
    claims = (
        ("one unit", "majority"),
        ("one unit", "one unit, untrained"),
        ("one unit", "n-grams"),
        ("all units", "one unit"),
        ("all units", "all units, untrained"),
        ("all units", "n-grams"),
    )
    right = {
        name: [
            np.stack([one == texts.test.positive, np.ones(len(one))], axis=1).astype(float)
            for one in trials
        ]
        for name, trials in said.items()
    }
    units = [
        f"{kind}: unit {summary['number']} (sign {summary['sign']:+d}, threshold {summary['threshold']:.3f}) is right on "
        f"{100 * summary['accuracy']:.1f}% of the development split; the regression uses {summary['used']} of "
        f"{run.options.units} units at C={summary['strength']:g}"
        for summary, _ in search[kind]
    ]
    return units + [
        judged(
            f"{kind}: {first} above {second}",
            difference([right[first]], [right[second]], _percent, run.options.seed),
        )
        for first, second in claims
    ]


def clamp_claims(run: TableRun) -> list[str]:
    """Returns whether holding the unit moves the texts, against zero and against the other units, and what it costs."""
    parts, options = run.found["clamp"], run.options
    low, high = min(LEVELS), max(LEVELS)

    def moves(name: str) -> list[np.ndarray]:
        pairs = zip(flat(parts[name, low]), flat(parts[name, high]), strict=True)
        return [np.hstack([hits(after), hits(before)]) for (_, before), (_, after) in pairs]

    own = moves("sentiment unit")
    raised, lowered = [one[:, :2] for one in own], [one[:, 2:] for one in own]
    gap = difference([raised], [lowered], _percent, options.seed)
    others = [_percent(m[:, :2].sum(0)) - _percent(m[:, 2:].sum(0)) for m in moves("other units")]
    reach = prediction(others)
    beyond = (
        "holds" if gap.low > reach.high else "fails" if gap.value <= reach.high else "cannot tell"
    )
    bits = {level: _cost(parts["sentiment unit", level]) for level in LEVELS}
    free = _cost(parts["free", None])
    price = ", ".join(f"{level:+d}: {bits[level] - free:+.3f}" for level in LEVELS)
    each = ", ".join(f"{_percent(m[:, :2].sum(0)) - _percent(m[:, 2:].sum(0)):+.1f}" for m in own)
    trainings = f" (each training: {each})" if len(own) > 1 else ""
    return [
        judged(f"held at {high:+d} and not {low:+d}, the unit makes texts more positive", gap)
        + trainings,
        f"that is more than other units do (mean {reach.value:+.1f}, 95% of units {reach.low:+.1f} to {reach.high:+.1f} points): {beyond}",
        f"price in bits a character, from {free:.3f}, by deviations: {price}",
    ]


def flat(parts: Sequence[Sequence[Any]]) -> list[Any]:
    """Returns the parts of all trainings in one list."""
    return [part for trial in parts for part in trial]


def prediction(values: Any) -> Interval:
    """Returns the mean of some values, and the 95% interval that one more of their kind lies in (Student's t)."""
    values = np.asarray(values, float)
    error = values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    reach = float(stdtrit(len(values) - 1, 0.975) * error)
    mean = float(values.mean())
    return Interval(mean, mean - reach, mean + reach)


def _cost(parts: Sequence[Sequence[Any]]) -> float:
    summaries = [summary for summary, _ in flat(parts)]
    return float(np.mean([sum(one["bits"]) / sum(one["characters"]) for one in summaries]))


def _percent(total: np.ndarray) -> float:
    return 100 * float(total[0] / total[1])
