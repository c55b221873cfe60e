"""AutoPrompt's tokens are found on one model and tested on the next."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from clova_jax import LanguageModel, ModelConfig, tables, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import Item, Task, TaskData, metrics
from clova_jax.tables.tuned import TunedCell
from clova_jax.tuning import AutoPromptConfig, TuneOptions


def items(count, start):
    return [
        Item(str(n), f"made:{n}", f"{'good' if n % 2 else 'bad'} {n % 7}", (str(n % 2),))
        for n in range(start, start + count)
    ]


TASK = Task(
    name="made",
    files=(),
    load=lambda folder: TaskData(items(12, 1000), items(60, 0)),
    shots=2,
    trials=1,
    metrics=(metrics.accuracy,),
    labels={"0": "no", "1": "yes"},
    separator="\n",
    source="test",
)


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Names the models."""

    out: Path = tables.out_option("carried")
    seed: int = 0

    def inputs(self):
        """Returns two models of different width and tokenizer."""
        names = ("small", "large")
        return tables.Inputs(None, [self.out.parent / name for name in names], names)


@pytest.fixture
def folder(tmp_path):
    for name, width, texts in (("small", 8, ["good bad"] * 9), ("large", 16, ["yes no 1 2"] * 9)):
        tokenizer = train_tokenizer(texts, kind="byte", vocab_size=258)
        config = ModelConfig(1, width, 1, vocab_size=tokenizer.vocab_size, max_length=64)
        LanguageModel.create(config, tokenizer).save(tmp_path / name)
    return tmp_path


def test_a_row_for_each_earlier_model(folder, capsys):
    recipe = TunedCell(
        "autoprompt", "", AutoPromptConfig(4, 2), TuneOptions(steps=2, batch_size=8), 40
    )
    found = tables.Tuned(TASK, TASK.load(None), recipe, 1, 8)
    table = tables.Table("carried", Options, lambda run: [found, tables.Carried(found)])
    assert table.main(["--out", str(folder / "out")]) == 0
    rows = json.loads((folder / "out/results.json").read_text())["rows"]
    assert [(row["model"], row["method"], row.get("carried from")) for row in rows] == [
        ("small", "autoprompt", None),
        ("large", "autoprompt", None),
        ("large", "carried", "small"),
    ]
    assert rows[2]["trained"] == 0
    assert rows[2]["low"] <= rows[2]["value"] <= rows[2]["high"]
    assert rows[2]["per_seed"] == pytest.approx([rows[2]["value"]], abs=1e-4)


def found_of(task, seeds=1):
    """A short search of AutoPrompt's on a task."""
    recipe = TunedCell(
        "autoprompt", "", AutoPromptConfig(4, 2), TuneOptions(steps=1, batch_size=8), 40
    )
    return tables.Tuned(task, task.load(None), recipe, seeds, 8)


def table(task, seeds=1):
    """A table of that search and of what is carried."""
    found = found_of(task, seeds)
    return tables.Table("carried", Options, lambda run: [found, tables.Carried(found)])


def carried_rows(out):
    rows = json.loads((out / "results.json").read_text())["rows"]
    return [row for row in rows if row["method"] == "carried"]


def test_a_finished_row_is_read_back_and_belongs_to_its_task(folder, capsys):
    out, other = folder / "out", dataclasses.replace(TASK, name="other")
    words = ["--out", str(out)]
    assert table(TASK).main(words) == 0
    (first,) = carried_rows(out)
    before = (out / "predictions.jsonl").read_bytes()
    assert table(TASK).main(words) == 0
    assert carried_rows(out) == [first]
    assert (out / "predictions.jsonl").read_bytes() == before
    assert table(other).main(words) == 0
    assert [row["task"] for row in carried_rows(out)] == ["other"]
    assert table(TASK, seeds=2).main(words) == 0
    assert [row["seeds"] for row in carried_rows(out)] == [2]
    capsys.readouterr()
    assert table(TASK).main([*words, "--seed", "1"]) == 2
    assert "now seed is 1; use another --out" in capsys.readouterr().err


def test_a_row_of_another_seed_or_limit_is_refused(folder):
    out = folder / "out"
    assert table(TASK).main(["--out", str(out)]) == 0
    for seed, limit, message in ((1, 8, "now seed is 1"), (0, 9, "now items is 9")):
        options = Options(out=out, seed=seed)
        run = tables.TableRun(options, options.inputs(), StopSignals())
        run.load(folder / "large", "large")
        cell = tables.Carried(dataclasses.replace(found_of(TASK), limit=limit))
        with pytest.raises(ClovaError, match=f"{message}.*; use another --out"):
            cell(run)
