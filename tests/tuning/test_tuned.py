"""What a tuned model answers, and the row of the table that comes of it."""

import dataclasses
import json

import jax
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.inference import SoftPrompt
from clova_jax.tables.tuned import TunedCell, tuned_row
from clova_jax.tuning import (
    FineTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    TuneOptions,
    tune,
)

FEW = TuneOptions(steps=6, batch_size=8, learning_rate=1e-2, evaluate_every=3, seed=5)


def test_a_fine_tuned_model_writes(lm, texts):
    data = texts.load(None)
    tuned = tune(lm, texts, data.pool, FineTuningConfig(), FEW)
    rows, cut = tuned.answer(texts, data.items[:3])
    assert len(rows) == 3
    assert cut == 0
    assert {leaf.sharding for leaf in jax.tree.leaves(tuned.view.params)} == {
        leaf.sharding for leaf in jax.tree.leaves(lm.params)
    }


def test_a_row_of_the_table(lm, texts, tmp_path):
    cell = TunedCell("prompt_tuning", "", PromptTuningConfig(4), FEW, examples=40, shots=2)
    data = texts.load(None)
    options = {"name": "m", "seeds": 2, "limit": 8, "seed": 0, "out": tmp_path}
    row = tuned_row(lm, texts, data, cell, **options)
    assert {"task", "metric", "method", "encoder", "examples", "shots"} <= set(row)
    assert row["low"] <= row["value"] <= row["high"]
    assert (row["examples"], row["seeds"], row["items"]) == (40, 2, 8)
    assert row["baseline"] == 0  # of copies; the commonest answer is right more often
    lines = [json.loads(line) for line in (tmp_path / "predictions.jsonl").open()]
    assert len(lines) == 16
    assert tuned_row(lm, texts, data, cell, **options) == row
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 16
    # The prompt it left behind answers as it did.
    prompt = SoftPrompt.load(tmp_path / "tuning" / "m_prompt_tuning_40_texts_2shot_0" / "prompt")
    texts_by_id = {item.id: item.text for item in data.items}
    written = lm.generate(
        [texts_by_id[line["id"]] for line in lines[:8]],
        prompt=prompt,
        max_new_tokens=6,
        temperature=0,
        stop=["\n"],
    )
    assert [line["prediction"] for line in lines[:8]] == [text.strip() for text in written]
    with pytest.raises(ClovaError, match="500 examples asked for; wants 32 or more .* 120 at most"):
        tuned_row(
            lm,
            texts,
            data,
            TunedCell("p_tuning", "", PromptEncoderConfig(4, "MLP"), FEW, 500),
            **options,
        )


@pytest.mark.parametrize(
    "edit",
    [
        {"instruction": "Say it."},
        {"separator": "\n---\n"},
        {"max_new_tokens": 7},
        {"more_words": {"1": ("right",)}},
        {"content_free": ("nothing",)},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_a_row_of_a_task_that_was_edited_is_not_taken_over(edit, lm, labels, tmp_path):
    def answer(run):
        rows = [{"id": item.id, "prediction": "1", "answers": item.answers} for item in run.items]
        return {"trained": 0, "best_step": 0, "seconds": 0.0, "notes": []}, rows

    cell = TunedCell("constant", "", None, FEW, examples=40, run=answer)
    data = labels.load(None)
    options = {"name": "m", "seeds": 1, "limit": 8, "seed": 0, "out": tmp_path}
    row = tuned_row(lm, labels, data, cell, **options)
    with pytest.raises(ClovaError, match="use another --out"):
        tuned_row(lm, dataclasses.replace(labels, **edit), data, cell, **options)
    assert tuned_row(lm, labels, data, cell, **options) == row
