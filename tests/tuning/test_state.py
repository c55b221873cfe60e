"""A tuning run on disk: there and back, and what is refused."""

import json

import jax
import numpy as np
import optax
import pytest
from safetensors.numpy import load_file, save_file

from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import hash_file
from clova_jax.train.optimizer import fresh_state
from clova_jax.tuning.state import Progress

IDENTITY = {"method": "PromptTuningConfig", "weights": "0123"}
OPTIMIZER = optax.adam(1e-3)
TRAINABLE = {"virtual": np.arange(6, dtype=np.float32).reshape(2, 3)}


@pytest.fixture
def folder(tmp_path):
    run = fresh()
    run.best.history.append({"step": 0, "loss": None, "dev_loss": 1.5})
    run.save(tmp_path, IDENTITY)
    return tmp_path


def fresh():
    return Progress.start(fresh_state(OPTIMIZER, TRAINABLE), TRAINABLE)


def load(folder):
    return fresh().load(folder, IDENTITY)


def test_a_run_comes_back(folder):
    run = load(folder)
    assert (run.best.loss, run.best.step, run.finished) == (float("inf"), 0, False)
    assert run.best.history == [{"step": 0, "loss": None, "dev_loss": 1.5}]
    jax.tree.map(np.testing.assert_array_equal, run.best.params, TRAINABLE)
    jax.tree.map(np.testing.assert_array_equal, run.state.opt_state, OPTIMIZER.init(TRAINABLE))
    with pytest.raises(ClovaError, match="give the same weights to resume, or another --out"):
        fresh().load(folder, IDENTITY | {"weights": "4567"})


def test_every_flipped_bit_of_its_numbers_is_refused(folder):
    path = next(folder.glob("*.safetensors"))
    good = path.read_bytes()
    for at in np.random.default_rng(0).choice(len(good), 40, replace=False):
        for bit in range(8):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
            with pytest.raises(ClovaError, match="damaged") as caught:
                load(folder)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(folder, value):
    path = next(folder.glob("*.safetensors"))
    arrays = load_file(path)
    arrays["best/virtual"][1, 2] = value
    save_file(arrays, path)
    values = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(values | {"sha256": hash_file(path)}))
    with pytest.raises(ClovaError, match="best/virtual holds numbers that are not finite"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": None}, "'file' is null"),
        ({"file": "../gone"}, "damaged"),
        ({"identity": []}, "'identity' is a list"),
        ({"history": [None]}, "'history', entry 0, is null"),
        ({"history": [{"loss": 1}]}, "'history': has no 'step'"),
        ({"best_step": 1.5}, "'best_step' is 1.5"),
        ({"best_loss": "low"}, "'best_loss' is \"low\""),
        ({"finished": 1}, "'finished' is 1"),
    ],
)
def test_odd_values_are_refused_in_one_line(folder, change, message):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ClovaError, match=message) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_a_run_of_an_older_version_is_reported_as_such(folder):
    path = folder / "run.json"
    values = json.loads(path.read_text())
    del values["format"]
    path.write_text(json.dumps(values))
    with pytest.raises(ClovaError, match="written by a version"):
        load(folder)
