"""The instruction table: who is asked what, rows, claims, what a second run reads back, the model that keeps its template."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.align import instructions
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Interval
from clova_jax.model import Message
from clova_jax.sample import write_sample
from clova_jax.tables.instruction_asking import Asked, prompts_of
from clova_jax.tables.instruction_cells import Instructed, Measured, measured, percent, plan
from clova_jax.tables.instruction_notes import Gain, claims, gaps, mean_of
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
    tasks = instructions.read_tasks(data)
    texts = [t.instruction(item, t.kind.wordings[0]) for t in tasks for item in t.test]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=1500)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 5, "left_out": ("sentiment",), "shots": 2, "per_task": 20, "steps": 2}
    asked |= {"batch_size": 2, "length": 448, "learning_rate": 1e-3, "max_new_tokens": 4} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.mark.slow
def test_the_table_has_every_system_and_is_read_back(world, tmp_path):
    # One test, since each process that runs one of them makes the table.
    assert TABLE.run(options(world, tmp_path)) == 0
    check_rows(tmp_path)
    check_notes(tmp_path)
    check_folder(world, tmp_path)


@pytest.mark.slow
def test_each_seed_is_a_training_of_its_own(world, tmp_path):
    assert TABLE.run(options(world, tmp_path, seeds=2, left_out=("none",), shots=0)) == 0
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert {row["seeds"] for row in rows if row["system"] != "base_zero"} == {2}
    lines = map(json.loads, (tmp_path / "predictions.jsonl").read_text().splitlines())
    texts = {}
    for row in lines:
        texts.setdefault((row["system"], row["trial"]), []).append(row["text"])
    assert texts["seen", 0] != texts["seen", 1]


def check_rows(folder):
    rows = json.loads((folder / "results.json").read_text())["rows"]
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
        if row["system"] == "base_zero":
            metrics[row["task"]].append(row["metric"])
    assert metrics["nsmc"] == ["accuracy", "written", "valid", "ended"]
    assert metrics["chat"] == ["f1", "ended"]
    assert metrics["korquad"] == ["exact_match", "f1", "valid", "ended"]
    assert (folder / "instruction.png").stat().st_size > 0


def check_notes(folder):
    notes = json.loads((folder / "results.json").read_text())["notes"]
    for claim, count in (
        ("tuned beats the base model zero-shot on unseen wordings", 3),
        ("tuned zero-shot beats the base model few-shot", 3),
        ("seen wordings score higher than unseen ones", 3),
        ("a family that was left out gains from the others", 3),
        ("more texts end by themselves after tuning", 1),
    ):
        found = [note for note in notes if claim in note]
        assert len(found) == count, claim
        verdicts = ("holds", "fails", "cannot tell")
        assert all(any(f": {verdict}, by " in one for verdict in verdicts) for one in found)


def check_folder(world, folder):
    """The tuned model is kept with its template, nothing else; all is read back; other settings are refused."""
    (model,) = (folder / "models").iterdir()
    assert LanguageModel.load(model).chat == instructions.TEMPLATE
    assert not any((folder / "training").iterdir())
    path = folder / "predictions.jsonl"
    before, results = path.read_bytes(), json.loads((folder / "results.json").read_text())
    assert TABLE.run(options(world, folder)) == 0
    assert path.read_bytes() == before
    again = json.loads((folder / "results.json").read_text())
    assert again["rows"] == results["rows"]
    assert again["notes"] == results["notes"]
    with pytest.raises(ClovaError, match="use another --out"):
        TABLE.run(options(world, folder, steps=3))


def test_the_only_family_that_is_learned_is_not_left_out(world, tmp_path):
    asked = options(world, tmp_path)
    tasks = instructions.read_tasks(world / "data")
    cells = list(plan(tasks, asked))
    assert [cell.left_out for cell in cells if isinstance(cell, Instructed)] == [None, "sentiment"]
    alone = [task for task in tasks if task.name != "chat"]  # of korquad there is no training file
    cells = list(plan(alone, asked))
    assert [cell.left_out for cell in cells if isinstance(cell, Instructed)] == [None]


def test_data_without_a_training_file_are_refused(world, tmp_path):
    shutil.copytree(world / "data/korquad", tmp_path / "data/korquad")
    asked = dataclasses.replace(options(world, tmp_path / "out"), data=tmp_path / "data")
    with pytest.raises(ClovaError, match="nothing to learn from, since korquad has no training"):
        TABLE.run(asked)


def test_defaults_are_those_of_the_data(world, tmp_path):
    assert Options().steps == SAMPLE["steps"]
    assert Options(model=(world / "model",), data=world).steps == REAL["steps"]
    assert Options(steps=7).steps == 7


def test_prompts_show_examples_in_the_item_s_wording_and_lose_them_to_fit(world):
    lm = LanguageModel.load(world / "model")
    (task,) = instructions.read_tasks(world / "data", ("nsmc",))
    shared = {"task": task, "items": task.test[:6], "wordings": task.kind.wordings[6:], "seed": 0}
    template = instructions.TEMPLATE
    for shots, few, shown in ((0, 256, {0}), (3, 512, {3}), (3, 150, {0, 1, 2})):
        limits = {"length": 256, "length_with_examples": few, "max_new_tokens": 4}
        ids, items, examples = prompts_of(lm, template, Asked(shots=shots, **limits, **shared))
        assert items == list(shared["items"])
        assert set(examples) <= shown
        for number, (row, item) in enumerate(zip(ids, items, strict=True)):
            text, wording = lm.tokenizer.decode(row), shared["wordings"][number % 2]
            head = wording.partition("{text}")[0]
            assert text.endswith(
                template.prompt([Message("user", task.instruction(item, wording))])
            )
            assert len(head) < 4 or text.count(head) == examples[number] + 1
    limits = {"length": 40, "length_with_examples": 40, "max_new_tokens": 4}
    assert len(prompts_of(lm, template, Asked(shots=0, **limits, **shared))[1]) < 6


def shares(hits):
    return [np.array([[hit, 1] for hit in hits], np.float64)]


def answers(hits, trials=1, ids=None):
    """Answers of a system, right where a hit is 1; every text ends."""
    metrics = {"accuracy": shares(hits) * trials, "ended": shares([1] * len(hits)) * trials}
    ids = ids or [str(n) for n in range(len(hits))]
    return Measured(ids, {name: (some, percent) for name, some in metrics.items()})


def test_claims_compare_the_same_items():
    kept = {
        ("m", "base_zero", "nsmc"): answers([0] * 30),
        ("m", "unseen_wording", "nsmc"): answers([1] * 30, trials=3),
        ("m", "unseen_task", "nsmc"): answers([0] * 30),
        ("m", "base_few", "nsmc"): answers([1] * 15 + [0] * 15),
    }
    found = claims(kept, "m")
    assert len(found) == 4
    assert "unseen wordings, mean of 1 tasks: holds, by +100.00" in found[0]
    assert "few-shot, mean of 1 tasks: holds, by +50.00" in found[1]
    assert "end by themselves after tuning: cannot tell, by +0.00" in found[3]
    assert "left out gains from the others, mean of 1 tasks: cannot tell, by +0.00" in found[2]


def test_items_that_one_of_two_systems_was_not_asked_are_not_compared():
    longer = answers([1, 1, 0, 0, 0], ids=["a", "b", "c", "d", "e"])
    kept = {
        ("m", "base_zero", "nsmc"): answers([0, 1, 1], ids=["b", "d", "x"]),  # x was longer there
        ("m", "unseen_wording", "nsmc"): longer,
        ("m", "base_zero", "chat"): answers([1], ids=["y"]),
        ("m", "unseen_wording", "chat"): answers([1], ids=["z"]),
    }
    gains = gaps(kept, "m", ("unseen_wording", "base_zero"), lambda names: "accuracy", 0)
    assert list(gains) == ["nsmc"]
    assert gains["nsmc"].found.value == 0.0  # b right and d wrong, beside b wrong and d right


def test_the_mean_of_tasks_has_the_mean_of_their_items_errors():
    both = {"a": Interval(10, 4, 16), "b": Interval(-2, -10, 6)}
    one = mean_of({task: Gain(found, found, [found.value]) for task, found in both.items()})
    assert one.value == 4
    assert one.high - one.value == pytest.approx(5)
    assert one.value - one.low == pytest.approx(5)


def alike(shares, count=20):
    """Answers of a system whose score differs from seed to seed, and from item to item not at all."""
    rows = [np.array([[share, 1]] * count, np.float64) for share in shares]
    return Measured([str(n) for n in range(count)], {"accuracy": (rows, percent)})


def test_a_seed_that_is_good_at_every_task_widens_the_mean_as_it_widens_one_task():
    kept = {}
    for task in ("nsmc", "ynat", "chat", "sae4k"):
        kept["m", "base_zero", task] = alike([0.2])
        kept["m", "unseen_wording", task] = alike([0.3, 0.5, 0.4])
    gains = gaps(kept, "m", ("unseen_wording", "base_zero"), lambda names: "accuracy", 0)
    assert len(gains) == 4
    one = gains["nsmc"].found
    assert one.high - one.low > 40
    assert vars(mean_of(gains)) == pytest.approx(vars(one))


def test_seeds_that_are_good_at_one_task_and_bad_at_another_cancel_out():
    kept = {("m", "base_zero", task): alike([0.2]) for task in ("nsmc", "ynat")}
    kept["m", "unseen_wording", "nsmc"] = alike([0.3, 0.5])
    kept["m", "unseen_wording", "ynat"] = alike([0.5, 0.3])
    gains = gaps(kept, "m", ("unseen_wording", "base_zero"), lambda names: "accuracy", 0)
    found = mean_of(gains)
    assert (found.low, found.value, found.high) == pytest.approx((20, 20, 20))


def test_of_a_text_no_label_is_measured(world):
    (task,) = instructions.read_tasks(world / "data", ("chat",))
    rows = [{"prediction": "네", "answers": ["네"], "ended": True}]
    assert list(measured(task, [rows])) == ["f1", "ended"]
