"""Ratios are paired by round, and their goals are judged by the interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ratios import compare, read_ratios, write_ratios
from clova_jax.common.errors import ClovaError

rates = st.lists(st.tuples(*2 * [st.floats(0.01, 1e6)]), min_size=1, max_size=9)


def test_the_median_is_of_the_rounds_ratios():
    # The medians of the sides are 2 and 2: a busy third round hit both.
    one = compare("step", "torch", [2.0, 4.0, 1.0], [1.0, 2.0, 2.0], "steps/s")
    assert (one.ours, one.peer, one.ratio, one.low, one.high) == (2.0, 2.0, 2.0, 0.5, 2.0)


def test_of_seconds_fewer_are_better():
    assert compare("step", "torch", [1.0], [3.0], "s", lower=True).ratio == 3.0


@given(rates)
def test_seconds_and_rates_give_the_same(pairs):
    ours, peer = zip(*pairs, strict=True)
    rate = compare("a", "b", ours, peer, "1/s")
    seconds = compare("a", "b", *([1 / x for x in side] for side in (ours, peer)), "s", lower=True)
    assert rate.low <= rate.ratio <= rate.high
    assert seconds.ratio == pytest.approx(rate.ratio)
    assert (seconds.low, seconds.high) == pytest.approx((rate.low, rate.high))


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ([2.0, 2.1, 2.2, 2.3, 2.4], "holds"),
        ([1.9, 2.1, 2.2, 2.3, 2.4], "cannot tell"),
        ([1.5, 1.6, 1.7, 1.8, 1.9], "fails"),
        ([3.0, 3.0, 3.0, 3.0], "cannot tell"),  # too few rounds
    ],
)
def test_a_goal_is_judged_by_the_interval(ours, verdict):
    assert compare("a", "b", ours, [1.0] * len(ours), "1/s", goal=2.0).verdict == verdict
    assert compare("a", "b", ours, [1.0] * len(ours), "1/s").verdict == ""


@pytest.mark.parametrize(
    ("ours", "peer", "said"),
    [([1.0], [1.0, 2.0], "1 and 2 rounds"), ([], [], "0 and 0"), ([0.0], [1.0], "a round of 0")],
)
def test_what_no_ratio_can_be_made_of_is_refused(ours, peer, said):
    with pytest.raises(ClovaError, match=said):
        compare("a", "b", ours, peer, "1/s")


def test_what_was_written_is_read(tmp_path):
    ratios = [
        compare("a", "b", [1.0], [2.0], "1/s", goal=3.0),
        compare("c", "d", [1.0], [1.0], "s"),
    ]
    write_ratios(tmp_path, ratios)
    assert read_ratios(tmp_path) == ratios
    assert read_ratios(tmp_path / "nowhere") == []
