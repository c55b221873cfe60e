"""The table of the sentiment neuron: sets, rows, what a second run reads back, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, lecture, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.neuron_notes import prediction
from clova_jax.tables.neuron_sets import film_reviews, read_neuron_set
from experiments.sentiment_neuron import TABLE, Options


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a decoder with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(film_reviews(folder / "data"), kind="byte", vocab_size=400)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=64)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"units": 8, "epochs": 1, "rows": 4, "length": 16, "examples": 100, "limit": 40}
    asked |= {"texts": 4, "controls": 2, "longest": 12} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def table(folder):
    return json.loads((folder / "results.json").read_text())


def test_the_sets_share_no_text_and_no_label_is_in_what_is_read(world):
    found = read_neuron_set(world / "data", 200, 50, 0)
    parts = [found.learn, found.dev, found.test, found.judged]
    for n, one in enumerate(parts):
        assert one.positive.any()
        assert not one.positive.all()
        for other in parts[:n]:
            assert not set(one.texts) & set(other.texts)
    assert len(found.learn.texts) + len(found.dev.texts) == 200
    assert len(found.test.texts) == 50
    assert not set(found.texts) & set(found.held_out)
    assert not [text for text in found.texts if text.endswith((" (긍정)", " (부정)"))]


def labelled_folder(tmp_path, labels):
    folder = tmp_path / "nsmc"
    folder.mkdir()
    for split in ("train", "test"):
        rows = [f"{n}\t{split} {n}\t{label}" for n, label in enumerate(labels)]
        text = "\n".join(["id\tdocument\tlabel", *rows]) + "\n"
        (folder / f"ratings_{split}.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_labels_that_find_nothing_are_refused(tmp_path):
    with pytest.raises(ClovaError, match="nsmc: no such folder"):
        read_neuron_set(tmp_path, 100, None, 0)
    one = labelled_folder(tmp_path, [1] * 90)
    with pytest.raises(ClovaError, match="ratings_train: 90 labelled reviews of one class"):
        read_neuron_set(one, 100, None, 0)


def test_few_labels_and_no_reviews_are_refused(tmp_path):
    few = labelled_folder(tmp_path, [0, 1] * 30)
    with pytest.raises(ClovaError, match="60 labelled reviews; give 80 or more"):
        read_neuron_set(few, 100, None, 0)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "news.jsonl").write_text('{"text": "소식"}\n', encoding="utf-8")
    with pytest.raises(ClovaError, match="0 film reviews"):
        film_reviews(tmp_path)


def test_the_table_has_every_row_and_is_read_back(world, finished, monkeypatch):
    # One test, since each process that runs one of them makes the table.
    rows = table(finished)["rows"]
    found = {(row["model"], row["layer"], row["system"]) for row in rows if row["kind"] == "find"}
    both = ("all units", "one unit")
    (decoder,) = {row["model"] for row in rows if row.get("layer") is not None}
    assert found == {
        *((name, None, system) for name in ("lstm", "lstm, untrained") for system in both),
        *((decoder, layer, system) for layer in (0, 1) for system in both),
        ("", None, "n-grams"),
        ("", None, "majority"),
    }
    clamp = [row for row in rows if row["kind"] == "clamp"]
    held = {(row["system"], row["held"]) for row in clamp}
    assert held == {
        ("free", None),
        *((name, n) for name in ("sentiment unit", "other units") for n in (-2, -1, 0, 1, 2)),
    }
    assert {row["metric"] for row in clamp} == {"positive", "bits_per_character"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    notes = " ".join(table(finished)["notes"])
    assert "one unit above n-grams: " in notes
    assert "that is more than other units do" in notes
    assert "price in bits a character" in notes
    for name in ("sentiment_neuron.png", "sentiment_neuron_training.png"):
        assert (finished / name).stat().st_size > 0
    before = (finished / "predictions.jsonl").read_bytes()
    monkeypatch.setattr(lecture, "write_texts", None)  # nothing is written again
    assert TABLE.run(options(world, finished)) == 0
    assert (finished / "predictions.jsonl").read_bytes() == before
    assert table(finished)["rows"] == rows
    with pytest.raises(ClovaError, match="with longest 12, now longest is 13; use another --out"):
        TABLE.run(options(world, finished, longest=13))
    with pytest.raises(ClovaError, match="holds a run with kind='lstm', this one has 'mlstm'"):
        TABLE.run(options(world, finished, kind="mlstm"))


def test_a_unit_is_wanted():
    with pytest.raises(ClovaError, match="units"):
        Options(units=0)


def test_the_reach_of_one_more_is_wider_than_that_of_the_mean():
    values = np.array([-1.0, 0.0, 1.0, 2.0])
    found = prediction(values)
    assert found.value == 0.5
    assert found.high - found.value == pytest.approx(
        3.182 * values.std(ddof=1) * np.sqrt(1.25), rel=1e-3
    )


@pytest.mark.slow
def test_several_trainings_widen_the_intervals_and_are_read_back(world, tmp_path):
    small = {"model": (), "seeds": 2, "limit": 20}
    assert TABLE.run(replace(options(world, tmp_path), **small)) == 0
    saved = table(tmp_path)
    rows = {
        (row["kind"], row["model"], row["system"], row.get("held")): row for row in saved["rows"]
    }
    assert rows["clamp", "lstm", "sentiment unit", 2]["units"] == 1  # of each training
    assert (
        sum("is right on" in note and note.startswith("lstm: unit") for note in saved["notes"]) == 2
    )
    assert "(each training: " in " ".join(saved["notes"])
    assert {folder.name for folder in (tmp_path / "training").iterdir()} == {"0", "1"}
    assert TABLE.run(replace(options(world, tmp_path), **small)) == 0
    assert table(tmp_path)["rows"] == saved["rows"]
