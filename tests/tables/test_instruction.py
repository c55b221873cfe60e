"""The instruction table: who is asked what, rows, claims, what a second run reads back, the model that keeps its template."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.align import instructions
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Interval
from clova_jax.sample import write_sample
from clova_jax.tables.instruction_asking import Asked, ask
from clova_jax.tables.instruction_cells import measured, percent
from clova_jax.tables.instruction_notes import claims, mean_of
from experiments.instruction import REAL, SAMPLE, TABLE, Options

TASKS = ("nsmc", "chat", "korquad")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data without most tasks and without training questions, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    (data / "korquad/KorQuAD_v1.0_train.json").unlink()
    for name in ("klue", "parallel", "query_modification", "dialogue/sae4k"):
        (data / name).rename(folder / name.replace("/", "_"))
    texts = [item.text for task in instructions.read_tasks(data) for item in task.test]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=500)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 5, "left_out": ("sentiment",), "shots": 2, "per_task": 20, "steps": 2}
    asked |= {"batch_size": 2, "length": 256, "learning_rate": 1e-3, "max_new_tokens": 4} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out, seeds=2)) == 0
    return out


def test_every_system_is_asked_what_it_can_be_asked(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    asked = {(row["system"], row["task"]) for row in rows}
    assert asked == {
        *(("base_zero", task) for task in TASKS),
        *((system, t) for system in ("base_few", "seen", "unseen_wording") for t in TASKS[:2]),
        ("unseen_task", "nsmc"),  # left out
        ("unseen_task", "korquad"),  # no training file
    }
    metrics = {row["task"]: [] for row in rows}
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["seeds"] == (1 if row["system"].startswith("base") else 2)
        if row["system"] == "base_zero":
            metrics[row["task"]].append(row["metric"])
    assert metrics["nsmc"] == ["accuracy", "written", "valid", "ended"]
    assert metrics["chat"] == ["f1", "ended"]
    assert metrics["korquad"] == ["exact_match", "f1", "valid", "ended"]
    assert (finished / "instruction.png").stat().st_size > 0


def test_the_notes_judge_each_claim(finished):
    notes = json.loads((finished / "results.json").read_text())["notes"]
    for claim, tasks in (
        ("tuned beats the base model zero-shot on unseen wordings", 2),
        ("tuned zero-shot beats the base model few-shot", 2),
        ("seen wordings score higher than unseen ones", 2),
        ("a family that was left out gains from the others", 2),
        ("more texts end by themselves after tuning", 1),
    ):
        found = [note for note in notes if claim in note]
        assert len(found) == (1 if claim.startswith("more") else tasks + 1), claim
        assert all(
            any(f": {verdict}, by " in one for verdict in ("holds", "fails", "cannot tell"))
            for one in found
        )


def test_the_tuned_model_is_kept_with_its_template_and_nothing_else(world, finished):
    (model,) = (finished / "models").iterdir()
    assert LanguageModel.load(model).chat == instructions.TEMPLATE
    assert not (finished / "training").exists() or not any((finished / "training").iterdir())


def test_a_second_run_reads_all_back_and_another_is_refused(world, finished):
    path = finished / "predictions.jsonl"
    before, rows = path.read_bytes(), json.loads((finished / "results.json").read_text())["rows"]
    assert TABLE.run(options(world, finished, seeds=2)) == 0
    assert path.read_bytes() == before
    assert json.loads((finished / "results.json").read_text())["rows"] == rows
    with pytest.raises(ClovaError, match="use another --out"):
        TABLE.run(options(world, finished, seeds=2, steps=3))


def test_defaults_are_those_of_the_data(world, tmp_path):
    assert Options().steps == SAMPLE["steps"]
    assert Options(model=(world / "model",), data=world).steps == REAL["steps"]
    assert Options(steps=7).steps == 7


def test_prompts_show_examples_in_the_item_s_wording_and_lose_them_to_fit(world):
    lm = LanguageModel.load(world / "model")
    (task,) = instructions.read_tasks(world / "data", ("nsmc",))
    shared = {"task": task, "items": task.test[:6], "wordings": task.kind.wordings[6:], "seed": 0}
    found = {
        (shots, few): ask(
            lm,
            instructions.TEMPLATE,
            Asked(shots=shots, length=256, length_with_examples=few, max_new_tokens=4, **shared),
        )
        for shots, few in ((0, 256), (3, 512), (3, 150))
    }
    assert {row["examples"] for row in found[0, 256]} == {0}
    assert {row["examples"] for row in found[3, 512]} == {3}
    assert all(row["examples"] < 3 for row in found[3, 150])
    for rows in found.values():
        assert [row["id"] for row in rows] == [item.id for item in shared["items"]]
        for row, item in zip(rows, shared["items"], strict=True):
            assert row["prediction"] in task.task.labels
            assert row["written"] == (row["text"].strip().split("\n")[0] == task.answer(item))
    short = Asked(shots=0, length=40, length_with_examples=40, max_new_tokens=4, **shared)
    assert len(ask(lm, instructions.TEMPLATE, short)) < 6


def shares(hits):
    return [np.array([[hit, 1] for hit in hits], np.float64)]


def test_claims_compare_the_same_items():
    kept = {
        ("m", "base_zero", "nsmc"): {"accuracy": (shares([0] * 30), percent)},
        ("m", "unseen_wording", "nsmc"): {"accuracy": (shares([1] * 30) * 3, percent)},
        ("m", "unseen_task", "nsmc"): {"accuracy": (shares([0] * 30), percent)},
        ("m", "base_few", "nsmc"): {"accuracy": (shares([1] * 15 + [0] * 15), percent)},
    }
    found = claims(kept, "m")
    assert len(found) == 3
    assert "unseen wordings, mean of 1 tasks: holds, by +100.00" in found[0]
    assert "few-shot, mean of 1 tasks: holds, by +50.00" in found[1]
    assert "left out gains from the others, mean of 1 tasks: cannot tell, by +0.00" in found[2]


def test_the_mean_of_tasks_has_the_mean_of_their_errors():
    one = mean_of({"a": Interval(10, 4, 16), "b": Interval(-2, -10, 6)})
    assert one.value == 4
    assert one.high - one.value == pytest.approx(5)
    assert one.value - one.low == pytest.approx(5)


def test_of_a_text_no_label_is_measured(world):
    (task,) = instructions.read_tasks(world / "data", ("chat",))
    rows = [{"prediction": "네", "answers": ["네"], "ended": True}]
    assert list(measured(task, [rows])) == ["f1", "ended"]
