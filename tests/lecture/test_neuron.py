"""The search for a unit: one wired by hand is found, and held it moves texts; nothing is found where there is none."""

import numpy as np
import pytest

from clova_jax import lecture
from clova_jax.lecture import Alphabet, CharacterConfig, CharacterModel

GOOD, BAD, PLAIN = "좋", "싫", "그저영화"
WIRED = 3


@pytest.fixture(scope="module")
def model():
    """An RNN of random weights, whose unit 3 adds up 좋 and takes off 싫, and makes the next character like it."""
    alphabet = Alphabet.of([GOOD + BAD + PLAIN], 100)
    config = CharacterConfig("lstm", 8, alphabet.size, alphabet.size)
    params = lecture.init_characters(config, 0)
    params["embedding"] = np.eye(alphabet.size, dtype=np.float32)
    kernel, recurrent, bias = (
        np.array(params["cell"][name]) for name in ("kernel", "recurrent", "bias")
    )
    enter, forget, new, out = (gate * 8 + WIRED for gate in range(4))
    for column in (enter, forget, new, out):
        kernel[:, column], recurrent[:, column], bias[column] = 0, 0, 0
    recurrent[WIRED] = 0  # no other unit hears of it
    bias[[enter, forget, out]] = 8  # open
    kernel[alphabet.encode(GOOD)[0], new], kernel[alphabet.encode(BAD)[0], new] = 3, -3
    head = np.array(params["head"]["kernel"])
    head[WIRED] = 0
    head[WIRED, alphabet.encode(GOOD)[0]], head[WIRED, alphabet.encode(BAD)[0]] = 4, -4
    params["cell"] |= {"kernel": kernel, "recurrent": recurrent, "bias": bias}
    params["head"] = params["head"] | {"kernel": head}
    return CharacterModel(config, alphabet, params)


def reviews(count, seed):
    """Texts of which half hold 좋 and half 싫, at any place."""
    random, texts = np.random.default_rng(seed), []
    positive = np.arange(count) % 2 == 0
    for good in positive:
        letters = list(random.choice(list(PLAIN), 12))
        letters[random.integers(12)] = GOOD if good else BAD
        texts.append("".join(letters))
    return texts, positive


def test_a_wired_unit_is_found_with_sign_and_threshold(model):
    dev, positive = reviews(80, 1)
    ranked = lecture.find_units(lecture.read_cells(model, dev), positive)
    best = ranked[0]
    assert (best.number, best.sign, best.accuracy) == (WIRED, 1, 1.0)
    assert ranked[1].accuracy < 0.9
    test, labels = reviews(60, 2)
    assert (best(lecture.read_cells(model, test)) == labels).all()
    turned = lecture.find_units(-lecture.read_cells(model, dev), positive)[0]
    assert (turned.number, turned.sign) == (WIRED, -1)
    assert (turned(-lecture.read_cells(model, test)) == labels).all()


def test_the_regression_uses_few_units_where_one_is_enough(model):
    sets = [reviews(count, seed) for count, seed in ((120, 1), (80, 2), (60, 3))]
    (learn, marks), (dev, choice), (test, labels) = (
        (lecture.read_cells(model, texts), positive) for texts, positive in sets
    )
    found = lecture.fit_regression(learn, marks, dev, choice, (0.1, 1.0))
    assert found.weights[WIRED] > 0
    assert np.abs(found.weights).argmax() == WIRED
    assert found.used < 8
    assert (found(test) == labels).mean() > 0.95


def test_nothing_is_found_where_labels_are_of_nothing(model):
    (dev, _), (test, _) = reviews(400, 1), reviews(400, 2)
    random = np.random.default_rng(0)
    marks, labels = random.random(400) < 0.5, random.random(400) < 0.5
    best = lecture.find_units(lecture.read_cells(model, dev), marks)[0]
    right = (best(lecture.read_cells(model, test)) == labels).mean()
    assert 0.4 < right < 0.6


def test_equal_states_are_on_one_side():
    states = np.array([[0.0], [0.0], [0.0], [1.0]], np.float32)
    (unit,) = lecture.find_units(states, np.array([True, False, False, True]))
    assert unit.accuracy == 0.75
    assert unit(states).tolist() == [False, False, False, True]
    (unit,) = lecture.find_units(states[:3], np.array([True, True, False]))
    assert unit.accuracy == pytest.approx(2 / 3)
    assert unit(states[:3]).all()


def test_holding_the_wired_unit_moves_texts_and_other_units_do_not(model):
    shares = {}
    for unit in (WIRED, 5):
        for value in (-1.0, 1.0):
            held = lecture.free(model, 60)
            held[:, unit] = value
            written = "".join(lecture.write_texts(model, held, 0, longest=20))
            both = written.count(GOOD) + written.count(BAD)
            shares[unit, value] = written.count(GOOD) / both
    assert shares[WIRED, 1.0] > 0.9
    assert shares[WIRED, -1.0] < 0.1
    assert abs(shares[5, 1.0] - shares[5, -1.0]) < 0.3
