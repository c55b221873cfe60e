"""Texts packed into rows: each once, within the bounds, with little padding."""

from hypothesis import given
from hypothesis import strategies as st

from clova_jax.inference.packing import ROW_TOKENS, pack, power_of_two, tightest

LENGTHS = st.lists(st.integers(0, 700), min_size=1, max_size=60)


@given(LENGTHS, st.integers(0, 300), st.integers(1, 40))
def test_passes_hold_every_text_once_within_their_shape(lengths, before, most):
    seen = []
    for packed in pack(lengths, before=before, limit=1_000, heads=4, most=most):
        assert packed.height == power_of_two(packed.height)
        for rows in packed.passes:
            assert len(rows) <= packed.height
            assert sum(map(len, rows)) <= most or len(rows) == 1
            assert all(sum(lengths[i] for i in row) <= packed.time for row in rows)
            seen += [i for row in rows for i in row]
        if packed.alone:
            assert all(len(row) == 1 for rows in packed.passes for row in rows)
    assert sorted(seen) == list(range(len(lengths)))


@given(LENGTHS)
def test_the_tightest_rows_are_no_larger_than_a_row_for_each(lengths):
    packed = tightest(lengths)
    (rows,) = packed.passes
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in row) <= packed.time for row in rows)
    each = power_of_two(len(lengths)) * max(24, 1.5 * max(lengths))
    assert packed.height * packed.time <= each


def test_rows_fit_the_texts_what_stands_before_them_and_the_devices():
    def shape(*args, **options):
        packed = tightest(*args, **options)
        return packed.height, packed.time

    assert shape([43] * 8) == (8, 48)
    assert shape([43] * 8, before=20) == (2, 192)
    assert shape([43] * 8, before=20, parts=8) == (8, 64)


def test_a_row_is_no_longer_than_the_limit_unless_a_text_is():
    (packed,) = pack([5] * 30, before=0, limit=50, heads=1, most=99)
    assert packed.time == 50
    (packed,) = pack([60] * 3, before=0, limit=50, heads=1, most=99)
    assert packed.time == 60


def test_long_texts_do_not_widen_the_rows_of_short_ones():
    short, *longer = pack([20] * 100 + [900], before=0, limit=2_048, heads=1, most=999)
    assert short.time == ROW_TOKENS
    assert [one.time for one in longer] == [1_024]
