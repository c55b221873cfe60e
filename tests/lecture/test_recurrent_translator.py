"""Recurrent translators: what they see of a source, writing step by step, their size, and that they learn to translate words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax import lecture, train_tokenizer
from clova_jax.lecture import recurrent_translator
from clova_jax.model import bind, init_params
from clova_jax.tuning import TuneOptions

IDS = np.random.default_rng(0).integers(1, 29, (2, 6)).astype(np.int32)
LENGTHS = np.array([6, 4], np.int32)
each_kind = pytest.mark.parametrize("attends", [True, False])


def config_of(attends, vocab_size=30):
    return lecture.RecurrentConfig(1, 16, 1, vocab_size, 8, attends)


@each_kind
def test_padding_has_no_influence_and_writing_goes_on(attends):
    config = config_of(attends)
    params = init_params(config, 0)
    assert config.num_params == sum(leaf.size for leaf in jax.tree.leaves(params))

    @jax.jit
    def run(sources, targets):
        model = bind(config, params)
        source, state = model.read(sources, LENGTHS)
        at_once = model.write(targets, source, state)[0]
        first, state, _ = model.write(targets[:, :3], source, state)
        return at_once, jnp.concatenate([first, model.write(targets[:, 3:], source, state)[0]], 1)

    other = IDS.copy()
    other[1, 4:] = 3
    at_once, in_two = run(IDS, IDS)
    np.testing.assert_allclose(at_once, in_two, atol=1e-6)
    np.testing.assert_allclose(run(other, IDS)[0], at_once, atol=1e-6)


def test_shares_of_the_source_sum_to_one_and_give_padding_nothing():
    config = config_of(True)
    model = bind(config, init_params(config, 0))
    *_, shares = model.write(IDS, *model.read(IDS, LENGTHS))
    np.testing.assert_allclose(shares.sum(-1), 1, atol=1e-6)
    assert not shares[1, :, 4:].any()


@each_kind
def test_it_learns_words(attends):
    words = {"사과": "a", "고추": "b", "바다": "c", "산": "d"}
    pairs = list(words.items()) * 8
    tokenizer = train_tokenizer([a + b for a, b in pairs], kind="byte", vocab_size=270)
    config = config_of(attends, tokenizer.vocab_size)
    arrays = lecture.pair_arrays(tokenizer, pairs)
    options = TuneOptions(steps=200, evaluate_every=50, learning_rate=1e-2)
    loss = recurrent_translator.translation_loss
    rows = lecture.Rows(arrays, 16)
    tuned = lecture.fit(loss, config, init_params(config), rows, [arrays], options)
    found = lecture.translate(tuned.trainable, config, tokenizer, list(words), 3)
    assert found == list(words.values())
