"""Finished trials are read back, whatever characters a model wrote."""

import pytest

from clova_jax.evaluate.records import Records

KEY = ("m", "nsmc", 4, 0)


@pytest.mark.parametrize(
    "odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r", "\n", "\r\n"]
)
def test_a_trial_is_found_again_with_its_predictions(tmp_path, odd):
    rows = [{"id": "1", "prediction": f"앞{odd}뒤"}, {"id": f"2{odd}", "prediction": odd}]
    Records(tmp_path).add(KEY, {"seed": 0}, {"too_long": 0}, rows)
    mark, found = Records(tmp_path).find(KEY, {"seed": 0})
    assert found == rows
    assert mark["too_long"] == 0


def test_a_trial_without_predictions(tmp_path):
    Records(tmp_path).add(KEY, {}, {}, [])
    assert Records(tmp_path).find(KEY, {})[1] == []
