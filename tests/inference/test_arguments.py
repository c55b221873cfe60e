"""The door: any iterable, any whole number; what does not fit is named in one line."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.inference import arguments
from clova_jax.inference.sampling import Sampling, seed_key

HUGE = 10**5_000
BY_KIND = {"ids": lambda value: type(value).__name__}  # no name can be made of so large a number


def one_line(caught) -> str:
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return message


@pytest.mark.parametrize("make", [list, tuple, iter, np.array, lambda x: (t for t in x)])
def test_any_iterable_of_texts(make):
    assert arguments.texts(make(["가", "나"]), "prompts") == ["가", "나"]


@pytest.mark.parametrize(
    "bad",
    ["가나다", b"abc", None, 5, 1.5, ["가", None], [["가"]], [b"a"], [3], np.array("가"), HUGE],
    **BY_KIND,
)
def test_what_are_no_texts(bad):
    with pytest.raises(ClovaError) as caught:
        arguments.texts(bad, "prompts")
    assert one_line(caught).startswith("prompts")


@pytest.mark.parametrize("make", [list, tuple, iter, np.array, jnp.array, lambda x: (i for i in x)])
def test_any_row_of_ids(make):
    assert arguments.id_row(make([3, 0, 9]), "ids", 10) == [3, 0, 9]


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64, np.uint64])
def test_any_whole_numbers(kind):
    row = arguments.id_row([kind(3), 4], "ids", 10)
    assert row == [3, 4]
    assert all(type(i) is int for i in row)
    assert arguments.integer(kind(3), "top_k", 0) == 3
    assert arguments.one_seed(kind(7)) == 7


@pytest.mark.parametrize(
    "bad",
    [
        None,
        5,
        "12",
        [1, None],
        [1.0],
        [1, 2.5],
        np.array([1.0, 2.0]),
        np.array(3),
        [[1, 2]],
        [[1], [1, 2]],
        [1, [2]],
        ["1"],
        [True, False],
        [-1],
        [10],
        [2**31],
        [2**63],
        [2**64],
        [1, -(2**70)],
        [HUGE],
        np.zeros((2, 2), int),
    ],
)
def test_what_is_no_row_of_ids(bad):
    with pytest.raises(ClovaError) as caught:
        arguments.id_row(bad, "ids: row 0", 10)
    assert one_line(caught).startswith("ids: row 0")


@given(st.lists(st.integers(0, 300)), st.integers(1, 300))
def test_ids_come_out_as_they_went_in_or_are_refused(ids, known):
    if all(i < known for i in ids):
        assert arguments.id_row(iter(ids), "ids", known) == ids
    else:
        with pytest.raises(ClovaError, match="outside"):
            arguments.id_row(ids, "ids", known)


@pytest.mark.parametrize("good", [[[1, 0]], [np.array([1.0, 0.0])], np.array([[True, False]])])
def test_a_mask_of_zeros_and_ones(good):
    assert arguments.mask_rows(good, [2], "loss_mask") == [[1, 0]]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        1,
        "10",
        [[0.5, 1]],
        [[np.nan, 1]],
        [[2, 1]],
        [[-1, 1]],
        [["1", "0"]],
        [[None, 1]],
        [[[1], [0]]],
        [[[1], [0, 1]], 1],
        [1, 0],
        [[1]],
        [[1, 0], [1, 0]],
        [],
    ],
)
def test_what_is_no_mask(bad):
    with pytest.raises(ClovaError) as caught:
        arguments.mask_rows(bad, [2], "loss_mask")
    assert one_line(caught).startswith("loss_mask")


@pytest.mark.parametrize(
    "bad", [1.5, "1", True, [1.0], [None, 1], 2**64, -(2**63) - 1, HUGE, [1], object()], **BY_KIND
)
def test_what_is_no_seed(bad):
    with pytest.raises(ClovaError, match="seed") as caught:
        arguments.seeds(bad, 2)
    one_line(caught)


def test_one_seed_goes_with_the_place_and_a_list_alone():
    assert arguments.seeds(np.int32(5), 3) == [(5, 0), (5, 1), (5, 2)]
    assert arguments.seeds(range(5, 7), 2) == [(5, 0), (6, 0)]
    assert arguments.seeds(np.array([5, 6]), 2) == [(5, 0), (6, 0)]
    fresh = arguments.seeds(None, 2)
    assert fresh[0] != fresh[1]


def test_keys_of_different_seeds_samples_and_places_differ():
    large = [2**32 + 1, 2**33, 2**63, 2**64 - 1]
    keys = {
        tuple(seed_key(seed, sample, place))
        for seed in [*range(8), *large]
        for sample in range(4)
        for place in range(4)
    }
    assert len(keys) == 12 * 4 * 4


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, jnp.float32])
def test_options_of_other_number_types(kind):
    made = Sampling(temperature=kind(0.5), top_p=kind(0.25), frequency_penalty=kind(-1))
    assert (made.temperature, made.top_p, made.frequency_penalty) == (0.5, 0.25, -1)
    assert type(made.temperature) is float
    assert Sampling(temperature=np.int64(1), max_new_tokens=np.int64(3)).max_new_tokens == 3
    assert Sampling(top_k=np.uint8(3), logprobs=np.int32(2)) == Sampling(top_k=3, logprobs=2)
    assert Sampling(stop=(t for t in ["a", ","])).stop == ("a", ",")


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": np.nan},
        {"temperature": np.float32("inf")},
        {"temperature": 1e39},
        {"temperature": "1"},
        {"temperature": None},
        {"temperature": True},
        {"temperature": [0.5, 0.6]},
        {"temperature": 1j},
        {"temperature": HUGE},
        {"frequency_penalty": 1e39},
        {"presence_penalty": -1e39},
        {"repetition_penalty": 1e39},
        {"repetition_penalty": 0},
        {"top_p": 0},
        {"top_p": np.float64(1.5)},
        {"min_p": -0.1},
        {"top_k": 1.5},
        {"top_k": -1},
        {"max_new_tokens": np.float64(3)},
        {"max_new_tokens": -1},
        {"max_new_tokens": None},
        {"logprobs": 101},
        {"logprobs": HUGE},
        {"stop": 5},
        {"stop": [""]},
        {"stop": [None]},
        {"stop": ""},
    ],
)
def test_options_that_are_none(bad):
    with pytest.raises(ClovaError) as caught:
        Sampling(**bad)
    assert one_line(caught).startswith(next(iter(bad)))
