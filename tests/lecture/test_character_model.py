"""The character model: alphabet, stream, resumed training, folder, bits, held units."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from clova_jax import lecture
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped
from clova_jax.lecture import Alphabet, CharacterConfig, CharacterModel, CharacterTraining
from clova_jax.lecture.character_stream import TextStream
from clova_jax.train.checkpoint import Checkpoints

TEXTS = [
    f"{who} {what}"
    for who in ("영화", "연기", "음악", "결말")
    for what in ("좋다", "나쁘다", "별로")
]
OPTIONS = CharacterTraining(units=6, embed_dim=4, epochs=3, rows=2, length=8, learning_rate=1e-2)


@pytest.fixture(scope="module")
def model():
    alphabet = Alphabet.of(TEXTS, 100)
    config = CharacterConfig("mlstm", 6, alphabet.size, 4)
    return CharacterModel(config, alphabet, lecture.init_characters(config, 0))


def test_the_alphabet_has_the_most_frequent_characters():
    alphabet = Alphabet.of(["나나나가가다다", "라"], 3)
    assert alphabet.characters == "나가다"
    assert alphabet.encode("가나라").tolist() == [3, 2, 1]
    assert alphabet.decode([3, 2, 1, 0]) == "가나\ufffd"


def test_a_stream_reads_every_text_once_an_epoch_and_resets_where_one_begins():
    alphabet = Alphabet.of(TEXTS, 100)
    stream = TextStream(TEXTS, alphabet, 2, 8, seed=0)
    batches = stream.iterate(0)
    epochs = [[next(batches) for _ in range(stream.per_epoch)] for _ in range(2)]
    for epoch in epochs:
        ids, targets = (np.concatenate([b[k] for b in epoch], axis=1) for k in ("ids", "targets"))
        assert (ids[:, 1:] == targets[:, :-1]).all()
        found = alphabet.decode(i for i in ids.ravel())
        assert len(found) > 0.7 * len("".join(TEXTS))
        reset = np.concatenate([b["reset"] for b in epoch], axis=1)
        assert (reset[:, 1:] == (ids[:, 1:] == 0)).all()
        assert reset[:, 0].all()
    assert (epochs[0][0]["ids"] != epochs[1][0]["ids"]).any()
    again = next(stream.iterate(stream.per_epoch + 1))
    assert (again["ids"] == epochs[1][1]["ids"]).all()
    with pytest.raises(ClovaError, match="fewer than a batch of 90 x 8"):
        TextStream(TEXTS, alphabet, 90, 8, seed=0)


def test_a_resumed_training_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("clova_jax.lecture.character_training.CHECKPOINT_EVERY", 2)
    whole = lecture.train_characters(TEXTS, TEXTS[:2], OPTIONS, tmp_path / "whole")
    save, written = Checkpoints.save, []

    def killed(self, step, *rest):
        save(self, step, *rest)
        self.wait()
        written.append(step)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        lecture.train_characters(TEXTS, TEXTS[:2], OPTIONS, tmp_path / "cut")
    assert not (tmp_path / "cut" / "model").exists()
    monkeypatch.setattr(Checkpoints, "save", save)
    resumed = lecture.train_characters(TEXTS, TEXTS[:2], OPTIONS, tmp_path / "cut")
    for one, other in zip(*map(jax.tree.leaves, (whole.params, resumed.params)), strict=True):
        assert np.array_equal(one, other)
    rows = [json.loads(line) for line in (tmp_path / "cut" / "metrics.jsonl").open()]
    steps = [row["step"] for row in rows if "loss" in row]
    assert steps == list(range(1, len(steps) + 1))
    assert rows[-1]["val_bits_per_character"] < rows[1]["val_bits_per_character"]
    with pytest.raises(ClovaError, match="holds a run with kind='lstm', this one has 'mlstm'"):
        lecture.train_characters(TEXTS, TEXTS[:2], replace(OPTIONS, kind="mlstm"), tmp_path / "cut")


def test_a_stop_request_keeps_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("clova_jax.train.run.TrainingRun.run", lambda self: False)
    with pytest.raises(Stopped):
        lecture.train_characters(TEXTS, TEXTS[:2], OPTIONS, tmp_path)


def test_a_model_is_read_back_and_damage_is_named(model, tmp_path):
    model.save(tmp_path / "model")
    again = CharacterModel.load(tmp_path / "model")
    assert (again.config, again.alphabet) == (model.config, model.alphabet)
    assert np.array_equal(lecture.read_cells(again, TEXTS), lecture.read_cells(model, TEXTS))
    path = tmp_path / "model" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ClovaError, match="weights.safetensors"):
        CharacterModel.load(tmp_path / "model")


def test_a_text_knows_of_no_other(model):
    together = lecture.read_cells(model, TEXTS)
    for number in (0, 5):
        alone = lecture.read_cells(model, TEXTS[number : number + 1])
        np.testing.assert_allclose(together[number], alone[0], atol=1e-6)
        trace = lecture.trace_cells(model, TEXTS[number])
        assert trace.shape == (len(TEXTS[number]), 6)
        np.testing.assert_allclose(trace[-1], alone[0], atol=1e-6)


def test_bits_are_those_of_the_characters_and_the_end(model):
    bits, characters = lecture.count_bits(model, [*TEXTS, ""])
    assert characters.tolist() == [*(len(text) + 1 for text in TEXTS), 1]
    assert bits[-1] > 0
    expected = np.log2(model.config.vocab_size)  # of random weights, about
    assert bits.sum() / characters.sum() == pytest.approx(expected, rel=0.3)


def test_a_held_unit_stays_and_texts_are_fixed_by_the_seed(model):
    held = lecture.free(model, 5)
    texts = lecture.write_texts(model, held, 3, longest=12)
    assert texts == lecture.write_texts(model, held, 3, longest=12)
    assert texts[:2] == lecture.write_texts(model, held[:2], 3, longest=12)
    assert texts != lecture.write_texts(model, held, 4, longest=12)
    assert max(map(len, texts)) <= 12
    held[:, 2] = 5.0
    assert texts != lecture.write_texts(model, held, 3, longest=12)
    free, _ = lecture.count_bits(model, TEXTS)
    moved, _ = lecture.count_bits(model, TEXTS, held[:1])
    assert np.abs(free - moved).max() > 1e-3


def test_sizes_below_one_and_unknown_cells_are_refused():
    with pytest.raises(ClovaError, match="units=0"):
        CharacterConfig(units=0)
    with pytest.raises(ClovaError, match="kind='gru': wants one of lstm, mlstm"):
        CharacterConfig("gru")
