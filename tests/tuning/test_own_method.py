"""The how-to of a tuning method of one's own runs as it stands; the methods of the package keep to what it says."""

import re
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from clova_jax.tuning import TuneOptions, tune
from clova_jax.tuning.methods import METHODS, find_method

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "tuning_method.md"


def test_the_page_runs_as_it_stands(lm, texts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("clova_jax.LanguageModel", SimpleNamespace(load=lambda folder: lm))
    monkeypatch.setattr("clova_jax.evaluate.load_task", lambda name: texts)
    names = {"__name__": "own"}
    before = jax.tree.map(np.array, lm.params)
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(code, names)
    tuned = names["tuned"]
    history = tuned.tuned.history
    assert history[-1]["dev_loss"] < history[0]["dev_loss"]
    assert tuned.prompt is None
    assert re.match(r"\d+ numbers, loss \d", capsys.readouterr().out)
    jax.tree.map(np.testing.assert_array_equal, lm.params, before)
    # Only biases moved, and the same call finds the finished run.
    moved = jax.tree_util.tree_map_with_path(
        lambda path, a, b: path[-1].key if np.any(a != b) else "", tuned.view.params, before
    )
    assert set(jax.tree.leaves(moved)) == {"bias", ""}
    options = names["options"]
    again = tune(lm, texts, names["items"], names["BiasConfig"](), options, out="bias")
    jax.tree.map(np.testing.assert_array_equal, again.tuned.trainable, tuned.tuned.trainable)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_the_package_has_its_usual_settings(name, labels):
    found = find_method(name)
    for encoder in found.encoders or ("",):
        config = found.usual(labels, encoder)
        assert type(config.method()) is found
        hash(config.method())
    TuneOptions(learning_rate=found.learning_rate)


def test_the_rates_of_the_tables_are_these():
    """The paper gives none: these were chosen once, and the rows of docs/results are of them."""
    rates = {name: find_method(name).learning_rate for name in METHODS}
    assert rates == {
        "p_tuning": 1e-3,
        "prompt_tuning": 1e-2,
        "autoprompt": 1e-3,
        "lora": 2e-3,
        "fine_tuning": 5e-4,
    }
