"""The encoder-decoder: what each token sees, writing step by step, its size, and a training that learns and resumes."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps import titles
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import Item
from clova_jax.model import Cache, EncoderDecoderConfig, bind, equal_size, init_params
from clova_jax.tuning import TuneOptions
from clova_jax.tuning import encoder_decoder as training

CONFIG = EncoderDecoderConfig(2, 16, 2, vocab_size=50, max_length=32, encoder_layers=3)


@pytest.fixture(scope="module")
def params():
    return jax.tree.map(lambda x: x * 3, init_params(CONFIG, 1))  # far from uniform


@jax.jit
def run(params, sources, lengths, targets):
    model = bind(CONFIG, params)
    cache = Cache.empty(CONFIG, len(targets), 0)
    return model.decode(targets, model.encode(sources, lengths), cache)[0]


@jax.jit
def encode(params, sources, lengths):
    return bind(CONFIG, params).encode(sources, lengths)


@jax.jit
def step(params, ids, source, cache):
    return bind(CONFIG, params).decode(ids, source, cache)


IDS = np.random.default_rng(0).integers(0, 50, (2, 12)).astype(np.int32)
LENGTHS = np.array([12, 7], np.int32)


def test_padding_has_no_influence(params):
    other = IDS.copy()
    other[1, 7:] = 3
    np.testing.assert_allclose(
        run(params, IDS, LENGTHS, IDS), run(params, other, LENGTHS, IDS), atol=1e-6
    )


def test_every_target_sees_the_last_token_of_the_source(params):
    other = IDS.copy()
    other[:, LENGTHS - 1] += 1
    assert (
        jnp.abs(run(params, IDS, LENGTHS, IDS) - run(params, other, LENGTHS, IDS))[0, 0].max()
        > 1e-3
    )


def test_no_target_sees_what_comes_after_it(params):
    other = IDS.copy()
    other[:, 5:] = 1
    before, after = (run(params, IDS, LENGTHS, targets) for targets in (IDS, other))
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert jnp.abs(before[:, 5:] - after[:, 5:]).max() > 1e-3


def test_step_by_step_is_the_same_as_at_once(params):
    source, cache, steps = encode(params, IDS, LENGTHS), Cache.empty(CONFIG, 2, 16), []
    for at in range(IDS.shape[1]):
        hidden, cache = step(params, IDS[:, at : at + 1], source, cache)
        steps.append(hidden)
    np.testing.assert_allclose(jnp.concatenate(steps, 1), run(params, IDS, LENGTHS, IDS), atol=1e-5)


@pytest.mark.parametrize("layers", [1, 8])
def test_it_is_about_as_large_as_the_model(layers):
    config = ModelConfig(layers, 64, 4, vocab_size=2_000, max_length=256)
    found = equal_size(config, 256)
    assert found.num_params == sum(leaf.size for leaf in jax.tree.leaves(init_params(found)))
    assert found.num_params / config.num_params < (1.2 if layers > 2 else 1.6)
    assert found.num_params / config.num_params > 0.9


@pytest.fixture(scope="module")
def world():
    """A model for the tokenizer and the size, a task, and items whose titles follow from a word of the text."""
    said = [("사과", "달콤한 하루"), ("고추", "매운 저녁")]
    rows = [
        (f"때: {n % 9 + 1}월\n상품: {said[n % 2][0]}\n제목:", said[n % 2][1]) for n in range(72)
    ]
    tokenizer = train_tokenizer([a + b for a, b in rows], kind="byte", vocab_size=300)
    config = ModelConfig(2, 32, 2, vocab_size=tokenizer.vocab_size, max_length=128)
    events = [titles.Event(str(n), f"f:{n}", "2020-01-01", ("가",), "가") for n in range(2)]
    task = titles.title_task(titles.TitlePrompt(True), titles.Events(events, events, True))
    items = [Item(str(n), f"f:{n}", text, (title,)) for n, (text, title) in enumerate(rows)]
    return LanguageModel.create(config, tokenizer), task, items


OPTIONS = TuneOptions(steps=80, batch_size=16, learning_rate=5e-3, evaluate_every=20, seed=0)


@pytest.fixture(scope="module")
def trained(world):
    model, task, items = world
    return training.train_writer(model, task, items, OPTIONS)


def test_it_learns_to_write_what_the_text_asks_for(world, trained):
    writer, best = trained
    asked = world[2][:8]
    assert best > 0
    assert writer.write([item.text for item in asked]) == [item.answers[0] for item in asked]


def test_a_stopped_training_ends_as_one_that_was_not(world, trained, tmp_path, monkeypatch):
    model, task, items = world
    stop = StopSignals()
    losses = iter(range(100))
    mean_loss = training._Gradient.mean_loss

    def mean(self, params, examples):
        if next(losses) == 1:
            stop.requested = "Stopped"
        return mean_loss(self, params, examples)

    monkeypatch.setattr(training._Gradient, "mean_loss", mean)
    with pytest.raises(Stopped):
        training.train_writer(model, task, items, OPTIONS, out=tmp_path, stop=stop)
    writer, best = training.train_writer(model, task, items, OPTIONS, out=tmp_path)
    assert best == trained[1]
    same = jax.tree.map(lambda a, b: bool((a == b).all()), writer.params, trained[0].params)
    assert all(jax.tree.leaves(same))


def test_the_loss_is_nats_a_token(world):
    model, task, items = world
    config = equal_size(model.config, 64)
    gradient = training._Gradient(config, 0, 32)
    params = jax.tree.map(jnp.zeros_like, init_params(config))
    data = training.TuningData.of(
        model, task, items, None, training.FineTuningConfig(), None, model.first_virtual, 0
    )
    found = gradient.mean_loss(params, data.dev_examples)
    assert found == pytest.approx(math.log(config.vocab_size), rel=1e-5)
