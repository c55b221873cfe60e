"""Intervals cover the truth about as often as they say."""

import numpy as np
import pytest

from clova_jax.evaluate.intervals import interval, proportion, proportion_of_units, sum_units


def mean(total: np.ndarray) -> float:
    return 100 * float(total[0] / total[1])


def trial(hits: np.ndarray) -> np.ndarray:
    return np.stack([hits, np.ones_like(hits)], axis=1).astype(float)


def test_one_trial_is_the_bootstrap_over_items() -> None:
    hits = np.random.default_rng(0).random(400) < 0.7
    found = interval([trial(hits)], mean)
    error = 100 * np.sqrt(hits.mean() * (1 - hits.mean()) / 400)
    assert found.value == pytest.approx(100 * hits.mean())
    assert found.high - found.value == pytest.approx(1.96 * error, rel=0.15)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=0.15)


def test_trials_that_differ_widen_it() -> None:
    random = np.random.default_rng(0)
    same = [trial(random.random(400) < 0.7) for _ in range(3)]
    apart = [trial(random.random(400) < share) for share in (0.6, 0.7, 0.8)]
    narrow, wide = interval(same, mean), interval(apart, mean)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.parametrize(("trials", "spread"), [(1, 0.0), (3, 0.05), (12, 0.05)])
def test_coverage(trials: int, spread: float) -> None:
    """Items of unlike difficulty, trials of unlike luck: 95% intervals hold the mean 90 to 100% of times."""
    covered = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        ease = random.beta(4, 2, 150)  # mean 2/3
        luck = random.normal(0, spread, trials)
        rows = [trial(random.random(150) < np.clip(ease + shift, 0, 1)) for shift in luck]
        found = interval(rows, mean, seed=seed)
        covered += found.low <= 100 * 2 / 3 <= found.high
    assert covered >= 54, f"{covered} of 60"


def test_it_stays_inside_its_bounds_and_repeats() -> None:
    hits = np.ones(20)
    hits[0] = 0
    found = interval([trial(hits), trial(np.ones(20))], mean, seed=3)
    assert found.high == 100.0
    assert found.low >= 0.0
    assert interval([trial(hits), trial(np.ones(20))], mean, seed=3) == found


def test_rows_that_stand_twice_in_their_unit_tell_no_more() -> None:
    random = np.random.default_rng(0)
    rows, units = trial(random.random(60) < 0.4), list(range(20)) * 3
    once = interval([sum_units(rows, units)], mean)
    twice = interval([sum_units(np.repeat(rows, 2, axis=0), np.repeat(units, 2))], mean)
    assert sum_units(rows, units).shape == (20, 2)
    assert vars(twice) == pytest.approx(vars(once))


def test_a_proportion_of_units_has_as_many_draws_as_units() -> None:
    units = [[True, False], [True, True], [False, False], [True, True]]
    found = proportion_of_units(units)
    assert vars(found) == pytest.approx(vars(proportion(2.5, 4)))
    assert vars(proportion_of_units([some * 3 for some in units])) == pytest.approx(vars(found))


@pytest.mark.parametrize("hits", [(0, 0, 0), (1, 0, 1), (1, 1, 1)])
def test_units_of_one_draw_each_are_draws(hits: tuple[int, ...]) -> None:
    found = proportion_of_units([[bool(hit)] for hit in hits])
    assert vars(found) == pytest.approx(vars(proportion(sum(hits), 3)))


def test_a_large_unit_among_small_ones_counts_no_more_than_it_can_tell() -> None:
    found = proportion_of_units([[True] * 98, [True], [True]])
    assert (found.value, found.high) == (100, 100)
    assert found.low == pytest.approx(proportion(1, 1).low, abs=2)
    assert vars(proportion_of_units([])) == vars(proportion(0, 0))
