"""AutoPrompt's tokens are found on one model and tested on the next."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from clova_jax import LanguageModel, ModelConfig, tables, train_tokenizer
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
    path = folder / "out/carried/small_to_large.json"
    path.write_text(json.dumps(rows[2] | {"value": 12.5}))
    assert table.main(["--out", str(folder / "out")]) == 0  # a finished row is read back
    again = json.loads((folder / "out/results.json").read_text())["rows"]
    assert again[2]["value"] == 12.5
