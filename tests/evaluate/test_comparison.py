"""Comparisons say what separates contenders: their intervals, the same items seed by seed, or nothing."""

import numpy as np
import pytest

from clova_jax.evaluate import Comparison, mean_over

IDS = [str(number) for number in range(400)]
KINDS = ["a", "b"]


def percent(total):
    return 100 * total[0] / total[1]


def rows(values):
    """Statistics of a mean: each item's value, and 1."""
    return np.stack([values, np.ones(len(values))], axis=1)


def compared(first, second):
    """A comparison of two contenders, given the values of their seeds."""
    found = Comparison(percent)
    for name, seeds in (("a", first), ("b", second)):
        for values in seeds:
            found.add(name, IDS, rows(values))
    return found


def noise(seed, scale):
    return scale * np.random.default_rng(seed).standard_normal(len(IDS))


def test_a_contender_is_not_separated_from_itself():
    values = [0.5 + noise(seed, 0.1) for seed in range(3)]
    found = compared(values, values)
    difference = found.difference(*KINDS)
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    ((verdict, sentence),) = found.verdicts(KINDS)
    assert verdict == "open"
    assert "not separated" in sentence


def test_intervals_that_do_not_meet_are_apart():
    first = [0.3 + noise(seed, 0.01) for seed in range(3)]
    second = [0.7 + noise(seed, 0.01) for seed in range(3, 6)]
    ((verdict, sentence),) = compared(first, second).verdicts(KINDS)
    assert verdict == "apart"
    assert "a − b = -40" in sentence


def test_the_same_items_separate_what_the_intervals_do_not():
    items = np.random.default_rng(0).integers(0, 2, len(IDS)).astype(float)  # hard or easy for both
    first = [items + noise(seed, 0.001) for seed in range(3)]
    second = [items - 0.02 + noise(seed, 0.001) for seed in range(3, 6)]
    found = compared(first, second)
    assert found.interval("a").low < found.interval("b").high
    ((verdict, _),) = found.verdicts(KINDS)
    assert verdict == "paired"


def test_few_seeds_that_spread_are_open_and_more_of_them_would_do():
    levels = [0.0, 0.02, 0.04]
    first = [0.5 + level + noise(seed, 0.01) for seed, level in enumerate(levels)]
    second = [0.48 + noise(seed + 3, 0.01) for seed in range(3)]
    found = compared(first, second)
    ((verdict, sentence),) = found.verdicts(KINDS)
    needed = found.seeds_needed(*KINDS, found.difference(*KINDS))
    assert verdict == "open"
    assert needed > 3
    assert f"about {needed} seeds would" in sentence
    once = compared(first[:1], second[:1])
    assert once.seeds_needed(*KINDS, once.difference(*KINDS)) is None


def test_only_items_that_all_answered_count():
    found = Comparison(percent)
    found.add("a", ["x", "y", "z"], rows(np.array([1.0, 1.0, 0.0])))
    found.add("b", ["z", "x"], rows(np.array([1.0, 0.0])))
    assert found.items == ["x", "z"]
    assert found.interval("a").value == 50
    assert found.difference("a", "b").value == 0


def test_trials_side_by_side_are_averaged():
    finish = mean_over(percent, 2)
    assert finish(np.array([1, 4, 3, 4])) == pytest.approx(50)
