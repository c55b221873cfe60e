"""What BERT and a decoder learn from text: what is masked, the same rows for both, and classifiers that learn and resume."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax import ModelConfig, lecture, train_tokenizer
from clova_jax.data import TokenStore, serialize
from clova_jax.evaluate import Item, load_task
from clova_jax.model import init_params
from clova_jax.sample import write_sample
from clova_jax.tuning import TuneOptions

BERT = lecture.BertConfig(1, 16, 2, vocab_size=30, max_length=24)
IDS = np.random.default_rng(0).integers(1, 29, (2, 12)).astype(np.int32)


@given(st.integers(0, 2**32 - 1))
def test_what_is_masked_is_what_counts(seed):
    allowed = np.tile(np.arange(12) < 9, (2, 1))
    ids, weights = lecture.mask_tokens(IDS, allowed, BERT, (seed,))
    assert ((ids == IDS) | (weights > 0)).all()
    assert not weights[~allowed].any()
    assert (ids < BERT.vocab_size).all()


def test_of_fifteen_percent_eight_in_ten_are_masked():
    ids = np.full((100, 1000), 5, np.int32)
    masked, weights = lecture.mask_tokens(ids, ids > 0, BERT, (0,))
    chosen = weights > 0
    assert chosen.mean() == pytest.approx(0.15, abs=0.005)
    assert (masked[chosen] == BERT.mask_id).mean() == pytest.approx(0.8, abs=0.02)
    # Of the tenth that is drawn at random one in 29 is what stood there.
    assert (masked[chosen] == 5).mean() == pytest.approx(0.1 + 0.1 / 29, abs=0.02)


def test_frequencies_are_worth_their_entropy_and_count_what_counts():
    weights = np.array([[1, 1, 1, 1, 0]], np.float32)
    batch = {"targets": np.array([[0, 0, 0, 1, 2]]), "weights": weights}
    found = lecture.frequency_loss([batch] * 10_000, [batch], vocab_size=3)
    assert found == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)), rel=1e-3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A token store of the sample world, and its tokenizer."""
    folder = tmp_path_factory.mktemp("text")
    data = write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(["이 영화는 재미있다", "정말 지루했다"] * 9, vocab_size=300)
    serialize(data, tokenizer, folder / "tokens", validation=0.05)
    return TokenStore.open(folder / "tokens"), tokenizer


def test_bert_and_a_decoder_read_the_same_rows_and_learn(store):
    tokens, tokenizer = store
    decoder = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=32)
    rows = {}
    for config in (decoder, lecture.bert_like(decoder)):
        texts = lecture.Texts(tokens, config, 32, 4)
        held = lecture.held_out(tokens, config, 32, 4, 200)
        options = TuneOptions(steps=12, evaluate_every=6, learning_rate=1e-2)
        tuned = lecture.fit(lecture.text_loss, config, init_params(config), texts, held, options)
        rows[config] = texts[3]
        assert tuned.best_loss < tuned.history[0]["dev_loss"] - 0.1
    (_, one), (config, other) = rows.items()
    assert (other["targets"] == one["ids"]).all()
    kept = (other["ids"] == one["ids"]) | (other["weights"] > 0)
    assert kept.all()
    assert (other["ids"] == config.mask_id).any()


def texts(count):
    words = ("재미있다", "지루했다")
    return [Item(str(n), "", f"{words[n % 2]} {n % 7}", (str(n % 2),)) for n in range(count)]


def test_a_classifier_of_each_kind_learns_and_resumes(store, tmp_path):
    tokenizer = store[1]
    decoder = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=24)
    task = load_task("nsmc")
    options = TuneOptions(steps=60, evaluate_every=30, learning_rate=2e-2)
    for config in (decoder, lecture.bert_like(decoder)):
        given = lecture.Pretrained(config, init_params(config), tokenizer), task, texts(80), options
        found, tuned = lecture.train_classifier(*given, out=tmp_path / type(config).__name__)
        rows = found.answer(texts(20))
        assert [row["prediction"] for row in rows] == [row["answers"][0] for row in rows]
        again, _ = lecture.train_classifier(*given, out=tmp_path / type(config).__name__)
        np.testing.assert_array_equal(again.params["head"], tuned.trainable["head"])
