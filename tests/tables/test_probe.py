"""The probe of a frozen model: it reads what the hidden states hold, and learns from the examples it was given only."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, TaskData, load_task
from clova_jax.retrieve import text_states
from clova_jax.tables.probe import probe_cell
from clova_jax.tables.tuned import tuned_row
from tests.worlds.models import make_lm


def reviews(count: int, begin: int, names: str = "01") -> list[Item]:
    """Reviews whose label is told by their last letters."""
    random = np.random.default_rng(begin)
    return [
        Item(f"{begin + n}", f"f:{n}", f"{random.integers(1e6)} {'ab'[n % 2] * 4}", (names[n % 2],))
        for n in range(count)
    ]


def row(tmp_path: Path, data: TaskData, labels: dict[str, str] | None = None) -> dict:
    task = replace(load_task("nsmc"), load=lambda _: data)
    if labels:
        task = replace(task, labels=labels)
    return tuned_row(
        make_lm(max_length=64),
        task,
        data,
        probe_cell(40),
        name="toy",
        seeds=2,
        limit=None,
        seed=0,
        out=tmp_path,
    )


def test_a_probe_reads_what_the_states_hold(tmp_path):
    data = TaskData(reviews(30, 1_000), reviews(60, 0))
    found = row(tmp_path, data)
    assert found["method"] == "probe"
    assert found["value"] > 90
    assert row(tmp_path, data)["per_seed"] == found["per_seed"]


def test_labels_at_random_teach_nothing(tmp_path):
    random = np.random.default_rng(0)
    pool = [replace(item, answers=(str(random.integers(2)),)) for item in reviews(60, 0)]
    found = row(tmp_path, TaskData(reviews(200, 1_000), pool))
    assert found["value"] < 75


def test_a_label_that_no_example_has_is_the_least_likely(tmp_path):
    items = reviews(20, 1_000)
    items += [replace(item, id=f"x{item.id}", answers=("2",)) for item in items[:4]]
    labels = {"2": "그저", "0": "나쁨", "1": "좋음"}
    assert row(tmp_path, TaskData(items, reviews(60, 0)), labels)["items"] == 24
    lines = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    for found in map(json.loads, lines):
        unseen, *others = found["logprobs"]
        assert unseen < min(others) < 0
        assert found["prediction"] == ["0", "1"][int(np.argmax(others))]


def test_examples_of_one_label_are_one_line(tmp_path):
    pool = [replace(item, answers=("1",)) for item in reviews(60, 0)]
    with pytest.raises(ClovaError, match="nsmc: the 24 examples .* label '1'; give more --examp"):
        row(tmp_path, TaskData(reviews(8, 1_000), pool))


def test_states_of_a_text_do_not_depend_on_its_neighbours():
    model = make_lm(max_length=64)
    texts = ["가", "나무가 많다", "", "산과 강"]
    together = text_states(model, texts)
    for number, text in enumerate(texts):
        for whole, alone in zip(together, text_states(model, [text]), strict=True):
            np.testing.assert_allclose(whole[number], alone[0], atol=1e-5)
    mean, last = text_states(model, ["a"])
    np.testing.assert_allclose(mean, last, atol=1e-6)
